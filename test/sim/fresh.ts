/**
 * Fresh seeds in `npm test`, a share for each file, so that every core has its own.
 *
 * Owns: how they are shared, and what the density of a run must be.
 */
import { expect, it } from 'vitest'
import { simulate, type SimulationReport } from '../../src/testing/simulation/index.js'
import { scenario } from './scenario.js'
import { FRESH_SEEDS } from './seeds.js'

const SHARES = 4
/** Of one seed of each share, which runs twice (I13). */
const MINUTES_TWICE = 2
/** Every situation has to occur in some seed of each share. */
const seen = new Set<string>()

/** Tests of one share of the fresh seeds: 50 of a quarter of an hour each, and of all that they have to come upon. */
export function testFreshSeeds(share: number): void {
  const { first, count, minutes } = FRESH_SEEDS
  const seeds = Array.from({ length: count / SHARES }, (_, index) => first + share + index * SHARES)
  const reports: SimulationReport[] = []

  it.each(seeds)('keep every promise in seed %i, and come to rest', async (seed) => {
    const report = await simulate(scenario, { seed, minutes })
    expect(report.failure?.message, `npm run sim -- --replay ${seed} --minutes ${minutes}`).toBeUndefined()
    reports.push(report)
    for (const situation of Object.keys(report.sometimes)) seen.add(situation)
  })

  it('gives the same trace for the same seed', async () => {
    const plan = { seed: first + share, minutes: MINUTES_TWICE }
    const [once, again] = [await simulate(scenario, plan), await simulate(scenario, plan)]
    expect(again.hash).toBe(once.hash)
  })

  it('came upon every situation that is worth it, and on messages and faults enough', () => {
    expect(scenario.sometimes?.filter((situation) => !seen.has(situation))).toEqual([])
    const hours = sum(reports.map(({ simulatedMs }) => simulatedMs)) / 3_600_000
    const messages = sum(reports.map(({ counts }) => counts['messages'] ?? 0))
    const faults = sum(reports.flatMap((report) => Object.values(report.faults)))
    expect(messages / hours).toBeGreaterThan(3_600)
    expect(faults / hours).toBeGreaterThan(60)
  })
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
