/**
 * `npm run sim -- --seeds N --start S`: runs seeds S, S + 1, … of the simulated world (test/sim/scenario.ts).
 *
 *     --seeds N       how many (100)
 *     --start S       the first (1)
 *     --minutes M     simulated time of each, without coming to rest (15)
 *     --workers W     processes side by side (as many as there are cores, at most 8)
 *     --quiet         no line for each seed
 *     --replay S      runs one seed and tells its story; with `--steps` only these steps of it
 *     --steps LIST    index:pauseMs,index:pauseMs,… as a failing run prints it
 *     --plan FILE     runs a plan that was kept as JSON and tells its story
 *
 * Prints for each seed its trace hash, and at the end simulated hours, messages, faults by kind and violations. A failing
 * seed is cut short, told and kept in reports/plan-<seed>.json, of several the first three. A plan goes on being the same when the
 * scenario draws otherwise: put it into test/sim/past/, and `npm test` runs it. Exit code 1 if a seed fails, or if in 20 seeds or more one of the situations that
 * the scenario names never occurred, or messages and faults were too few. A seed that comes to no end in three minutes of real time has failed.
 */
import { availableParallelism } from 'node:os'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compile, ROOT } from './compile.js'
import { someMinutes, wholeNumber } from './numbers.js'
import { type SeedResult, SimulationTotals } from './sim-totals.js'
import { type Job, withWorkers } from './sim-pool.js'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    start: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '15' },
    workers: { type: 'string', default: String(Math.min(8, availableParallelism())) },
    quiet: { type: 'boolean', default: false },
    replay: { type: 'string' },
    steps: { type: 'string' },
    plan: { type: 'string' },
  },
})

const minutes = someMinutes(values.minutes)
const seeds = wholeNumber('seeds', values.seeds, 1)
const workers = wholeNumber('workers', values.workers, 1)
const [worker = ''] = await compile(['scripts/sim-worker.ts'], 'test/sim/.build')
/** Failing seeds are cut short one by one; the first few tell enough. */
const MAX_STORIES = 3
const ENOUGH_FOR_SITUATIONS = 20

if (values.plan !== undefined) await runKept(values.plan)
else if (values.replay === undefined) await runMany(BigInt(values.start), seeds)
else await tell({ do: 'replay', seed: values.replay, minutes, steps: values.steps ?? null })

async function runMany(start: bigint, count: number): Promise<void> {
  const totals = new SimulationTotals()
  const begin = performance.now()
  const numbers = Array.from({ length: count }, (_, index) => String(start + BigInt(index)))
  await withWorkers(worker, workers, async (pool) => {
    await pool.runAll(
      numbers.map((seed) => ({ do: 'run', seed, minutes })),
      (result) => {
        totals.add(result)
        if (!values.quiet || result.failure !== null) console.log(line(result))
      },
    )
    for (const { seed } of totals.ended.slice(0, MAX_STORIES)) {
      console.log(`\ncutting seed ${seed} short …`)
      await pool.runAll([{ do: 'shrink', seed, minutes }], tellShrunk)
    }
  })
  console.log(totals.tell((performance.now() - begin) / 1_000))
  const missing = count >= ENOUGH_FOR_SITUATIONS ? totals.missing() : []
  if (missing.length > 0) console.error(`never occurred: ${missing.join(' · ')}`)
  const tooFew = count >= ENOUGH_FOR_SITUATIONS ? totals.tooFew() : []
  if (tooFew.length > 0) console.error(`too few: ${tooFew.join(' · ')}`)
  if (totals.failed.length + missing.length + tooFew.length > 0) process.exitCode = 1
}

function tellShrunk({ seed, story, plan, kept, failure }: SeedResult): void {
  // Cutting short came to no end.
  if (kept === null) return console.log(failure?.message)
  console.log(`${story}\n\nnpm run sim -- --replay ${seed} --minutes ${minutes} --steps ${plan}`)
  const path = `reports/plan-${seed}.json`
  mkdirSync(join(ROOT, 'reports'), { recursive: true })
  writeFileSync(join(ROOT, path), kept)
  console.log(`\nThe plan is in ${path}:\n\nnpm run sim -- --plan ${path}`)
}

async function runKept(path: string): Promise<void> {
  await tell({ do: 'plan', seed: path, minutes, text: readFileSync(path, 'utf8') })
}

async function tell(job: Job): Promise<void> {
  await withWorkers(worker, 1, (pool) =>
    pool.runAll([job], (result) => {
      console.log(result.story)
      console.log(line(result))
      if (result.failure !== null) process.exitCode = 1
    }),
  )
}

function line({ seed, hash, failure, simulatedMs }: SeedResult): string {
  const verdict = failure === null ? 'ok' : `FAILED ${failure.message}`
  return `seed ${seed}  ${hash}  ${(simulatedMs / 60_000).toFixed(1)} min  ${verdict}`
}
