/**
 * The book of messages on their way up: what was sent, what ran, what became of it (I1, I2, I3, I4, I10).
 *
 * Owns: bookkeeping of its own. It asks the library for nothing but what an application is told.
 */
import type { OutcomeState } from '../../src/index.js'
import { Violation } from '../../src/testing/simulation/index.js'

/** One run of a handler. */
export interface Run {
  /** Name of the process. */
  readonly process: string
  /** Of the producer's record, as that process knows it. */
  readonly epoch: string
  readonly owner: string
  readonly redelivered: boolean
  readonly signal: AbortSignal
  /** What the handler sent through its context. */
  effects: number
  ended: 'done' | 'failed' | null
}

const WITHOUT_EFFECT: readonly (OutcomeState | null)[] = ['cancelled', 'expired', 'dropped']

export class SentMessage {
  outcome: OutcomeState | null = null
  code: string | null = null
  readonly runs: Run[] = []
  /** Its page went while it was stored: the next page settles it, and nobody is told of the outcome. */
  leftover = false
  /** Epochs in which it was written to the wire. */
  readonly writtenIn = new Set<string>()
  /** For a request: what was written before it on its last connection. */
  after: readonly { readonly producer: string; readonly owner: string; readonly seq: number }[] = []

  constructor(
    readonly id: string,
    readonly kind: 'message' | 'request',
    readonly policy: 'resend' | 'reject',
    readonly tag: number,
    /** Whether a handler of the server handles it. */
    readonly handled: boolean,
    /** The page that sent it. */
    readonly page: string,
  ) {}

  settled(outcome: OutcomeState, code: string | null): void {
    if (this.outcome !== null)
      throw new Violation('I4', `${this.id} ended twice: ${this.outcome}, ${outcome}`)
    this.outcome = outcome
    this.code = code
    if (outcome === 'accepted' && this.handled && this.runs.length === 0) {
      throw new Violation('I3', `${this.id} was accepted and never ran`)
    }
    this.#checkWithoutEffect()
  }

  ran(run: Run): void {
    this.#checkRun(run)
    this.runs.push(run)
    this.#checkWithoutEffect()
  }

  written(epoch: string): void {
    this.writtenIn.add(epoch)
    if (this.writtenIn.size < 2) return
    if (this.kind === 'request')
      throw new Violation('I1', `request ${this.id} was written into a second epoch`)
    if (this.policy === 'reject' && !this.leftover) {
      throw new Violation('I1', `${this.id} was written into a second epoch under onUnknown: 'reject'`)
    }
    if (WITHOUT_EFFECT.includes(this.outcome) && !this.leftover) {
      throw new Violation('I3', `${this.id} was written after it had ended as ${this.outcome}`)
    }
  }

  #checkRun(run: Run): void {
    if (this.runs.length === 0) return
    if (this.kind === 'request') throw new Violation('I1', `request ${this.id} ran twice`)
    for (const before of this.runs) {
      if (before.epoch === run.epoch && before.owner === run.owner) {
        throw new Violation('I1', `${this.id} ran twice in one epoch, under one owner (${run.process})`)
      }
      if (!before.redelivered && !run.redelivered) {
        throw new Violation('I1', `the second run of ${this.id} is not marked redelivered (${run.process})`)
      }
      if (this.policy === 'reject' && before.epoch !== run.epoch) {
        throw new Violation('I1', `${this.id} ran in two epochs under onUnknown: 'reject'`)
      }
    }
  }

  #checkWithoutEffect(): void {
    if (this.leftover || !WITHOUT_EFFECT.includes(this.outcome) || this.runs.length === 0) return
    throw new Violation('I3', `${this.id} ended as ${this.outcome}, but ran`)
  }
}

/** What one process does with one producer, under one owner. */
interface Hand {
  seq: number
  running: Run | null
}

export class MessageBook {
  readonly #sent = new Map<string, SentMessage>()
  readonly #hands = new Map<string, Hand>()
  readonly #questions = new Map<number, { readonly policy: 'resend' | 'reject'; id: string | null }>()
  /** Numbers that were said to be void, until the next check. */
  #voided: { readonly message: SentMessage; readonly alive: () => boolean }[] = []

  get(id: string): SentMessage | undefined {
    return this.#sent.get(id)
  }

  sent(message: SentMessage): void {
    if (this.#sent.has(message.id)) throw new Violation('I4', `two messages have the id ${message.id}`)
    this.#sent.set(message.id, message)
  }

  /** A request is made; it has no id before it is written. */
  ask(tag: number, policy: 'resend' | 'reject'): void {
    this.#questions.set(tag, { policy, id: null })
  }

  /** A request is written. */
  asked(id: string, tag: number, page: string): SentMessage | undefined {
    const question = this.#questions.get(tag)
    if (question === undefined) return undefined
    if (question.id !== null && question.id !== id) {
      throw new Violation('I1', `one request was written as ${question.id} and as ${id}`)
    }
    if (question.id === null) {
      question.id = id
      this.sent(new SentMessage(id, 'request', question.policy, tag, true, page))
    }
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
    const key = `${producer} ${run.owner}`
    const hand = this.#hands.get(key)
    if (hand === undefined) {
      this.#hands.set(key, { seq, running: run })
      return
    }
    if (seq <= hand.seq) throw new Violation('I2', `${id} began after number ${hand.seq} of its producer`)
    const { running } = hand
    if (message.kind === 'message' && running !== null && running.ended === null && !running.signal.aborted) {
      throw new Violation('I2', `${id} began while number ${hand.seq} of its producer was running`)
    }
    hand.seq = seq
    hand.running = run
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
