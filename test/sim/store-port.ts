/**
 * One process's way to the shared store: answers come late, fail, or are lost after the store has done its work.
 *
 * Owns: order on the way (calls of one process arrive in order, so do answers and appends), what fails and what stalls,
 * which owner this process holds of each producer.
 */
import type {
  AppendListener,
  AttachRequest,
  AttachResult,
  Commit,
  CommitResult,
  MaybePromise,
  Store,
} from '../../src/server/core/store.js'
import type { ManualClock, SeededRandom } from '../../src/testing/index.js'
import type { SharedStore } from './shared-store.js'

/** `after`: the store did what it was asked, and only the answer is lost; `unanswered`: nobody hears even of that. */
export type StoreFailure = 'before' | 'after' | 'unanswered'

/** The ways to the store, as they are now; one for all processes. */
export interface StoreWeather {
  /** Longest way there, and back, in ms; 0: it answers at once. */
  latencyMs: number
  /** So many calls still fail. */
  failures: number
  failing: StoreFailure
  /** Until then nothing gets there. */
  stalledUntil: number
}

export interface PortOptions {
  readonly shared: SharedStore
  readonly clock: ManualClock
  readonly random: SeededRandom
  readonly weather: StoreWeather
  readonly answerLost: (how: 'after' | 'unanswered') => void
  /** The process hears that the store knows a producer otherwise than it does. */
  readonly lost: (commit: Commit) => void
}

export class StorePort implements Store {
  readonly name = 'shared'
  readonly #options: PortOptions
  /** Nothing overtakes but the answers to attaches of different producers: when the last call arrives, when its answer does. */
  #lastArrival = 0
  #lastAnswer = 0
  #lastAppend = 0
  #underWay = 0
  /** Producer → when the last answer to an attach of it comes. */
  readonly #lastAttached = new Map<string, number>()
  readonly #detours: SeededRandom
  readonly #owners = new Map<string, { readonly owner: string; readonly epoch: string }>()

  constructor(options: PortOptions) {
    this.#options = options
    this.#detours = options.random.fork('detours')
  }

  /** The owner that this process is of a producer, as far as it knows. */
  holds(producer: string): { readonly owner: string; readonly epoch: string } | undefined {
    return this.#owners.get(producer)
  }

  attachProducer(request: AttachRequest): MaybePromise<AttachResult> {
    const noted = (result: AttachResult): AttachResult => {
      if (result.ok) {
        const { id, owner, epoch } = result.record
        this.#owners.set(id, { owner, epoch })
      }
      return result
    }
    return this.#call((shared) => shared.attachProducer(request), noted, 'unanswered', request.offer.id)
  }

  commit(commit: Commit): ReturnType<Store['commit']> {
    const { producer, owner, epoch, to } = commit
    const noted = (result: CommitResult): CommitResult => {
      const held = this.#owners.get(producer)
      const isRepeated = !result.ok && result.why === 'conflict' && result.last === to
      if (!result.ok && !isRepeated && held?.owner === owner && held.epoch === epoch)
        this.#options.lost(commit)
      return result
    }
    return this.#call((shared) => shared.commit(commit), noted)
  }

  append(...of: Parameters<Store['append']>): ReturnType<Store['append']> {
    // The application waits for that itself, and has no time limit of the library's.
    return this.#call((shared) => shared.append(...of), undefined, 'after')
  }

  logState(...of: Parameters<Store['logState']>): ReturnType<Store['logState']> {
    return this.#call((shared) => shared.logState(...of))
  }

  read(...of: Parameters<Store['read']>): ReturnType<Store['read']> {
    return this.#call((shared) => shared.read(...of))
  }

  attachSession(...of: Parameters<Store['attachSession']>): ReturnType<Store['attachSession']> {
    return this.#call((shared) => shared.attachSession(...of))
  }

  detachSession(...of: Parameters<Store['detachSession']>): ReturnType<Store['detachSession']> {
    return this.#call((shared) => shared.detachSession(...of))
  }

  detachProducer(...of: Parameters<Store['detachProducer']>): ReturnType<Store['detachProducer']> {
    return this.#call((shared) => shared.detachProducer(...of))
  }

  listen(listener: AppendListener): () => void {
    let life = 0
    let open = true
    const stop = this.#options.shared.listen(
      (log, epoch, entry) => {
        const { clock, weather } = this.#options
        if (weather.latencyMs === 0 && this.#lastAppend <= clock.now()) return listener(log, epoch, entry)
        const heardIn = life
        this.#lastAppend = Math.max(this.#lastAppend, clock.now() + this.#draw())
        clock.setTimer(() => {
          if (open && heardIn === life) listener(log, epoch, entry)
        }, this.#lastAppend - clock.now())
      },
      () => life++,
    )
    return () => {
      open = false
      stop()
    }
  }

  close(): void {
    // It is everybody's.
  }

  /** `lost`: how it fails when its answer is lost; `attached`: the producer, if it is one that is attached. */
  #call<T>(
    run: (shared: SharedStore) => T,
    noted: (answer: T) => T = (answer) => answer,
    lost: StoreFailure = 'unanswered',
    attached: string | null = null,
  ): MaybePromise<T> {
    const { shared, clock, weather } = this.#options
    const isCalm = weather.latencyMs === 0 && weather.failures === 0 && weather.stalledUntil <= clock.now()
    if (isCalm && this.#underWay === 0) return noted(run(shared))
    this.#underWay++
    const fails = weather.failures === 0 ? null : weather.failing === 'unanswered' ? lost : weather.failing
    if (fails !== null) weather.failures--
    const arrival = Math.max(this.#lastArrival, weather.stalledUntil, clock.now() + this.#draw())
    this.#lastArrival = arrival
    return new Promise((resolve, reject) => {
      clock.setTimer(
        () => this.#arrived(run, fails, (answer) => resolve(noted(answer)), reject, attached),
        arrival - clock.now(),
      )
    })
  }

  #arrived<T>(
    run: (shared: SharedStore) => T,
    fails: StoreFailure | null,
    resolve: (answer: T) => void,
    reject: (error: Error) => void,
    attached: string | null,
  ): void {
    const { shared, clock, answerLost } = this.#options
    const answer = fails === 'before' ? null : { of: run(shared) }
    this.#lastAnswer = Math.max(this.#lastAnswer, clock.now() + this.#draw())
    const at = attached === null ? this.#lastAnswer : this.#answerAt(attached)
    clock.setTimer(() => {
      this.#underWay--
      if (fails === 'after' || fails === 'unanswered') answerLost(fails)
      if (fails === 'unanswered') return
      if (fails !== null || answer === null) reject(new Error(`the store failed ${fails} it was done`))
      else resolve(answer.of)
    }, at - clock.now())
  }

  /** As from one of several connections to the store: what was asked later may be answered first, but of the same producer. */
  #answerAt(producer: string): number {
    const { latencyMs } = this.#options.weather
    const detour = latencyMs === 0 ? 0 : this.#detours.integer(0, latencyMs)
    const at = Math.max(this.#lastAnswer + detour, this.#lastAttached.get(producer) ?? 0)
    this.#lastAttached.set(producer, at)
    return at
  }

  #draw(): number {
    const { random, weather } = this.#options
    return weather.latencyMs === 0 ? 0 : random.integer(0, weather.latencyMs)
  }
}
