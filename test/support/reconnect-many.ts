/**
 * A client that is cut off again and again, in memory, in a process of its own with `--expose-gc`; it tells its parent
 * what the heap held at the start and at the end.
 *
 * Argument: how many reconnects. The first of them warm up: caches fill, code is compiled.
 */
import { inMemory } from './memory.js'

export interface Heap {
  readonly reconnects: number
  readonly before: number
  readonly after: number
  readonly handled: number
  readonly received: number
  readonly seconds: number
}

const total = Number(process.argv[2] ?? 100_000)
const warmUp = Math.max(20_000, 0.3 * total)

const memory = inMemory({ authenticate: () => ({ id: 'ada' }), limits: { historyMessages: 100 } })
const { clock, network, server } = memory
let handled = 0
let received = 0
server.on('note', (_, ctx) => {
  handled++
  if (handled % SELDOM === 0) ctx.toRoom('lobby').send('said', handled)
})
server.onRequest('ask', (data) => data)
const client = memory.client({ reconnect: { jitter: 'none', initialDelayMs: 1, maxDelayMs: 1 } })
const room = client.room('lobby')
room.on('said', () => void received++)
void client.connect()
void room.join({ presence: { here: true } })
await memory.pass(10)

/** Seldom, because the server remembers encoded entries: a bounded memory, but not full within this run. */
const SELDOM = 5_000

/** What a connection has; then it breaks, in one of several ways, and is made again. */
async function reconnect(round: number): Promise<void> {
  client.send('note', round)
  if (round % SELDOM === 0) {
    void client.request('ask', round).catch(() => undefined)
    // Left before it could be joined.
    client
      .room('other')
      .join()
      .catch(() => undefined)
    void client.room('other').leave()
  }
  const link = network.links().at(-1)
  if (round % 3 === 0) clock.advance(0)
  if (round % 5 === 0) link?.cut({ serverAfterMs: 50 })
  else if (round % 7 === 0) void client.restart({ force: true })
  else link?.cut()
  do {
    clock.advance(1)
    // The only promises on the way are those of url() and auth(): no turn of the event loop is needed.
    for (let ticks = 0; ticks < 10; ticks++) await Promise.resolve()
  } while (client.snapshot.status !== 'connected')
}

/** The least of several looks: finalizers and compilers have turns of their own in between. */
async function heap(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('start this with --expose-gc')
  let least = Infinity
  for (let times = 0; times < 5; times++) {
    globalThis.gc()
    least = Math.min(least, process.memoryUsage().heapUsed)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return least
}

async function rounds(from: number, to: number): Promise<void> {
  for (let round = from; round < to; round++) await reconnect(round)
  await clock.advanceAsync(1_000)
}

const start = performance.now()
await rounds(0, warmUp)
const before = await heap()
await rounds(warmUp, total)
const heapReport: Heap = {
  before,
  after: await heap(),
  reconnects: client.stats().reconnects,
  handled,
  received,
  seconds: (performance.now() - start) / 1_000,
}
process.send?.(heapReport)
process.disconnect?.()
