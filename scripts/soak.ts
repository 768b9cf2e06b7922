/**
 * `npm run soak -- --minutes 10 --seed 1`: every fault of the proxy, mixed from a seed, over real sockets, for minutes.
 *
 * 20,000 messages each way (half of those down to a room, half to a user) and 5,000 requests are spread over the time. The
 * books are this script's own. Ends with status 1 if anything was lost, duplicated, out of order or answered wrongly.
 */
import { parseArgs } from 'node:util'
import { createClient } from '../src/index.js'
import { createServer } from '../src/server/index.js'
import { seededRandom } from '../src/testing/index.js'
import { createFaultProxy, type FaultProxy } from '../tools/fault-proxy.js'
import { Ledger, until } from '../test/support/ledger.js'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } },
})
const minutes = Number(values.minutes)
const random = seededRandom(BigInt(values.seed))
const MESSAGES = 20_000
const REQUESTS = 5_000
const STEP_MS = 100

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const between = (low: number, high: number): number => low + Math.floor(random.next() * (high - low + 1))

/** One fault at a time, each for a while, then all well for a while. */
async function disturb(
  proxy: FaultProxy,
  faults: Map<string, number>,
  stopped: () => boolean,
): Promise<void> {
  const kinds: readonly [string, () => unknown, number][] = [
    ['reset', () => proxy.reset(), 0],
    ['half-close up', () => proxy.halfClose('up'), 200],
    ['half-close down', () => proxy.halfClose('down'), 200],
    ['black hole', () => proxy.blackhole('both'), 4_000],
    ['black hole up', () => proxy.blackhole('up'), 4_000],
    ['black hole down', () => proxy.blackhole('down'), 4_000],
    ['cut inside a frame up', () => void proxy.cutInsideFrame('up').catch(() => undefined), 300],
    ['cut inside a frame down', () => void proxy.cutInsideFrame('down').catch(() => undefined), 300],
    ['delay', () => proxy.delay(between(50, 800)), 2_000],
    ['trickle', () => proxy.trickle(between(1, 200)), 3_000],
    ['buffer', () => proxy.buffer(between(200, 1_500)), 3_000],
    ['idle reaper', () => proxy.idleReaper(between(50, 500)), 2_000],
    ['refuse', () => proxy.refuse(true), 1_000],
  ]
  while (!stopped()) {
    const kind = kinds[between(0, kinds.length - 1)]
    if (kind === undefined) continue
    const [name, begin, longestMs] = kind
    faults.set(name, (faults.get(name) ?? 0) + 1)
    await begin()
    await sleep(between(0, longestMs))
    await proxy.refuse(false)
    await proxy.heal()
    await sleep(between(100, 1_500))
  }
}

const up = new Ledger(MESSAGES)
const toRoom = new Ledger(MESSAGES / 2)
const toUser = new Ledger(MESSAGES / 2)
const indexOf = (data: unknown): number => (data as { index: number }).index

const server = createServer({
  authenticate: () => ({ id: 'ada' }),
  authorize: () => true,
  limits: { historyMessages: MESSAGES },
})
server.on('up', (data) => up.handled(indexOf(data)))
server.onRequest('echo', (data) => data)
const { port } = await server.listen(0)
const proxy = await createFaultProxy({ target: { port }, seed: BigInt(values.seed) })
const client = createClient({
  url: proxy.url,
  queue: { maxMessages: 2 * MESSAGES },
  heartbeat: { intervalMs: 1_000, timeoutMs: 1_000 },
  connectTimeoutMs: 4_000,
  reconnect: { initialDelayMs: 50, maxDelayMs: 1_000 },
})
let gaps = 0
client.lifecycle.on('gap', () => gaps++)
client.on('direct', (data) => toUser.handled(indexOf(data)))
const room = client.room('field')
room.on('shared', (data) => toRoom.handled(indexOf(data)))
await client.connect()
await room.join()

const outcomes = new Map<string, number>()
const replies = { right: 0, wrong: 0, failed: new Map<string, number>() }
const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1)

function send(index: number): void {
  void client.send('up', { index }).settled.then(({ outcome }) => count(outcomes, outcome))
}
function ask(index: number): void {
  client.request('echo', { index }, { timeoutMs: 120_000 }).then(
    (answer) => (indexOf(answer) === index ? replies.right++ : replies.wrong++),
    (error: { code: string }) => count(replies.failed, error.code),
  )
}

const faults = new Map<string, number>()
let done = false
const disturbing = disturb(proxy, faults, () => done)
const steps = (minutes * 60_000) / STEP_MS
/** The share of `total` that falls into this step. */
function dueIn(step: number, total: number): number[] {
  const from = Math.floor((step * total) / steps)
  return Array.from({ length: Math.floor(((step + 1) * total) / steps) - from }, (_, offset) => from + offset)
}

const start = performance.now()
for (let step = 0; step < steps; step++) {
  for (const index of dueIn(step, MESSAGES)) send(index)
  for (const index of dueIn(step, REQUESTS)) ask(index)
  for (const index of dueIn(step, MESSAGES / 2)) {
    void server.toRoom('field').send('shared', { index })
    void server.toUser('ada').send('direct', { index })
  }
  await sleep(Math.max(0, start + (step + 1) * STEP_MS - performance.now()))
}
done = true
await disturbing

const answered = (): number =>
  replies.right + replies.wrong + [...replies.failed.values()].reduce((a, b) => a + b, 0)
const complete = (): boolean =>
  up.missing + toRoom.missing + toUser.missing === 0 &&
  answered() === REQUESTS &&
  client.snapshot.queued + client.snapshot.inFlight === 0
await until('everything arrived', complete, 60_000).catch((error: Error) => console.error(error.message))
await Promise.resolve()

console.table({ up: up.tally(), 'down to a room': toRoom.tally(), 'down to a user': toUser.tally() })
console.log('receipts', Object.fromEntries(outcomes), 'gaps', gaps)
console.log('requests', {
  asked: REQUESTS,
  right: replies.right,
  wrong: replies.wrong,
  failed: Object.fromEntries(replies.failed),
})
console.log('faults', Object.fromEntries(faults), 'reconnects', client.stats().reconnects)

const wrong = [up, toRoom, toUser].some((ledger) => {
  const { lost, duplicated, outOfOrder } = ledger.tally()
  return lost + duplicated + outOfOrder > 0
})
if (wrong || gaps > 0 || replies.right !== REQUESTS || outcomes.get('accepted') !== MESSAGES)
  process.exitCode = 1
await client.close({ drainMs: 0 })
await proxy.close()
await server.close({ drainMs: 0 })
