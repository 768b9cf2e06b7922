/** The server's process: `serve.js PEER`. It does what the client's process asks by IPC. */
import { isPeerName, peers } from '../peers/index.js'
import type { PeerServer } from '../peers/peer.js'
import { Books } from './books.js'
import { wallClock } from './clock.js'
import type { Answer, Ask, ServerCommands } from './commands.js'
import { payload } from './payload.js'
import { usage } from './usage.js'

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const name = process.argv[2] ?? ''
if (!isPeerName(name)) throw new Error(`no peer is called '${name}'`)
const peer = await peers[name]()
const books = new Books()
let server: PeerServer | null = null

function running(): PeerServer {
  if (server === null) throw new Error('the server was not started')
  return server
}

function pushToRooms(rooms: number, each: number): void {
  const { pushToRoom } = running()
  if (pushToRoom === undefined) throw new Error(`'${name}' has no rooms`)
  for (let index = 0; index < each; index++) {
    for (let room = 0; room < rooms; room++) pushToRoom(room, payload(index * rooms + room))
  }
}

const commands: ServerCommands = {
  async start({ port }) {
    server = await peer.serve({ port, handled: books.handled })
    return { url: server.url }
  },
  usage: ({ collect }) => usage(collect),
  async books({ distinct, timeoutMs }) {
    books.expect(distinct)
    const until = wallClock() + timeoutMs
    while (books.totals().distinct < distinct && wallClock() < until) await sleep(5)
    return books.totals()
  },
  async push({ from, count, perTurn }) {
    const at = wallClock()
    for (let index = 0; index < count; index++) {
      if (index > 0 && index % perTurn === 0) await nextTurn()
      running().push(payload(from + index))
    }
    return { at }
  },
  async pushToRooms({ rooms, each }) {
    const at = wallClock()
    pushToRooms(rooms, each)
    return { at }
  },
  async cut({ rooms, each }) {
    const at = wallClock()
    running().cut()
    // The sockets' ends have been noticed before anything is pushed.
    await sleep(10)
    if (each > 0) pushToRooms(rooms, each)
    return { at }
  },
  async connectedAt() {
    return { at: running().lastConnectionAt() }
  },
}

const reply = (answer: Answer): void => {
  process.send?.(answer)
}

process.on('message', ({ id, command, options }: Ask) => {
  commands[command](options).then(
    (value: unknown) => reply({ id, value }),
    (error: unknown) =>
      reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})
process.on('disconnect', () => process.exit())
reply({ id: 0, value: 'ready' })
