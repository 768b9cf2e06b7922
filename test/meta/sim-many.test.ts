/** What `npm run sim` makes of many seeds: its sums, its verdict, and what is cut short. */
import { describe, expect, it } from 'vitest'
import { type ManyOptions, runMany, seedsFrom } from '../../scripts/sim-many.js'
import { withWorkers } from '../../scripts/sim-pool.js'
import { type SeedResult, SimulationTotals } from '../../scripts/sim-totals.js'
import { manualClock } from '../../src/testing/index.js'
import { type Behaviour, resultOf, Workers } from './sim-support.js'

interface Ran {
  readonly isWell: boolean
  readonly said: string
  readonly kept: readonly string[]
}

async function ran(behaviour: Behaviour, over: Partial<ManyOptions> = {}, count = 3): Promise<Ran> {
  const said: string[] = []
  const kept: string[] = []
  const clock = manualClock()
  const keep = (seed: string, plan: string): string => {
    kept.push(plan)
    return `plan-${seed}.json`
  }
  const options = { start: 41n, count: 30, minutes: 15, quiet: true, now: () => clock.now(), ...over }
  const verdict: { isWell: boolean | null } = { isWell: null }
  const done = withWorkers({ start: new Workers(behaviour).start, count, clock }, async (pool) => {
    verdict.isWell = await runMany(pool, { ...options, print: (text) => said.push(text), keep })
  })
  for (let tries = 0; verdict.isWell === null && tries < 20; tries++) await clock.advanceAsync(2_000_000)
  await done
  return { isWell: verdict.isWell === true, said: said.join('\n'), kept }
}

const well: Behaviour = ({ seed }) => resultOf(seed)
const failure = { invariant: 'I4', message: 'a message was lost' }
const shrunk = { failure, story: 'the story', plan: '1:0', kept: '{"kept":1}' }
/** Seed 50 does that; the others do well. */
const one =
  (behaviour: Behaviour): Behaviour =>
  (job) =>
    job.seed === '50' ? behaviour(job) : well(job)

describe('many seeds', () => {
  it('are those asked for, however large', () => {
    expect(seedsFrom(9n, 3)).toEqual(['9', '10', '11'])
    expect(seedsFrom(2n ** 64n, 2)).toEqual(['18446744073709551616', '18446744073709551617'])
  })

  it.each([1, 2, 7])('add up to the same, whoever of %i workers ran them', async (count) => {
    const { isWell, said } = await ran(well, {}, count)
    expect(isWell).toBe(true)
    expect(said).toContain('30 seeds, 7.5 simulated hours')
    expect(said).toContain('messages 30000 (4000 an hour), faults 600 (80 an hour)')
    expect(said).toContain('violations  0')
  })

  it('have a line each, unless only failures are of interest', async () => {
    expect((await ran(well)).said).not.toContain('seed 41')
    const { said } = await ran(well, { quiet: false })
    expect(said).toContain('seed 41  hash of 41  15.0 min  ok\nseed 42')
  })

  it('have failed if one of them has; it is named, cut short and kept', async () => {
    const { isWell, said, kept } = await ran(
      one(({ seed, do: what }) => resultOf(seed, what === 'run' ? { failure } : shrunk)),
    )
    expect(isWell).toBe(false)
    expect(said).toContain('seed 50  hash of 50  15.0 min  FAILED a message was lost')
    expect(said).toContain('the story\n\nnpm run sim -- --replay 50 --minutes 15 --steps 1:0')
    expect(said).toContain('npm run sim -- --plan plan-50.json')
    expect(said).toContain('violations  1')
    expect(kept).toEqual(['{"kept":1}'])
  })

  it('have failed if one of them hangs, which is named and not run again', async () => {
    const { isWell, said, kept } = await ran(one(() => 'hangs'))
    expect(isWell).toBe(false)
    expect(said).toContain('FAILED no end after 180 s; npm run sim -- --replay 50')
    expect(said).not.toContain('cutting')
    expect(said).toContain('30 seeds')
    expect(kept).toEqual([])
  })

  it('have failed if the process of one of them dies, which is named', async () => {
    const { isWell, said } = await ran(one(() => ({ endedWith: '134' })))
    expect(isWell).toBe(false)
    expect(said).toMatch(/seed 50 .* FAILED its process ended with 134/)
    expect(said).toContain('30 seeds')
  })

  it('that fail all the same way are cut short three times, no more', async () => {
    const { said } = await ran(({ seed, do: what }) => resultOf(seed, what === 'run' ? { failure } : shrunk))
    expect(said.match(/cutting seed \d+/g)).toEqual(['cutting seed 41', 'cutting seed 42', 'cutting seed 43'])
    expect(said).toContain('violations  30')
  })

  it('have to come upon what the scenario names, and to have enough of everything', async () => {
    const never = await ran(({ seed }) => resultOf(seed, { situations: ['seldom', 'never'] }))
    expect([never.isWell, never.said.includes('never occurred: never')]).toEqual([false, true])
    const quiet = await ran(({ seed }) => resultOf(seed, { counts: { messages: 899 } }))
    expect([quiet.isWell, quiet.said.includes('too few: 3596 messages an hour, of 3600')]).toEqual([
      false,
      true,
    ])
    const calm = await ran(({ seed }) => resultOf(seed, { faults: { cut: 14 } }))
    expect([calm.isWell, calm.said.includes('too few: 56 faults an hour, of 60')]).toEqual([false, true])
    const enough = { counts: { messages: 900 }, faults: { cut: 15 } }
    expect((await ran(({ seed }) => resultOf(seed, enough))).isWell).toBe(true)
  })

  it('may lack anything while they are few', async () => {
    const nothing: Behaviour = ({ seed }) => resultOf(seed, { counts: {}, faults: {}, sometimes: {} })
    expect((await ran(nothing, { count: 19 })).isWell).toBe(true)
    expect((await ran(nothing, { count: 20 })).isWell).toBe(false)
  })
})

describe('the sums of many seeds', () => {
  const sumOf = (...results: readonly SeedResult[]): string => {
    const totals = new SimulationTotals()
    for (const result of results) totals.add(result)
    return totals.tell(2)
  }

  it('are of each kind, whatever order they come in', () => {
    const a = resultOf('1', { faults: { cut: 2, stall: 1 }, sometimes: { seldom: 2 } })
    const b = resultOf('2', { faults: { stall: 4 }, counts: { messages: 5, runs: 1 }, sometimes: { odd: 1 } })
    const sum = sumOf(a, b)
    expect(sum).toContain('counts      messages 1005 · runs 1')
    expect(sum).toContain('faults      cut 2 · stall 5')
    expect(sum).toContain('situations  odd 1 · seldom 2')
    expect(sumOf(b, a)).toBe(sum)
  })
})
