/** From `send` to the acknowledgement: one message in flight, and at a steady rate. */
import { peerNames } from '../peers/index.js'
import type { PeerClient } from '../peers/peer.js'
import { payload } from '../process/payload.js'
import { percentile } from '../process/statistics.js'
import type { Figures, Measure, RunContext } from './measure.js'
import { sendWindowed } from './traffic.js'

const WARM_UP = 4_000
/** One by one is other code than many at a time: a fresh process takes thousands of turns until it is compiled. */
const WARM_UP_ONE_BY_ONE = 6_000
const ONE_BY_ONE = 4_000
const RATE_PER_MS = 10
const LOADED_MS = 1_500

/** `ws` fire and forget has no acknowledgement to wait for. */
const acknowledging = peerNames.filter((name) => name !== 'ws')

const inMs = (times: readonly number[]): Figures => ({
  p50: percentile(times, 0.5),
  p99: percentile(times, 0.99),
})

/** Each in a turn of its own, as if an event had caused it. */
async function oneByOne(client: PeerClient, from: number, count: number): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    await new Promise<void>((resolve) => {
      const start = performance.now()
      client.send(payload(from + index), () => {
        times.push(performance.now() - start)
        setImmediate(resolve)
      })
    })
  }
  return times
}

/** `RATE_PER_MS` every millisecond, whatever is still under way. */
async function steadily(client: PeerClient, from: number, durationMs: number): Promise<number[]> {
  const times: number[] = []
  const begun = performance.now()
  let sent = 0
  for (let elapsed = 0; elapsed < durationMs; elapsed = performance.now() - begun) {
    for (; sent < elapsed * RATE_PER_MS; sent++) {
      const start = performance.now()
      client.send(payload(from + sent), () => times.push(performance.now() - start))
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  for (let waited = 0; times.length < sent && waited < 5_000; waited += 10) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return times
}

async function warm(context: RunContext): Promise<PeerClient> {
  const client = context.open({ queue: 100_000 })
  await client.ready()
  await sendWindowed(client, 0, Math.ceil(WARM_UP * context.peer.pace), 16)
  await oneByOne(client, WARM_UP, Math.ceil(WARM_UP_ONE_BY_ONE * context.peer.pace))
  return client
}

const metrics: Measure['metrics'] = [
  { key: 'p50', label: 'median', unit: 'ms', better: 'lower', digits: 3 },
  { key: 'p99', label: '99th percentile', unit: 'ms', better: 'lower', digits: 3 },
]

export const roundTrip: Measure = {
  name: 'roundTrip',
  title: 'Round trip, one in flight',
  description: `From \`send\` to the acknowledgement, ${ONE_BY_ONE.toLocaleString('en')} times one after another.`,
  metrics,
  baseline: 'ws-acks',
  peers: acknowledging,
  rounds: 9,
  otherRounds: 1,
  plot: 'p50',
  async run(context) {
    const client = await warm(context)
    const times = await oneByOne(client, WARM_UP + WARM_UP_ONE_BY_ONE, ONE_BY_ONE * context.scale)
    await client.close()
    return inMs(times)
  },
}

export const roundTripLoaded: Measure = {
  name: 'roundTripLoaded',
  title: `Round trip at ${(RATE_PER_MS * 1_000).toLocaleString('en')} messages a second`,
  description: `From \`send\` to the acknowledgement, while ${RATE_PER_MS} messages are sent every millisecond for ${LOADED_MS / 1_000} s. Peers that cannot keep up queue.`,
  metrics,
  baseline: 'ws-acks',
  peers: acknowledging,
  rounds: 5,
  otherRounds: 1,
  plot: 'p50',
  async run(context) {
    const client = await warm(context)
    const times = await steadily(client, WARM_UP + WARM_UP_ONE_BY_ONE, LOADED_MS * context.scale)
    await client.close()
    return inMs(times)
  },
}
