/**
 * The attackers of `npm run hostile`.
 *
 * Owns: what each attack sends, and sending it for as long as it is told to, on a new connection whenever the server ended
 * the last.
 *
 *   hostile-attacks.ts URL, then one message { attack, ms } after another by IPC
 */
import { WebSocket } from 'ws'
import { FrameType } from '../src/protocol/frames.js'
import { helloOf, producer } from '../test/support/raw-client.js'

const PER_SECOND = 10_000
const TICK_MS = 5
const MIB = 1_048_576

const [url = ''] = process.argv.slice(2)

interface Attack {
  /** Attackers side by side. */
  readonly connections: number
  /** Says HELLO first. */
  readonly hello: boolean
  /** Messages that each sends a second; it stops when its connection is closed, and comes back. */
  readonly perSecond: number
  /** Makes the next message. */
  readonly next: () => (count: number) => string | Buffer
}

const same = (text: string | Buffer) => () => () => text
const flood = (next: Attack['next']): Attack => ({ connections: 1, hello: true, perSecond: PER_SECOND, next })
const knocking = (text: string | Buffer): Attack => ({
  connections: 4,
  hello: false,
  perSecond: 200,
  next: same(text),
})

export const ATTACKS: Readonly<Record<string, Attack>> = {
  'PING, 10,000/s': flood(same(`[[${FrameType.PING},1]]`)),
  'VOLATILE, 10,000/s': flood(same(`[[${FrameType.VOLATILE},null,"typing",0]]`)),
  'JOIN and LEAVE, 10,000/s': flood(
    () => (count) =>
      JSON.stringify([[count % 2 === 0 ? FrameType.LEAVE : FrameType.JOIN, count, `room ${count}`]]),
  ),
  'SEND, 10,000/s': flood(() => (count) => `[[${FrameType.SEND},${count},null,"note",0]]`),
  'the same SEND, 10,000/s': flood(same(`[[${FrameType.SEND},1,null,"note",0]]`)),
  'HANDLED of nothing, 10,000/s': flood(same(`[[${FrameType.HANDLED},0,0]]`)),
  'unknown frames, 10,000/s': flood(same('[[64]]')),
  'malformed, coming back': knocking('[[6,1,nul'),
  'binary garbage, coming back': knocking(Buffer.from([0xc1, 0xff, 0x00, 0x80])),
  'too deep, coming back': knocking('['.repeat(100_000)),
  'no HELLO, coming back': knocking(`[[${FrameType.PING},1]]`),
  'twice the longest message, coming back': knocking('x'.repeat(2 * MIB)),
  'full messages of unknown frames': {
    connections: 1,
    hello: true,
    perSecond: 20,
    next: same(`[${'[64],'.repeat(200_000)}[64]]`),
  },
}

let running: Attack | null = null
let sent = 0
let ends = new Map<number, number>()

function attack(plan: Attack, id: string): void {
  const socket = new WebSocket(url, ['surewire.1.json'])
  const next = plan.next()
  let timer: NodeJS.Timeout | undefined
  let count = 0
  const start = performance.now()
  const tick = (): void => {
    if (running !== plan) return socket.terminate()
    const due = plan.connections > 1 ? 1 : ((performance.now() - start) / 1_000) * plan.perSecond
    // Who does not read what comes back would only fill its own memory.
    while (count < due && socket.readyState === WebSocket.OPEN && socket.bufferedAmount < 4 * MIB) {
      socket.send(next(++count))
      sent++
    }
  }
  socket.on('open', () => {
    if (plan.hello) {
      socket.send(JSON.stringify([[FrameType.HELLO, helloOf({ producers: [producer(id)] })]]))
      socket.once('message', () => (timer = setInterval(tick, TICK_MS)))
    } else {
      tick()
      timer = setInterval(tick, TICK_MS)
    }
  })
  socket.on('error', () => undefined) // 'close' follows.
  socket.on('close', (code) => {
    clearInterval(timer)
    if (running !== plan) return
    ends.set(code, (ends.get(code) ?? 0) + 1)
    setTimeout(() => running === plan && attack(plan, `${id}+`), 1_000 / plan.perSecond)
  })
}

process.on('message', ({ attack: name, ms }: { attack: string; ms: number }) => {
  const plan = ATTACKS[name]
  if (plan === undefined) throw new Error(`no attack '${name}'`)
  running = plan
  sent = 0
  ends = new Map()
  for (let one = 0; one < plan.connections; one++) attack(plan, `${name} ${process.pid} ${Date.now()} ${one}`)
  setTimeout(() => {
    running = null
    process.send?.({ type: 'done', sent, ends: Object.fromEntries(ends) })
  }, ms)
})
process.on('disconnect', () => process.exit(0))
process.send?.({ type: 'ready', attacks: Object.keys(ATTACKS) })
