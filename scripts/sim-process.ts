/**
 * A process that runs simulations for the pool (sim-pool.ts): the compiled scripts/sim-worker.ts.
 *
 * Owns: starting it, asking it, noticing that it died, ending it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { Death, Job, SimWorker } from './sim-pool.js'
import type { SeedResult } from './sim-totals.js'

/** A world needs 50 MB; left alone, a process that makes one after another takes gigabytes before it collects any. */
const MEMORY = ['--max-old-space-size=512']

/** Starts a process of the compiled `file`. */
export function startProcess(file: string): SimWorker {
  // Without the loader that runs this file: what is compiled needs none.
  const child = fork(file, [], { execArgv: MEMORY })
  return { ask: (job) => answerOf(child, job), end: () => void child.kill('SIGKILL') }
}

function answerOf(child: ChildProcess, job: Job): Promise<SeedResult | Death> {
  return new Promise((resolve) => {
    const settle = (answer: SeedResult | Death): void => {
      child.off('exit', died)
      child.off('message', answered)
      resolve(answer)
    }
    const died = (code: number | null, signal: string | null): void =>
      settle({ endedWith: signal ?? String(code) })
    const answered = (result: unknown): void => settle(result as SeedResult)
    child.once('exit', died)
    child.once('message', answered)
    child.send(job, () => {
      // One that was dead before it was asked: what an earlier world left behind has ended it, and `exit` comes no more.
      const { exitCode, signalCode } = child
      if (exitCode !== null || signalCode !== null) died(exitCode, signalCode)
    })
  })
}
