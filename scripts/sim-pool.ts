/**
 * Worker processes that run simulations.
 *
 * Owns: handing out jobs one by one, giving up one that hangs or dies, ending them all.
 * Does not own: what a worker is: a process of its own, as a rule (sim-process.ts).
 */
import type { Clock } from '../src/runtime/ports.js'
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
export const LIMITS_MS: Readonly<Record<Job['do'], number>> = {
  run: 180_000,
  replay: 600_000,
  plan: 600_000,
  shrink: 1_200_000,
}

/** Does one job after another, until it is ended. */
export interface SimWorker {
  /** Its result, or how it died: it may have done so before the job came. Never rejects. */
  ask(job: Job): Promise<SeedResult | Death>
  /** At once. May be called again. */
  end(): void
}

/** A worker that ends without an answer: its seed has failed, and the others go on in another one. */
export interface Death {
  readonly endedWith: string
}

export interface Pool {
  /** Runs all jobs, unless stopped; results come as they are ready, in order of the jobs. */
  runAll(jobs: readonly Job[], done: (result: SeedResult) => void): Promise<void>
}

export interface PoolOptions {
  readonly start: () => SimWorker
  readonly count: number
  readonly clock: Pick<Clock, 'setTimer'>
  /** No further job is begun; those under way come to their end. */
  readonly isStopped?: () => boolean
}

/** Starts workers, and ends them when `use` has settled. */
export async function withWorkers(options: PoolOptions, use: (pool: Pool) => Promise<void>): Promise<void> {
  const places = Array.from({ length: options.count }, () => new Place(options))
  try {
    await use({ runAll: (jobs, done) => runAll(places, jobs, done, options.isStopped) })
  } finally {
    for (const place of places) place.end()
  }
}

async function runAll(
  places: readonly Place[],
  jobs: readonly Job[],
  done: (result: SeedResult) => void,
  isStopped = () => false,
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
    places.map(async (place) => {
      for (let index = next++; index < jobs.length && !isStopped(); index = next++) {
        results.set(index, await place.ask(jobs[index] as Job))
        tell()
      }
    }),
  )
}

/** Where one worker after another does jobs. */
class Place {
  readonly #options: PoolOptions
  #worker: SimWorker
  /** Seed that the worker ran last: what it left behind may be what ends it. */
  #before: string | null = null

  constructor(options: PoolOptions) {
    this.#options = options
    this.#worker = options.start()
  }

  async ask(job: Job): Promise<SeedResult> {
    const limitMs = LIMITS_MS[job.do]
    let cancel = (): void => undefined
    const hung = new Promise<'hung'>((resolve) => {
      cancel = this.#options.clock.setTimer(() => resolve('hung'), limitMs)
    })
    const answer = await Promise.race([this.#worker.ask(job), hung])
    cancel()
    if (answer !== 'hung' && 'seed' in answer) {
      this.#before = job.seed
      return answer
    }
    const after = this.#before === null ? '' : `, after seed ${this.#before}`
    this.#startAnew()
    if (answer === 'hung') return noResultOf(job, 'hang', `no end after ${limitMs / 1_000} s`)
    return noResultOf(job, 'crash', `its process ended with ${answer.endedWith}${after}`)
  }

  end(): void {
    this.#worker.end()
  }

  #startAnew(): void {
    this.#worker.end()
    this.#worker = this.#options.start()
    this.#before = null
  }
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
