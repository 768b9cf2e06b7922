/**
 * The store that all nodes share: the production memory store, which can lose its tail.
 *
 * Owns: the generation that is part of every epoch and of every owner's token (rule 17), the journal from which a tail is cut, telling the books
 * what happened and the nodes what was appended. Its state after a loss is what it would be had the last calls never
 * come.
 * Does not own: late answers and failures on the way to it (store-port.ts).
 */
import { memoryStore } from '../../src/server/memory-store.js'
import type {
  Append,
  AppendListener,
  AttachRequest,
  AttachResult,
  Commit,
  CommitResult,
  LogPage,
  LogState,
  SessionRequest,
  SessionResult,
  Store,
} from '../../src/server/core/store.js'
import type { ManualClock, SeededRandom } from '../../src/testing/index.js'

/** What the books want to know of the store. */
export interface StoreWitness {
  attached(request: AttachRequest, result: AttachResult): void
  committed(commit: Commit, result: CommitResult): void
  session(request: SessionRequest, result: SessionResult, at: number): void
  sessionDetached(id: string, owner: string, ended: boolean, at: number): void
  appended: AppendListener
  /** What follows, until `rebuilt`, builds the state up that is left. */
  lost(): void
  rebuilt(): void
  /** What a process was told of a log. */
  told(log: string, state: LogState): void
}

type Call =
  | { readonly do: 'attachProducer'; readonly of: AttachRequest }
  | { readonly do: 'commit'; readonly of: Commit }
  | { readonly do: 'append'; readonly of: Append }
  | { readonly do: 'attachSession'; readonly of: SessionRequest }
  | { readonly do: 'detachSession'; readonly of: readonly [id: string, owner: string, ended: boolean] }
  | { readonly do: 'detachProducer'; readonly of: readonly [id: string, owner: string] }

interface Entry {
  readonly at: number
  readonly call: Call
}

export interface SharedStoreOptions {
  readonly clock: ManualClock
  readonly random: SeededRandom
  readonly historyMessages: number
  readonly sessionMs: number
  readonly maxInFlight: number
  readonly witness: StoreWitness
}

/** The memory store answers at once; its type says that another might not. */
const now = <T>(answer: T | PromiseLike<T>): T => answer as T

export class SharedStore {
  readonly #options: SharedStoreOptions
  readonly #listeners = new Set<AppendListener>()
  #inner: Store
  #generation = 0
  #journal: Entry[] = []
  /** Set while the journal is played again. */
  #replayedAt: number | null = null
  /** Called when the store loses something: what it had told and nobody has heard yet is lost as well. */
  readonly #lossListeners = new Set<() => void>()

  constructor(options: SharedStoreOptions) {
    this.#options = options
    this.#inner = this.#makeInner()
  }

  get generation(): number {
    return this.#generation
  }

  /** Comes back as it was `ms` ago, in another generation. `Infinity`: empty. Returns how many calls were lost. */
  loseTail(ms: number): number {
    const until = this.#options.clock.now() - ms
    const kept = this.#journal.filter(({ at }) => at <= until)
    const lost = this.#journal.length - kept.length
    this.#generation++
    this.#options.witness.lost()
    for (const told of this.#lossListeners) told()
    this.#journal = kept
    this.#inner = this.#makeInner()
    for (const { at, call } of kept) {
      this.#replayedAt = at
      this.#make(call)
    }
    this.#replayedAt = null
    this.#options.witness.rebuilt()
    return lost
  }

  listen(listener: AppendListener, lost: () => void): () => void {
    this.#listeners.add(listener)
    this.#lossListeners.add(lost)
    return () => {
      this.#listeners.delete(listener)
      this.#lossListeners.delete(lost)
    }
  }

  attachProducer(request: AttachRequest): AttachResult {
    return now(this.#do({ do: 'attachProducer', of: this.#inward(request) })) as AttachResult
  }

  /** A process that attached in an earlier generation has lost what it attached to. */
  commit(commit: Commit): CommitResult {
    const prefix = this.#outward('')
    const { owner, epoch } = commit
    if (!owner.startsWith(prefix) || !epoch.startsWith(prefix)) return { ok: false, why: 'gone' }
    const inward = { ...commit, owner: owner.slice(prefix.length), epoch: epoch.slice(prefix.length) }
    return this.#do({ do: 'commit', of: inward }) as CommitResult
  }

  append(append: Append): { epoch: string; offset: number } {
    const { epoch, offset } = this.#do({ do: 'append', of: append }) as { epoch: string; offset: number }
    return { epoch: this.#outward(epoch), offset }
  }

  attachSession(request: SessionRequest): SessionResult {
    return this.#do({ do: 'attachSession', of: request }) as SessionResult
  }

  detachSession(id: string, owner: string, ended: boolean): void {
    this.#do({ do: 'detachSession', of: [id, owner, ended] })
  }

  detachProducer(id: string, owner: string): void {
    const prefix = this.#outward('')
    if (owner.startsWith(prefix)) this.#do({ do: 'detachProducer', of: [id, owner.slice(prefix.length)] })
  }

  logState(log: string): LogState {
    const state = now(this.#inner.logState(log))
    this.#options.witness.told(log, state)
    return { ...state, epoch: this.#outward(state.epoch) }
  }

  read(log: string, after: number, limit: number): LogPage {
    const { state, entries } = now(this.#inner.read(log, after, limit))
    this.#options.witness.told(log, state)
    return { state: { ...state, epoch: this.#outward(state.epoch) }, entries }
  }

  #do(call: Call): unknown {
    this.#journal.push({ at: this.#options.clock.now(), call })
    return this.#make(call)
  }

  #make(call: Call): unknown {
    const { witness } = this.#options
    switch (call.do) {
      case 'attachProducer': {
        const result = this.#outwardResult(now(this.#inner.attachProducer(call.of)))
        witness.attached(this.#outwardRequest(call.of), result)
        return result
      }
      case 'commit': {
        const result = now(this.#inner.commit(call.of))
        witness.committed({ ...call.of, owner: this.#outward(call.of.owner) }, result)
        return result
      }
      case 'append':
        return this.#inner.append(call.of)
      case 'attachSession': {
        const result = now(this.#inner.attachSession(call.of))
        witness.session(call.of, result, this.#now())
        return result
      }
      case 'detachSession':
        witness.sessionDetached(...call.of, this.#now())
        return this.#inner.detachSession(...call.of)
      case 'detachProducer':
        return this.#inner.detachProducer(...call.of)
    }
  }

  /** An epoch of an earlier generation stays what it is: no record has it. */
  #inward(request: AttachRequest): AttachRequest {
    const { offer, heldOwner } = request
    const prefix = this.#outward('')
    const inward = (name: string): string => (name.startsWith(prefix) ? name.slice(prefix.length) : name)
    return {
      ...request,
      heldOwner: heldOwner === null ? null : inward(heldOwner),
      offer: offer.epoch === undefined ? offer : { ...offer, epoch: inward(offer.epoch) },
    }
  }

  /** For the witness. Ids have no dot in them: an epoch with one is of another generation. */
  #outwardRequest(request: AttachRequest): AttachRequest {
    const { offer, heldOwner } = request
    const outward = (name: string): string => (name.includes('.') ? name : this.#outward(name))
    return {
      ...request,
      heldOwner: heldOwner === null ? null : outward(heldOwner),
      offer: offer.epoch === undefined ? offer : { ...offer, epoch: outward(offer.epoch) },
    }
  }

  #outwardResult(result: AttachResult): AttachResult {
    if (!result.ok) return result
    const { epoch, owner } = result.record
    return {
      ...result,
      record: { ...result.record, epoch: this.#outward(epoch), owner: this.#outward(owner) },
    }
  }

  #outward(epoch: string): string {
    return `g${this.#generation}.${epoch}`
  }

  #now(): number {
    return this.#replayedAt ?? this.#options.clock.now()
  }

  #makeInner(): Store {
    const { random, historyMessages, sessionMs, maxInFlight, witness } = this.#options
    const store = memoryStore({
      clock: { now: () => this.#now() },
      random: random.fork(`generation ${this.#generation}`),
      historyMessages,
      sessionMs,
      maxInFlight,
    })
    store.listen((log, epoch, entry) => {
      const outward = this.#outward(epoch)
      witness.appended(log, outward, entry)
      if (this.#replayedAt !== null) return
      for (const listener of [...this.#listeners]) listener(log, outward, entry)
    })
    return store
  }
}
