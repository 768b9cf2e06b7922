/** The results file: what a run found, on what, with which versions. */
import type { ImportResult } from '../measures/imports.js'
import type { SizeResult } from '../measures/sizes.js'
import type { MeasureResult, MetricResult, PeerResult } from '../process/schedule.js'

export interface Results {
  readonly machine: {
    readonly node: string
    readonly cores: number
    readonly cpu: string
    readonly load: number
  }
  /** Package → version. */
  readonly versions: Readonly<Record<string, string>>
  readonly minutes: number
  readonly measures: readonly MeasureResult[]
  readonly sizes: readonly SizeResult[]
  readonly imports: readonly ImportResult[]
}

export function peerResult(results: Results, measure: string, peer: string): PeerResult | undefined {
  return results.measures.find(({ name }) => name === measure)?.peers.find((found) => found.peer === peer)
}

export function metric(
  results: Results,
  measure: string,
  key: string,
  peer = 'surewire',
): MetricResult | undefined {
  return peerResult(results, measure, peer)?.metrics[key]
}

/** What was measured now in place of its like; the rest as it was. The order is that of the older ones. */
export function merge(older: Results, newer: Results): Results {
  const replaced = new Map(newer.measures.map((measure) => [measure.name, measure]))
  const kept = older.measures.map((measure) => {
    const again = replaced.get(measure.name)
    replaced.delete(measure.name)
    return again ?? measure
  })
  return {
    ...newer,
    minutes: older.minutes + newer.minutes,
    measures: [...kept, ...replaced.values()],
    sizes: newer.sizes.length > 0 ? newer.sizes : older.sizes,
    imports: newer.imports.length > 0 ? newer.imports : older.imports,
  }
}
