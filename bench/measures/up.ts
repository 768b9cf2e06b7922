/** Acknowledged messages up: a window of 256, and all at once. */
import { peerNames } from '../peers/index.js'
import type { Measure } from './measure.js'
import { measureUp } from './traffic.js'

const metrics: Measure['metrics'] = [
  { key: 'perSecond', label: 'acknowledged a second', unit: '/s', better: 'higher' },
  { key: 'clientMicros', label: 'client CPU a message', unit: 'µs', better: 'lower', digits: 1 },
  { key: 'serverMicros', label: 'server CPU a message', unit: 'µs', better: 'lower', digits: 1 },
]

const COUNT = 60_000

export const up256: Measure = {
  name: 'up256',
  title: 'Acknowledged up, 256 in flight',
  description: `${COUNT.toLocaleString('en')} messages of 100 B, the next sent when one is acknowledged, so that 256 are always under way.`,
  metrics,
  baseline: 'ws-acks',
  peers: peerNames,
  rounds: 7,
  otherRounds: 2,
  plot: 'perSecond',
  run: (context) => measureUp(context, { warmUp: 20_000, count: COUNT, window: 256 }),
}

export const upAll: Measure = {
  name: 'upAll',
  title: 'Acknowledged up, all at once',
  description: `${COUNT.toLocaleString('en')} messages of 100 B sent in one turn, until the last is acknowledged.`,
  metrics,
  baseline: 'ws-acks',
  peers: peerNames,
  rounds: 7,
  otherRounds: 2,
  plot: 'perSecond',
  run: (context) => measureUp(context, { warmUp: 20_000, count: COUNT, window: Number.POSITIVE_INFINITY }),
}
