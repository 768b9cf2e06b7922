/**
 * What many simulations came to.
 *
 * Owns: adding up reports and the words for the sum.
 */
import type { SimulationReport } from '../src/testing/simulation/index.js'

/** A report on its way between processes. */
export interface SeedResult extends Omit<SimulationReport, 'seed' | 'failure' | 'drawn'> {
  readonly seed: string
  readonly failure: { readonly invariant: string; readonly message: string } | null
  /** Situations that the scenario names. */
  readonly situations: readonly string[]
  /** Of a shrunk or replayed run. */
  readonly story: string | null
  /** `index:pauseMs,…` of a shrunk run. */
  readonly plan: string | null
  /** The shrunk plan itself, as JSON. */
  readonly kept: string | null
}

/** What an hour of simulated time has to have. */
const LEAST_MESSAGES = 3_600
const LEAST_FAULTS = 60
/** So many seeds have to come upon every situation that the scenario names, and have enough of everything. */
const ENOUGH_SEEDS = 20

export class SimulationTotals {
  readonly failed: SeedResult[] = []
  readonly #counts = new Map<string, number>()
  readonly #faults = new Map<string, number>()
  readonly #sometimes = new Map<string, number>()
  #situations: readonly string[] = []
  #seeds = 0
  #simulatedMs = 0

  add(result: SeedResult): void {
    this.#seeds++
    this.#simulatedMs += result.simulatedMs
    if (result.situations.length > 0) this.#situations = result.situations
    if (result.failure !== null) this.failed.push(result)
    addAll(this.#counts, result.counts)
    addAll(this.#faults, result.faults)
    addAll(this.#sometimes, result.sometimes)
  }

  /** Seeds that failed and came to an end: those can be cut short. */
  get ended(): readonly SeedResult[] {
    return this.failed.filter(({ failure }) => failure?.invariant !== 'hang')
  }

  /** What is amiss although no seed failed, a line each. Few seeds may lack anything. */
  shortcomings(): string[] {
    if (this.#seeds < ENOUGH_SEEDS) return []
    const [missing, tooFew] = [this.#missing(), this.#tooFew()]
    return [
      ...(missing.length > 0 ? [`never occurred: ${missing.join(' · ')}`] : []),
      ...(tooFew.length > 0 ? [`too few: ${tooFew.join(' · ')}`] : []),
    ]
  }

  tell(seconds: number): string {
    const hours = this.#simulatedMs / 3_600_000
    const faults = sum(this.#faults)
    const messages = this.#counts.get('messages') ?? 0
    return [
      '',
      `${this.#seeds} seeds, ${hours.toFixed(1)} simulated hours in ${seconds.toFixed(0)} s`,
      `messages ${messages} (${(messages / hours).toFixed(0)} an hour), faults ${faults} (${(faults / hours).toFixed(0)} an hour)`,
      `counts      ${list(this.#counts)}`,
      `faults      ${list(this.#faults)}`,
      `situations  ${list(this.#sometimes)}`,
      `violations  ${this.failed.length}`,
    ].join('\n')
  }

  /** Named situations that never occurred. */
  #missing(): string[] {
    return this.#situations.filter((situation) => !this.#sometimes.has(situation))
  }

  /** What there is too little of, in an hour of simulated time. */
  #tooFew(): string[] {
    const hours = this.#simulatedMs / 3_600_000
    const messages = (this.#counts.get('messages') ?? 0) / hours
    const faults = sum(this.#faults) / hours
    return [
      ...(messages >= LEAST_MESSAGES
        ? []
        : [`${messages.toFixed(0)} messages an hour, of ${LEAST_MESSAGES}`]),
      ...(faults >= LEAST_FAULTS ? [] : [`${faults.toFixed(0)} faults an hour, of ${LEAST_FAULTS}`]),
    ]
  }
}

function addAll(to: Map<string, number>, from: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(from)) to.set(name, (to.get(name) ?? 0) + value)
}

function sum(tally: ReadonlyMap<string, number>): number {
  return [...tally.values()].reduce((total, value) => total + value, 0)
}

function list(tally: ReadonlyMap<string, number>): string {
  return [...tally]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, value]) => `${name} ${value}`)
    .join(' · ')
}
