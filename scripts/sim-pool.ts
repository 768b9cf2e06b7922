/**
 * Worker processes that run simulations.
 *
 * Owns: starting them, handing out jobs one by one, ending them.
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { SeedResult } from './sim-totals.js'

export type Job =
  | { readonly do: 'run' | 'shrink'; readonly seed: string; readonly minutes: number }
  | {
      readonly do: 'replay'
      readonly seed: string
      readonly minutes: number
      readonly steps: string | null
    }
  | {
      readonly do: 'plan'
      /** What the file is called. */
      readonly seed: string
      readonly minutes: number
      readonly text: string
    }

/** Real time that a job may take, in ms: a world in which something never ends must not hold up the others. */
const LIMITS_MS: Readonly<Record<Job['do'], number>> = {
  run: 180_000,
  replay: 600_000,
  plan: 600_000,
  shrink: 1_200_000,
}

/** A world needs 50 MB; left alone, a process that makes one after another takes gigabytes before it collects any. */
const MEMORY = ['--max-old-space-size=512']

export interface Pool {
  /** Runs all jobs; results come as they are ready, in order of the jobs. */
  runAll(jobs: readonly Job[], done: (result: SeedResult) => void): Promise<void>
}

/** Starts `count` processes of the compiled `file`, and ends them when `use` has settled. */
export async function withWorkers(
  file: string,
  count: number,
  use: (pool: Pool) => Promise<void>,
): Promise<void> {
  // Without the loader that runs this file: what is compiled needs none.
  const start = (): ChildProcess => fork(file, [], { execArgv: MEMORY })
  const workers: Worker[] = Array.from({ length: count }, () => ({ process: start(), start }))
  try {
    await use({ runAll: (jobs, done) => runAll(workers, jobs, done) })
  } finally {
    for (const worker of workers) worker.process.kill()
  }
}

/** A place for one process after another. */
interface Worker {
  process: ChildProcess
  readonly start: () => ChildProcess
}

async function runAll(
  workers: readonly Worker[],
  jobs: readonly Job[],
  done: (result: SeedResult) => void,
): Promise<void> {
  const results = new Map<number, SeedResult>()
  let next = 0
  let told = 0
  const tell = (): void => {
    for (let result = results.get(told); result !== undefined; result = results.get(told)) {
      results.delete(told++)
      done(result)
    }
  }
  await Promise.all(
    workers.map(async (worker) => {
      for (let index = next++; index < jobs.length; index = next++) {
        results.set(index, await ask(worker, jobs[index] as Job))
        tell()
      }
    }),
  )
}

async function ask(worker: Worker, job: Job): Promise<SeedResult> {
  const { process } = worker
  let timer: NodeJS.Timeout | undefined
  const limitMs = LIMITS_MS[job.do]
  const hung = new Promise<'hung'>((resolve) => {
    timer = setTimeout(() => resolve('hung'), limitMs)
  })
  const answer = await Promise.race([answerOf(process, job), hung])
  clearTimeout(timer)
  if (answer !== 'hung' && 'seed' in answer) return answer
  process.removeAllListeners('exit')
  process.kill('SIGKILL')
  worker.process = worker.start()
  if (answer === 'hung') return noResultOf(job, 'hang', `no end after ${limitMs / 1_000} s`)
  return noResultOf(job, 'crash', `its process ended with ${answer.endedWith}`)
}

/** A process that ends without an answer: its seed has failed, and the others go on in another one. */
interface Death {
  readonly endedWith: string
}

function answerOf(worker: ChildProcess, job: Job): Promise<SeedResult | Death> {
  return new Promise((resolve) => {
    const died = (code: number | null, signal: string | null): void =>
      resolve({ endedWith: signal ?? String(code) })
    worker.once('exit', died)
    worker.once('message', (result) => {
      worker.off('exit', died)
      resolve(result as SeedResult)
    })
    worker.send(job)
  })
}

/** What is known of a world that came to no end, or ended its process. */
function noResultOf({ do: what, seed, minutes }: Job, invariant: 'hang' | 'crash', why: string): SeedResult {
  const again = what === 'plan' ? `--plan ${seed}` : `--replay ${seed} --minutes ${minutes}`
  const message = `${why}; npm run sim -- ${again}`
  return {
    seed,
    steps: 0,
    simulatedMs: 0,
    counts: {},
    faults: {},
    sometimes: {},
    hash: '-'.repeat(14),
    failure: { invariant, message },
    situations: [],
    story: null,
    plan: null,
    kept: null,
  }
}
