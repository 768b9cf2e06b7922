/**
 * Which run comes when: the peers of a measure take turns within each round, in an order that moves on from round to
 * round, so that whatever else the machine does falls on all alike.
 */
import type { Figures, Measure } from '../measures/measure.js'
import type { PeerName } from '../peers/index.js'
import { median, spread } from './statistics.js'

export interface ScheduleOptions {
  readonly peers: readonly PeerName[] | null
  readonly rounds: number | null
  readonly run: (measure: Measure, peer: PeerName) => Promise<Figures>
  readonly log: (line: string) => void
}

export interface MetricResult {
  /** Median of the rounds. */
  readonly value: number
  /** Median of the ratios to the baseline of the same round; `null` for what has no baseline. */
  readonly ratio: number | null
  /** Half the width of the middle half of the ratios (of the values, without a ratio), as a share. */
  readonly spread: number
  /** Rounds that the spread is of. */
  readonly rounds: number
}

export interface PeerResult {
  readonly peer: PeerName
  readonly metrics: Readonly<Record<string, MetricResult>>
  readonly error?: string
}

export interface MeasureResult {
  readonly name: string
  readonly peers: readonly PeerResult[]
}

/** By round; `null` where the peer did not run. */
type Rounds = Map<PeerName, (Figures | null)[]>

export async function runMeasure(measure: Measure, options: ScheduleOptions): Promise<MeasureResult> {
  const chosen = measure.peers.filter(
    (peer) => options.peers === null || peer === measure.baseline || options.peers.includes(peer),
  )
  const rounds: Rounds = new Map(chosen.map((peer) => [peer, []]))
  const errors = new Map<PeerName, string>()
  const count = options.rounds ?? measure.rounds
  for (let round = 0; round < count; round++) {
    const due = chosen.filter((peer) => !errors.has(peer) && runsIn(measure, peer, round, count))
    for (const peer of rotate(due, round)) {
      const begun = performance.now()
      try {
        const figures = await options.run(measure, peer)
        const list = rounds.get(peer) ?? []
        list[round] = figures
        options.log(
          `${measure.name} ${round + 1}/${count} ${peer} ${describe(measure, figures)} (${((performance.now() - begun) / 1_000).toFixed(1)} s)`,
        )
      } catch (error) {
        errors.set(peer, String(error))
        options.log(`${measure.name} ${peer}: ${String(error)}`)
      }
    }
  }
  return { name: measure.name, peers: chosen.map((peer) => summarise(measure, peer, rounds, errors)) }
}

/** surewire runs in every round, most baselines too; the rounds of the others, in proportion, are spread over these. */
function runsIn(measure: Measure, peer: PeerName, round: number, count: number): boolean {
  if (peer === 'surewire') return true
  const own = peer === measure.baseline ? (measure.baselineRounds ?? measure.rounds) : measure.otherRounds
  const wanted = measure.once?.includes(peer) ? 1 : Math.max(1, Math.round((own * count) / measure.rounds))
  const step = Math.floor(count / wanted)
  return round % step === 0 && round / step < wanted
}

const rotate = <T>(list: readonly T[], by: number): T[] => {
  const at = list.length === 0 ? 0 : by % list.length
  return [...list.slice(at), ...list.slice(0, at)]
}

const describe = (measure: Measure, figures: Figures): string =>
  measure.metrics
    .map(({ key, unit, digits = 0 }) => `${(figures[key] ?? Number.NaN).toFixed(digits)} ${unit}`)
    .join(', ')

function summarise(
  measure: Measure,
  peer: PeerName,
  rounds: Rounds,
  errors: ReadonlyMap<PeerName, string>,
): PeerResult {
  const own = rounds.get(peer) ?? []
  const base = rounds.get(measure.baseline) ?? []
  const metrics: Record<string, MetricResult> = {}
  for (const { key } of measure.metrics) {
    const values: number[] = []
    const ratios: number[] = []
    for (const [round, figures] of own.entries()) {
      const value = figures?.[key]
      if (value === undefined || !Number.isFinite(value)) continue
      values.push(value)
      const reference = base[round]?.[key]
      if (reference !== undefined && reference !== 0) ratios.push(value / reference)
    }
    if (values.length === 0) continue
    const compared = ratios.length === 0 ? values : ratios
    metrics[key] = {
      value: median(values),
      ratio: ratios.length === 0 ? null : median(ratios),
      spread: spread(compared),
      rounds: compared.length,
    }
  }
  const error = errors.get(peer)
  return error === undefined ? { peer, metrics } : { peer, metrics, error }
}
