/**
 * Many simulations, one seed after another.
 *
 * Owns: which seeds, what is said of each and of all, which failing ones are cut short, and whether it went well.
 * Does not own: processes (sim-pool.ts), where words and plans go (sim.ts).
 */
import type { Pool } from './sim-pool.js'
import { type SeedResult, SimulationTotals } from './sim-totals.js'

/** Failing seeds are cut short one by one; the first few tell enough. */
const MAX_STORIES = 3

export interface ManyOptions {
  readonly start: bigint
  readonly count: number
  readonly minutes: number
  /** No line for a seed that went well. */
  readonly quiet: boolean
  readonly print: (text: string) => void
  /** Keeps the plan of a seed that was cut short, and says where. */
  readonly keep: (seed: string, plan: string) => string
  /** Real time, in ms. */
  readonly now: () => number
}

/** Seeds `start`, `start + 1`, … as the workers are told them: a bigint is none of JSON's. */
export const seedsFrom = (start: bigint, count: number): string[] =>
  Array.from({ length: count }, (_, index) => String(start + BigInt(index)))

/** Runs them all; `true`: nothing failed, and nothing that many seeds have to come upon was missing. */
export async function runMany(pool: Pool, options: ManyOptions): Promise<boolean> {
  const { start, count, minutes, quiet, print, now } = options
  const totals = new SimulationTotals()
  const begin = now()
  await pool.runAll(
    seedsFrom(start, count).map((seed) => ({ do: 'run', seed, minutes })),
    (result) => {
      totals.add(result)
      if (!quiet || result.failure !== null) print(lineOf(result))
    },
  )
  for (const { seed } of totals.ended.slice(0, MAX_STORIES)) {
    print(`\ncutting seed ${seed} short …`)
    await pool.runAll([{ do: 'shrink', seed, minutes }], (result) => tellShrunk(result, options))
  }
  print(totals.tell((now() - begin) / 1_000))
  const shortcomings = totals.shortcomings()
  for (const shortcoming of shortcomings) print(shortcoming)
  return totals.failed.length === 0 && shortcomings.length === 0
}

function tellShrunk(
  { seed, story, plan, kept, failure }: SeedResult,
  { print, keep, minutes }: ManyOptions,
): void {
  // Cutting short came to no end.
  if (kept === null) return print(failure?.message ?? `seed ${seed} could not be cut short`)
  print(`${story}\n\nnpm run sim -- --replay ${seed} --minutes ${minutes} --steps ${plan}`)
  const path = keep(seed, kept)
  print(`\nThe plan is in ${path}:\n\nnpm run sim -- --plan ${path}`)
}

/** What is said of one seed. */
export function lineOf({ seed, hash, failure, simulatedMs }: SeedResult): string {
  const verdict = failure === null ? 'ok' : `FAILED ${failure.message}`
  return `seed ${seed}  ${hash}  ${(simulatedMs / 60_000).toFixed(1)} min  ${verdict}`
}
