/** The pool of `npm run sim`: a seed that hangs, or ends its process, has failed by its name; nothing is lost. */
import { describe, expect, it } from 'vitest'
import { type Job, LIMITS_MS, withWorkers } from '../../scripts/sim-pool.js'
import type { SeedResult } from '../../scripts/sim-totals.js'
import { manualClock } from '../../src/testing/index.js'
import { type Behaviour, resultOf, Workers } from './sim-support.js'

const well: Behaviour = ({ seed }) => resultOf(seed)
const run = (seed: number): Job => ({ do: 'run', seed: String(seed), minutes: 15 })
const jobs = [1, 2, 3, 4, 5, 6, 7].map(run)

interface Ran {
  readonly results: readonly SeedResult[]
  readonly workers: Workers
}

/** Runs the jobs; time passes until all is done. */
async function ran(behaviour: Behaviour, count: number, given = jobs): Promise<Ran> {
  const clock = manualClock()
  const workers = new Workers(behaviour)
  const results: SeedResult[] = []
  const progress = { isDone: false }
  const done = withWorkers({ start: workers.start, count, clock }, (pool) =>
    pool.runAll(given, (result) => results.push(result)),
  ).finally(() => {
    progress.isDone = true
  })
  for (let tries = 0; !progress.isDone && tries < 20; tries++) await clock.advanceAsync(LIMITS_MS.shrink)
  await done
  expect(clock.pendingTimers).toBe(0)
  return { results, workers }
}

const seedsOf = ({ results }: Ran): string[] => results.map(({ seed }) => seed)
const failuresOf = ({ results }: Ran): unknown[] =>
  results.filter(({ failure }) => failure !== null).map(({ seed, failure }) => [seed, failure?.invariant])

describe('the pool of the simulation', () => {
  it.each([1, 2, 3, 12])(
    'asks for every seed once, of %i workers, and tells them in order',
    async (count) => {
      const all = await ran(well, count)
      expect(seedsOf(all)).toEqual(['1', '2', '3', '4', '5', '6', '7'])
      expect(all.workers.asked.map(({ seed }) => seed).toSorted()).toEqual(seedsOf(all))
      expect(new Set(all.workers.asked.map(({ worker }) => worker)).size).toBe(Math.min(count, jobs.length))
    },
  )

  it('ends all its workers, also if whoever uses it fails', async () => {
    expect((await ran(well, 2)).workers.ended).toEqual([0, 1])
    const workers = new Workers(well)
    const options = { start: workers.start, count: 3, clock: manualClock() }
    await expect(withWorkers(options, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(workers.ended).toEqual([0, 1, 2])
  })

  it('begins no further seed once it is stopped; those under way are told', async () => {
    const asked: string[] = []
    const results: string[] = []
    const { start } = new Workers((job) => {
      asked.push(job.seed)
      return resultOf(job.seed)
    })
    const isStopped = (): boolean => asked.length >= 3
    await withWorkers({ start, count: 2, clock: manualClock(), isStopped }, (pool) =>
      pool.runAll(jobs, ({ seed }) => results.push(seed)),
    )
    expect(asked).toEqual(['1', '2', '3'])
    expect(results).toEqual(asked)
  })

  it('names a seed that comes to no end, and ends its process; the others go on', async () => {
    const all = await ran((job) => (job.seed === '3' ? 'hangs' : well(job)), 2)
    expect(seedsOf(all)).toEqual(['1', '2', '3', '4', '5', '6', '7'])
    expect(failuresOf(all)).toEqual([['3', 'hang']])
    expect(all.results[2]?.failure?.message).toContain(
      'no end after 180 s; npm run sim -- --replay 3 --minutes 15',
    )
    expect(all.workers.started).toBe(3)
    expect(new Set(all.workers.ended)).toEqual(new Set([0, 1, 2]))
  })

  it('gives a seed its whole time, and not less', async () => {
    const clock = manualClock()
    const workers = new Workers(() => 'hangs')
    const results: SeedResult[] = []
    const done = withWorkers({ start: workers.start, count: 1, clock }, (pool) =>
      pool.runAll([run(1)], (result) => results.push(result)),
    )
    await clock.advanceAsync(LIMITS_MS.run - 1)
    expect(results).toEqual([])
    await clock.advanceAsync(1)
    await done
    expect(results[0]?.failure?.invariant).toBe('hang')
  })

  it('names a seed whose process dies, and the one before it, which may have left the cause behind', async () => {
    const all = await ran((job) => (job.seed === '3' ? { endedWith: 'SIGSEGV' } : well(job)), 1)
    expect(seedsOf(all)).toEqual(['1', '2', '3', '4', '5', '6', '7'])
    expect(failuresOf(all)).toEqual([['3', 'crash']])
    expect(all.results[2]?.failure?.message).toBe(
      'its process ended with SIGSEGV, after seed 2; npm run sim -- --replay 3 --minutes 15',
    )
    const worker = (seed: string): number | undefined =>
      all.workers.asked.find((asked) => asked.seed === seed)?.worker
    expect([worker('3'), worker('4'), worker('7')]).toEqual([0, 1, 1])
  })

  it('names every seed if all of them die', async () => {
    const all = await ran(() => ({ endedWith: '1' }), 2)
    expect(failuresOf(all)).toEqual(jobs.map(({ seed }) => [seed, 'crash']))
    expect(all.results[6]?.failure?.message).toContain('its process ended with 1; npm run sim')
  })

  it('says how to run a plan again by its file', async () => {
    const plan: Job = { do: 'plan', seed: 'reports/plan-9.json', minutes: 15, text: '{}' }
    const all = await ran(() => 'hangs', 1, [plan])
    expect(all.results[0]?.failure?.message).toContain('npm run sim -- --plan reports/plan-9.json')
  })
})
