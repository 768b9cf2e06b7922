/**
 * The book of messages on their way up: what was sent, what ran and in which order, how many at a time (I2, I4, I7).
 *
 * Owns: bookkeeping of its own. It asks the library for nothing but what an application is told.
 */
import { Violation } from '../../src/testing/simulation/index.js'
import { RequestBook } from './books-requests.js'
import { type Run, SentMessage } from './books-sent.js'

export { type Run, SentMessage } from './books-sent.js'

/** What one process does with one producer, under one owner. */
interface Hand {
  seq: number
  running: Run | null
  /** Of its requests, which run side by side. */
  requests: Run[]
}

export class MessageBook {
  readonly requests = new RequestBook()
  readonly #sent = new Map<string, SentMessage>()
  readonly #hands = new Map<string, Hand>()
  readonly #maxRequests: number
  /** Numbers that were said to be void, until the next check. */
  #voided: { readonly message: SentMessage; readonly alive: () => boolean }[] = []

  constructor(maxRequests = Number.POSITIVE_INFINITY) {
    this.#maxRequests = maxRequests
  }

  get(id: string): SentMessage | undefined {
    return this.#sent.get(id)
  }

  sent(message: SentMessage): void {
    if (this.#sent.has(message.id)) throw new Violation('I4', `two messages have the id ${message.id}`)
    this.#sent.set(message.id, message)
  }

  /** A request is written: from now on it has an id. */
  asked(id: string, tag: number, page: string): SentMessage | undefined {
    const question = this.requests.written(tag, id)
    if (question === undefined) return undefined
    if (!this.#sent.has(id)) this.sent(new SentMessage(id, 'request', question.policy, tag, true, page))
    return this.#sent.get(id)
  }

  /** Whether a handler of a producer runs that was not told to stop. */
  isRunning(producer: string, owner: string): boolean {
    const running = this.#hands.get(`${producer} ${owner}`)?.running
    return running != null && running.ended === null
  }

  /** A handler begins. */
  ran(id: string, run: Run): void {
    const { producer, seq } = splitId(id)
    const message = this.#sent.get(id)
    if (message === undefined) throw new Violation('I4', `a handler got ${id}, which nobody sent`)
    message.ran(run)
    const hand = this.#hand(`${producer} ${run.owner}`)
    if (seq <= hand.seq) throw new Violation('I2', `${id} began after number ${hand.seq} of its producer`)
    const { running } = hand
    if (message.kind === 'request') this.#checkSideBySide(hand, run, id)
    else if (running !== null && running.ended === null && !running.signal.aborted)
      throw new Violation('I2', `${id} began while number ${hand.seq} of its producer was running`)
    hand.seq = seq
    hand.running = run
  }

  #hand(key: string): Hand {
    const hand = this.#hands.get(key) ?? { seq: 0, running: null, requests: [] }
    this.#hands.set(key, hand)
    return hand
  }

  /** So many requests of one client run at a time; one that was given up is told to stop, and does not count here (I7). */
  #checkSideBySide(hand: Hand, run: Run, id: string): void {
    hand.requests = hand.requests.filter(({ ended, signal }) => ended === null && !signal.aborted)
    hand.requests.push(run)
    if (hand.requests.length > this.#maxRequests)
      throw new Violation(
        'I7',
        `${id} is request ${hand.requests.length} at a time; ${this.#maxRequests} may be`,
      )
  }

  runUnder(id: string, owner: string): Run | undefined {
    return this.#sent.get(id)?.runs.find((run) => run.owner === owner)
  }

  /** A later page may not know that it was accepted in an epoch that is over: then it will not come, in this one. */
  voided(message: SentMessage, page: string, alive: () => boolean): void {
    if (message.outcome === 'accepted' && message.page !== page) return
    this.#voided.push({ message, alive })
  }

  check(): void {
    const voided = this.#voided
    if (voided.length === 0) return
    this.#voided = []
    for (const { message, alive } of voided) {
      if (message.leftover || message.kind === 'request' || !alive()) continue
      if (message.outcome === null || message.outcome === 'accepted') {
        throw new Violation('I4', `${message.id} was declared void, and its end is ${message.outcome}`)
      }
    }
  }
}

/** A message's id is `<producer>.<number>`. */
export function splitId(id: string): { producer: string; seq: number } {
  const dot = id.lastIndexOf('.')
  return { producer: id.slice(0, dot), seq: Number(id.slice(dot + 1)) }
}
