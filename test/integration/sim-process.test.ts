/** The processes of `npm run sim`, real ones: one that answers, one that dies, one that has died before, one that hangs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Job, LIMITS_MS, withWorkers } from '../../scripts/sim-pool.js'
import { startProcess } from '../../scripts/sim-process.js'
import type { SeedResult } from '../../scripts/sim-totals.js'
import { manualClock } from '../../src/testing/index.js'

/** Does what its seed says. */
const PROGRAM = `process.on('message', ({ seed }) => {
  if (seed === 'dies') process.exit(3)
  if (seed === 'hangs') for (;;);
  process.send({ seed, failure: null })
  if (seed === 'dies later') process.exit(4)
})`

const directory = mkdtempSync(join(tmpdir(), 'surewire-sim-'))
const file = join(directory, 'worker.cjs')
writeFileSync(file, PROGRAM)
afterAll(() => rmSync(directory, { recursive: true }))

const job = (seed: string): Job => ({ do: 'run', seed, minutes: 1 })

describe('a process that runs simulations', () => {
  it('answers one job after another', async () => {
    const worker = startProcess(file)
    expect(await worker.ask(job('1'))).toMatchObject({ seed: '1' })
    expect(await worker.ask(job('2'))).toMatchObject({ seed: '2' })
    worker.end()
  })

  it('says how it ended, if it did so instead of answering', async () => {
    const worker = startProcess(file)
    expect(await worker.ask(job('dies'))).toEqual({ endedWith: '3' })
    expect(await worker.ask(job('1'))).toEqual({ endedWith: '3' })
    worker.end()
  })

  it('makes the next seed fail by its name, if what the one before left behind ends it', async () => {
    const results: SeedResult[] = []
    const options = { start: () => startProcess(file), count: 1, clock: manualClock() }
    await withWorkers(options, (pool) =>
      pool.runAll(['dies later', '2', '3'].map(job), (result) => results.push(result)),
    )
    expect(results.map(({ seed, failure }) => [seed, failure?.message ?? null])).toEqual([
      ['dies later', null],
      ['2', 'its process ended with 4, after seed dies later; npm run sim -- --replay 2 --minutes 1'],
      ['3', null],
    ])
  })

  it('is killed if it hangs, however busy it is', async () => {
    const worker = startProcess(file)
    const clock = manualClock()
    const results: SeedResult[] = []
    const ends: unknown[] = []
    const start = (): typeof worker => ({
      ask: (asked) => {
        const answer = worker.ask(asked)
        void answer.then((end) => ends.push(end))
        return answer
      },
      end: () => worker.end(),
    })
    await withWorkers({ start, count: 1, clock }, async (pool) => {
      const done = pool.runAll([job('hangs')], (result) => results.push(result))
      await clock.advanceAsync(LIMITS_MS.run)
      await done
    })
    expect(results[0]?.failure?.invariant).toBe('hang')
    await expect.poll(() => ends).toEqual([{ endedWith: 'SIGKILL' }])
  })
})
