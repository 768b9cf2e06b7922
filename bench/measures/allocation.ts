/** Bytes of heap that a message allocates, live or garbage: what keeps the collector busy. */
import type { Measure } from './measure.js'
import { measureUp } from './traffic.js'

/** A nursery so large that nothing is collected while it is counted. */
const NURSERY_MB = 256

export const allocation: Measure = {
  name: 'allocation',
  title: 'Bytes allocated a message',
  description:
    'Heap allocated for each acknowledged message up, 256 in flight, counted while no collection runs.',
  metrics: [
    { key: 'clientHeap', label: 'client', unit: 'B', better: 'lower' },
    { key: 'serverHeap', label: 'server', unit: 'B', better: 'lower' },
  ],
  baseline: 'ws-acks',
  peers: [
    'surewire',
    'surewire-await',
    'ws',
    'ws-acks',
    'ws-resume',
    'socketio',
    'partysocket',
    'graphql-ws',
    'mqtt',
  ],
  rounds: 3,
  otherRounds: 1,
  flags: ['--expose-gc', `--min-semi-space-size=${NURSERY_MB}`, `--max-semi-space-size=${NURSERY_MB}`],
  plot: 'clientHeap',
  async run(context) {
    const figures = await measureUp(context, { warmUp: 10_000, count: 20_000, window: 256, collect: true })
    if (figures['collections'] !== 0) throw new Error(`${figures['collections']} collections while counting`)
    return figures
  },
}
