/**
 * One message that was sent, as the books know it: what was asked for, where it ran, what became of it (I1, I3, I4).
 *
 * Owns: what may become of one message, whatever became of others. Of its end's cause: books-causes.ts.
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

/** What the application asked for when it sent a message. */
export interface Terms {
  /** `null`: to the server itself. */
  readonly room: string | null
  /** Whether the sender wants to see it in its room's log as well. */
  readonly echo: boolean
  readonly replaces: string | null
  readonly ttlMs: number | null
  readonly sentAt: number
  readonly signal: AbortSignal | null
}

const PLAIN: Terms = { room: null, echo: true, replaces: null, ttlMs: null, sentAt: 0, signal: null }

/** Ends that say: it was never written. */
export const WITHOUT_EFFECT: readonly (OutcomeState | null)[] = ['cancelled', 'expired', 'dropped']

export class SentMessage {
  outcome: OutcomeState | null = null
  code: string | null = null
  readonly runs: Run[] = []
  /** Its page went while it was stored: the next page settles it, and nobody is told of the outcome. */
  leftover = false
  /** Epochs in which it was written to the wire. */
  readonly writtenIn = new Set<string>()
  /** Its number was declared void, at some time. */
  voided = false
  /** It went into its room's log as it was. */
  appended = false
  /** Whose it is; `null`: nobody knows yet (books-owners.ts). */
  owner: string | null = null
  /** The application took it back, or tried to. */
  takenBack = false
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
    readonly terms: Terms = PLAIN,
  ) {}

  /** Nobody handles it: its room gets it as it is. */
  get isForItsRoom(): boolean {
    return this.kind === 'message' && !this.handled && this.terms.room !== null
  }

  settled(outcome: OutcomeState, code: string | null): void {
    if (this.outcome !== null)
      throw new Violation('I4', `${this.id} ended twice: ${this.outcome}, ${outcome}`)
    this.outcome = outcome
    this.code = code
    if (outcome === 'accepted') this.checkAccepted()
    if (WITHOUT_EFFECT.includes(outcome) && this.writtenIn.size > 0 && !this.leftover) {
      throw new Violation('I3', `${this.id} was written, and ended as ${outcome}`)
    }
    this.#checkWithoutEffect()
  }

  /** It is said to be accepted. */
  checkAccepted(): void {
    if (this.handled && this.runs.length === 0) {
      throw new Violation('I3', `${this.id} was accepted and never ran`)
    }
    if (this.isForItsRoom && !this.appended) {
      throw new Violation('I3', `${this.id} was accepted, and room ${this.terms.room} never got it`)
    }
  }

  ran(run: Run): void {
    this.#checkRun(run)
    this.runs.push(run)
    this.#checkWithoutEffect()
  }

  /** Its room got it. */
  passedOn(): void {
    this.appended = true
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
    const hadEffect = this.runs.length > 0 || this.appended
    if (this.leftover || !WITHOUT_EFFECT.includes(this.outcome) || !hadEffect) return
    throw new Violation(
      'I3',
      `${this.id} ended as ${this.outcome}, but ${this.appended ? 'went out' : 'ran'}`,
    )
  }
}
