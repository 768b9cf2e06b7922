/** What the library set out to reach, and whether it did. */
import { metric, type Results } from './results.js'

export interface Target {
  readonly measure: string
  readonly target: string
  readonly reached: string
  /** `null`: it was not measured. */
  readonly met: boolean | null
}

interface Goal {
  readonly measure: string
  readonly target: string
  /** `null`: not measured. */
  readonly reached: (results: Results) => { readonly text: string; readonly met: boolean } | null
}

const times = (value: number): string => `${value.toFixed(2)} ×`

/** A ratio to the baseline. */
function ratio(name: string, key: string, limit: number, better: 'higher' | 'lower'): Goal['reached'] {
  return (results) => {
    const found = metric(results, name, key)?.ratio
    if (found == null) return null
    return { text: times(found), met: better === 'higher' ? found >= limit : found <= limit }
  }
}

function bytes(measure: string, key: string, limit: number, beyond: string | null): Goal['reached'] {
  return (results) => {
    const own = metric(results, measure, key)
    const other = beyond === null ? 0 : metric(results, measure, key, beyond)?.value
    if (own === undefined || other === undefined) return null
    const found = own.value - other
    return { text: `${Math.round(found).toLocaleString('en')} B`, met: found <= limit }
  }
}

/** The figures of a growth measure next to each other: none may be much above the cheapest of a smaller amount. */
function flat(measure: string, tolerance: number): Goal['reached'] {
  return (results) => {
    const found = results.measures.find(({ name }) => name === measure)
    const metrics = found?.peers.find(({ peer }) => peer === 'surewire')?.metrics
    if (metrics === undefined) return null
    const values = Object.values(metrics).map(({ value }) => value)
    const text = values.map((value) => value.toFixed(1)).join(' → ')
    const least = Math.min(...values)
    // What comes before the cheapest is a fixed cost that is spread over more and more.
    const later = values.slice(values.indexOf(least))
    return { text: `${text} µs`, met: later.every((value) => value <= least * tolerance) }
  }
}

function backlog(results: Results): { text: string; met: boolean } | null {
  const own = peerMetrics(results, 'surewire')
  const socketio = peerMetrics(results, 'socketio')
  const party = peerMetrics(results, 'partysocket')
  if (own === null || socketio === null || party === null) return null
  const toSocketio = own.ms / socketio.ms
  const toParty = own.ms / party.ms
  return {
    text: `${times(toSocketio)} socket.io, ${times(toParty)} partysocket, ${own.missing} lost, ${own.duplicated} duplicated`,
    met: toSocketio <= 0.25 && toParty <= 1 && own.missing === 0 && own.duplicated === 0,
  }
}

function peerMetrics(
  results: Results,
  peer: string,
): { ms: number; missing: number; duplicated: number } | null {
  const [ms, missing, duplicated] = ['ms', 'missing', 'duplicated'].map(
    (key) => metric(results, 'backlog', key, peer)?.value,
  )
  if (ms === undefined || missing === undefined || duplicated === undefined) return null
  return { ms, missing, duplicated }
}

function core(results: Results): { text: string; met: boolean } | null {
  const size = results.sizes[0]?.gzipBytes
  if (size == null) return null
  return { text: `${size.toLocaleString('en')} B`, met: size <= 8_192 }
}

const goals: readonly Goal[] = [
  {
    measure: 'acknowledged up, window 256',
    target: '≥ 2.5 × ws with acks by hand',
    reached: ratio('up256', 'perSecond', 2.5, 'higher'),
  },
  {
    measure: 'acknowledged up, all at once',
    target: '≥ 4 ×',
    reached: ratio('upAll', 'perSecond', 4, 'higher'),
  },
  {
    measure: 'down to a room handler',
    target: '≥ 2.5 × ws push',
    reached: ratio('down', 'perSecond', 2.5, 'higher'),
  },
  {
    measure: 'round trip p50, one in flight',
    target: '≤ 1.15 ×',
    reached: ratio('roundTrip', 'p50', 1.15, 'lower'),
  },
  {
    measure: 'round trip p99, one in flight',
    target: '≤ 1.5 ×',
    reached: ratio('roundTrip', 'p99', 1.5, 'lower'),
  },
  {
    measure: 'backlog of 100,000',
    target: '≤ 0.25 × socket.io, ≤ 1 × partysocket unacknowledged, none lost or duplicated',
    reached: backlog,
  },
  {
    measure: 'fan-out to 1,000 sockets',
    target: '≤ 1.10 × ws',
    reached: ratio('fanout', 'ms', 1.1, 'lower'),
  },
  {
    measure: 'client CPU an acknowledged message, window 256',
    target: '≤ 0.4 × ws with acks by hand',
    reached: ratio('up256', 'clientMicros', 0.4, 'lower'),
  },
  {
    measure: 'heap of a queued 100 B message',
    target: '≤ 280 B',
    reached: bytes('heapQueued', 'heap', 280, null),
  },
  {
    measure: 'idle client beyond the socket',
    target: '≤ 6,000 B',
    reached: bytes('heapIdle', 'client', 6_000, 'ws'),
  },
  {
    measure: 'idle server session beyond the socket',
    target: '≤ 8,000 B',
    reached: bytes('heapIdle', 'server', 8_000, 'ws'),
  },
  { measure: 'core bundle, min + gzip', target: '≤ 8,192 B', reached: core },
  {
    measure: 'client CPU a message, 1,000 → 1,000,000 queued',
    target: 'flat: ≤ 1.25 × the cheapest before',
    reached: flat('growthQueued', 1.25),
  },
  {
    measure: 'server CPU a receiver, 10 → 1,000 receivers',
    target: 'flat: ≤ 1.25 × the cheapest before',
    reached: flat('growthReceivers', 1.25),
  },
  {
    measure: 'time a missed message, 100 → 100,000 missed',
    target: 'flat: ≤ 1.25 × the cheapest before',
    reached: flat('growthMissed', 1.25),
  },
]

export const targets = (results: Results): Target[] =>
  goals.map(({ measure, target, reached }) => {
    const found = reached(results)
    return { measure, target, reached: found?.text ?? 'not measured', met: found?.met ?? null }
  })
