/**
 * The server of a chaos run, a process of its own so that it can be killed, stopped and restarted. Its store is memory: what
 * is killed has forgotten everything.
 *
 * Writes down every run of a handler and every entry that its store appended.
 */
import { createServer, json, memoryStore } from '../../src/server/index.js'
import { msgpack } from '../../src/serializers/msgpack.js'
import { seededRandom } from '../../src/testing/index.js'
import type { Context } from '../../src/server/index.js'
import { answerQuestions, leaveChannel } from './channel.js'
import { Journal, type ServerLine } from './journal.js'
import { HISTORY_MESSAGES, keyOf, ROOMS, type ServerArguments } from './traffic.js'

const options = JSON.parse(process.argv[2] ?? '{}') as ServerArguments
const journal = new Journal<ServerLine>(options.journal)
const random = seededRandom(BigInt(options.seed))

const store = memoryStore({ historyMessages: HISTORY_MESSAGES, sessionMs: 20_000 })
store.listen((log, epoch, { offset, meta }) => {
  const { id, redelivered = false } = meta
  journal.write({ what: 'appended', log, epoch, offset, id, redelivered })
})

const server = createServer({
  host: '127.0.0.1',
  store,
  serializers: [json(), msgpack()],
  authenticate: ({ auth }) => ({ id: String(auth) }),
  authorize: () => true,
  heartbeat: { intervalMs: 1_000, timeoutMs: 1_000 },
})

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function ran(kind: 'message' | 'request', data: unknown, { id, redelivered }: Context): void {
  journal.write({ what: 'ran', id, key: keyOf(data), kind, redelivered })
}

function tellTwoLogs(data: unknown, context: Context): void {
  context.toRoom(random.pick(ROOMS)).send('fanned', { key: keyOf(data) })
  context.toUser(random.pick(options.users)).send('fanned', { key: keyOf(data) })
}

server.on('plain', (data, context) => ran('message', data, context))
server.on('fan', (data, context) => {
  ran('message', data, context)
  tellTwoLogs(data, context)
})
server.on('slow', async (data, context) => {
  ran('message', data, context)
  await sleep(random.integer(1, 300))
  if (!context.signal.aborted) tellTwoLogs(data, context)
})
server.on('fail', (data, context) => {
  ran('message', data, context)
  tellTwoLogs(data, context)
  throw new Error('as it should')
})
server.onRequest('echo', async (data, context) => {
  ran('request', data, context)
  if (random.chance(0.5)) await sleep(random.integer(1, 500))
  if (!context.signal.aborted) tellTwoLogs(data, context)
  return data
})

const publishing = new AbortController()
let published = 0
async function publish(): Promise<void> {
  while (!publishing.signal.aborted) {
    const target = random.chance(0.5)
      ? server.toRoom(random.pick(ROOMS))
      : server.toUser(random.pick(options.users))
    await target.send('news', { key: `news ${++published}` })
    await sleep(random.integer(0, 120))
  }
}

/** Nothing is said in a log after its `end`. */
async function sendEnds(): Promise<void> {
  publishing.abort()
  for (const room of ROOMS) await server.toRoom(room).send('end', null)
  for (const user of options.users) await server.toUser(user).send('end', null)
}

const { port } = await server.listen(options.port)
const publisher = publish()

answerQuestions({
  ready: () => port,
  quiet: () => publishing.abort(),
  ends: sendEnds,
  stats: () => server.stats(),
  end: async (closing: object) => {
    publishing.abort()
    await publisher
    await server.close(closing)
    await store.close()
    journal.close()
    leaveChannel()
  },
})
