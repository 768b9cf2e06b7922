/** What the tests of `npm run sim` share: results of seeds, and workers that are no processes. */
import type { Job, SimWorker } from '../../scripts/sim-pool.js'
import type { SeedResult } from '../../scripts/sim-totals.js'

/** A quarter of an hour of a world in which enough happened, and nothing went wrong. */
export const resultOf = (seed: string, over: Partial<SeedResult> = {}): SeedResult => ({
  seed,
  steps: 10,
  simulatedMs: 900_000,
  counts: { messages: 1_000 },
  faults: { cut: 20 },
  sometimes: { seldom: 1 },
  hash: `hash of ${seed}`,
  failure: null,
  situations: ['seldom'],
  story: null,
  plan: null,
  kept: null,
  ...over,
})

/** How a worker answers a job; `'hangs'`: it does not. */
export type Behaviour = (job: Job) => SeedResult | { readonly endedWith: string } | 'hangs'

/** Workers that answer as they are told, a turn later. */
export class Workers {
  readonly asked: { readonly worker: number; readonly seed: string }[] = []
  readonly ended: number[] = []
  started = 0
  readonly #behaviour: Behaviour

  constructor(behaviour: Behaviour) {
    this.#behaviour = behaviour
  }

  readonly start = (): SimWorker => {
    const worker = this.started++
    return {
      ask: (job) => {
        this.asked.push({ worker, seed: job.seed })
        const answer = this.#behaviour(job)
        return answer === 'hangs' ? new Promise(() => undefined) : Promise.resolve(answer)
      },
      end: () => void this.ended.push(worker),
    }
  }
}
