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
  const workers = Array.from({ length: count }, () => fork(file, [], { execArgv: MEMORY }))
  try {
    await use({ runAll: (jobs, done) => runAll(workers, jobs, done) })
  } finally {
    for (const worker of workers) worker.kill()
  }
}

async function runAll(
  workers: readonly ChildProcess[],
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

function ask(worker: ChildProcess, job: Job): Promise<SeedResult> {
  return new Promise((resolve, reject) => {
    const died = (code: number | null): void =>
      reject(new Error(`the process that ran seed ${job.seed} ended with ${code}`))
    worker.once('exit', died)
    worker.once('message', (result) => {
      worker.off('exit', died)
      resolve(result as SeedResult)
    })
    worker.send(job)
  })
}
