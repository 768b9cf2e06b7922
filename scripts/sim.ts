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
 * Ctrl-C ends the run after the seeds under way, and sums up what was run; exit code 130. Once more: at once.
 */
import { availableParallelism } from 'node:os'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/runtime/system.js'
import { compile, ROOT } from './compile.js'
import { someMinutes, wholeNumber } from './numbers.js'
import { lineOf, runMany } from './sim-many.js'
import { type Job, withWorkers } from './sim-pool.js'
import { startProcess } from './sim-process.js'

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
const [file = ''] = await compile(['scripts/sim-worker.ts'], 'test/sim/.build')
let isStopped = false
const processes = (count: number): Parameters<typeof withWorkers>[0] => ({
  start: () => startProcess(file),
  count,
  clock: systemClock(),
  isStopped: () => isStopped,
})

if (values.plan !== undefined) await runKept(values.plan)
else if (values.replay === undefined) await run()
else await tell({ do: 'replay', seed: values.replay, minutes, steps: values.steps ?? null })

async function run(): Promise<void> {
  const options = { start: BigInt(values.start), count: seeds, minutes, quiet: values.quiet }
  const print = (text: string): void => console.log(text)
  const now = (): number => performance.now()
  process.once('SIGINT', () => {
    isStopped = true
    print('\nno further seed is begun; those under way come to their end')
  })
  await withWorkers(processes(workers), async (pool) => {
    if (!(await runMany(pool, { ...options, print, keep, now }))) process.exitCode = 1
    if (isStopped) process.exitCode = 130
  })
}

function keep(seed: string, plan: string): string {
  const path = `reports/plan-${seed}.json`
  mkdirSync(join(ROOT, 'reports'), { recursive: true })
  writeFileSync(join(ROOT, path), plan)
  return path
}

async function runKept(path: string): Promise<void> {
  await tell({ do: 'plan', seed: path, minutes, text: readFileSync(path, 'utf8') })
}

async function tell(job: Job): Promise<void> {
  await withWorkers(processes(1), (pool) =>
    pool.runAll([job], (result) => {
      console.log(result.story)
      console.log(lineOf(result))
      if (result.failure !== null) process.exitCode = 1
    }),
  )
}
