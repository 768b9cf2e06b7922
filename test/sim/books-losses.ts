/**
 * What one page lost, and when: the memory of a server, the right to a producer, its user, its session (I4).
 *
 * Owns: which of its messages and requests a loss explains: those that were there before it, in the epoch that it ended.
 */
import type { SentMessage } from './books-sent.js'

/** No loss yet. */
const NEVER = Number.NEGATIVE_INFINITY

interface Loss {
  /** When the page heard of it last. */
  at: number
  /** Epochs that ended. */
  readonly epochs: Set<string>
}

export class LossBook {
  /** Producers of which the server forgot what it had. */
  readonly #forgotten = new Map<string, Loss>()
  /** Producers that were refused, and when. */
  readonly #refused = new Map<string, number>()
  /** Producers, and up to where the server remembers no refusals any more, in the epoch that it told last. */
  readonly #unremembered = new Map<string, { readonly epoch: string; readonly upTo: number }>()
  #userChangedAt = NEVER
  #sessionEndedAt = NEVER

  forgot(producer: string, epoch: string, at: number): void {
    const loss = this.#forgotten.get(producer) ?? { at, epochs: new Set<string>() }
    loss.at = at
    loss.epochs.add(epoch)
    this.#forgotten.set(producer, loss)
  }

  refused(producer: string, at: number): void {
    this.#refused.set(producer, at)
  }

  /** The server tells refusals of what comes after `seq`. In another epoch its numbers begin anew: what was before says nothing. */
  remembers(producer: string, epoch: string, seq: number): void {
    const known = this.#unremembered.get(producer)
    const before = known?.epoch === epoch ? known.upTo : 0
    this.#unremembered.set(producer, { epoch, upTo: Math.max(seq, before) })
  }

  userChanged(at: number): void {
    this.#userChangedAt = at
  }

  sessionEnded(at: number): void {
    this.#sessionEndedAt = at
  }

  /** Written in an epoch that ended; what no wire showed may have gone to a socket that was closing, before it did. */
  explainsForgotten(producer: string, sentAt: number, writtenIn: SentMessage['writtenIn'] | null): boolean {
    const loss = this.#forgotten.get(producer)
    if (loss === undefined) return false
    if (writtenIn === null || writtenIn.size === 0) return sentAt <= loss.at
    return [...writtenIn].some((epoch) => loss.epochs.has(epoch))
  }

  /** Nobody knows any more whether it was refused. */
  explainsUnremembered(producer: string, seq: number): boolean {
    return seq <= (this.#unremembered.get(producer)?.upTo ?? 0)
  }

  explainsRefused(producer: string, sentAt: number): boolean {
    return sentAt <= (this.#refused.get(producer) ?? NEVER)
  }

  explainsUserChanged(sentAt: number): boolean {
    return sentAt <= this.#userChangedAt
  }

  explainsSessionEnded(askedAt: number): boolean {
    return askedAt <= this.#sessionEndedAt
  }

  /** For what no wire showed: nobody knows its producer. */
  explainsUnseen(code: string, askedAt: number): boolean {
    if (code === 'producer_refused') return [...this.#refused.values()].some((at) => askedAt <= at)
    return code === 'server_forgot' && [...this.#forgotten.values()].some(({ at }) => askedAt <= at)
  }
}
