/**
 * Receipts: what becomes of one message.
 *
 * Owns: the promise side of a message, made only when somebody asks for it.
 * Does not own: the message's state; a receipt looks at the outbox entry it stands for.
 */
import type { Outcome, ReceiptState } from '../protocol/messages.js'
import type { OutboxEntry } from '../delivery/producer.js'
import { endedBadly } from '../session/client/requests.js'
import type { Delivered, Receipt } from './types.js'

/** What a receipt needs to know of its message; an outbox entry is one. */
export interface ReceiptSource
  extends Pick<OutboxEntry, 'id' | 'state' | 'settled' | 'extra' | 'withExtra'> {}

/** What a receipt may ask of its client. */
export interface ReceiptHost {
  cancel(source: ReceiptSource): boolean
  stored(source: ReceiptSource): Promise<'stored' | 'memory-only'>
}

export class MessageReceipt implements Receipt {
  readonly #source: ReceiptSource
  readonly #host: ReceiptHost
  #settled: Promise<Outcome> | null = null
  #promise: Promise<Delivered> | null = null

  constructor(source: ReceiptSource, host: ReceiptHost) {
    this.#source = source
    this.#host = host
  }

  get id(): string {
    return this.#source.id
  }

  get state(): ReceiptState {
    return this.#source.state
  }

  get settled(): Promise<Outcome> {
    this.#settled ??= new Promise((resolve) => {
      if (this.#source.settled) return resolve(outcomeOf(this.#source))
      const extra = this.#source.withExtra()
      const earlier = extra.onSettled
      extra.onSettled = (entry) => {
        earlier?.(entry)
        resolve(outcomeOf(entry))
      }
    })
    return this.#settled
  }

  get stored(): Promise<'stored' | 'memory-only'> {
    return this.#host.stored(this.#source)
  }

  cancel(): boolean {
    return this.#host.cancel(this.#source)
  }

  then<A = Delivered, B = never>(
    onFulfilled?: ((value: Delivered) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#asPromise().then(onFulfilled, onRejected)
  }

  catch<R = never>(onRejected?: ((reason: unknown) => R | PromiseLike<R>) | null): Promise<Delivered | R> {
    return this.#asPromise().catch(onRejected)
  }

  finally(onFinally?: (() => void) | null): Promise<Delivered> {
    return this.#asPromise().finally(onFinally)
  }

  #asPromise(): Promise<Delivered> {
    this.#promise ??= this.settled.then(({ id, outcome }) => {
      if (outcome === 'accepted' || outcome === 'written') return { id, outcome }
      throw endedBadly(this.#source)
    })
    return this.#promise
  }
}

/** The end of a message as data. */
export function outcomeOf(source: ReceiptSource): Outcome {
  const { id, state, extra } = source
  return {
    id,
    outcome: state === 'queued' ? 'unknown' : state,
    code: extra?.code ?? null,
    message: extra?.message ?? null,
  }
}

/** A message that ended before it was ever queued: refused by the contract, volatile, or sent on a closed client. */
export function endedSource(
  id: string,
  state: Exclude<ReceiptState, 'queued'>,
  code: string | null,
  message: string | null,
): ReceiptSource {
  const extra = { expiresAt: null, replaces: null, onSettled: null, code, message }
  return { id, state, settled: true, extra, withExtra: () => extra }
}
