/**
 * The books of a simulated world: what was sent, run, appended, delivered and announced, and whether it adds up.
 *
 * Owns: bookkeeping of its own, checked as things happen. It asks the library for nothing but what it is told as an
 * application would be. A broken promise is a {@link Violation} that names the invariant.
 */
import type { Gap, Message, OutcomeState } from '../../src/index.js'

export class Violation extends Error {
  constructor(
    readonly invariant: string,
    detail: string,
  ) {
    super(`${invariant}: ${detail}`)
  }
}

interface Run {
  /** Life of the store, and of the process on it. */
  store: number
  process: number
  redelivered: boolean
  ended: 'done' | 'failed' | null
}

/** One message on its way up. */
export class SentMessage {
  outcome: OutcomeState | null = null
  code: string | null = null
  readonly runs: Run[] = []

  constructor(
    readonly id: string,
    readonly kind: 'message' | 'request',
    readonly policy: 'resend' | 'reject',
  ) {}

  settled(outcome: OutcomeState, code: string | null): void {
    if (this.outcome !== null)
      throw new Violation('I4', `${this.id} ended twice: ${this.outcome}, ${outcome}`)
    this.outcome = outcome
    this.code = code
    if (outcome === 'accepted' && this.runs.length === 0) {
      throw new Violation('I3', `${this.id} was accepted and never ran`)
    }
    this.#checkWithoutEffect()
  }

  ran(run: Run): void {
    const before = this.runs.at(-1)
    if (before !== undefined) {
      if (this.kind === 'request') throw new Violation('I1', `request ${this.id} ran twice`)
      if (before.store === run.store && before.process === run.process) {
        throw new Violation('I1', `${this.id} ran twice in one process`)
      }
      if (!run.redelivered) throw new Violation('I1', `second run of ${this.id} is not marked redelivered`)
      if (this.policy === 'reject' && before.store !== run.store) {
        throw new Violation('I1', `${this.id} ran in two epochs under onUnknown: 'reject'`)
      }
    }
    this.runs.push(run)
    this.#checkWithoutEffect()
  }

  #checkWithoutEffect(): void {
    const without = ['cancelled', 'expired', 'dropped']
    if (this.outcome !== null && without.includes(this.outcome) && this.runs.length > 0) {
      throw new Violation('I3', `${this.id} ended as ${this.outcome}, but ran`)
    }
  }
}

/** All logs as the stores appended them: the truth that readers are held against. */
export class LogTruth {
  readonly #logs = new Map<string, Map<string, string[]>>()

  appended(log: string, epoch: string, offset: number, id: string): void {
    const epochs = this.#logs.get(log) ?? new Map<string, string[]>()
    const ids = epochs.get(epoch) ?? []
    if (offset !== ids.length + 1) throw new Violation('I6', `${log}/${epoch}: ${offset} after ${ids.length}`)
    ids.push(id)
    epochs.set(epoch, ids)
    this.#logs.set(log, epochs)
  }

  idAt(log: string, epoch: string, offset: number): string | undefined {
    return this.#logs.get(log)?.get(epoch)?.[offset - 1]
  }

  head(log: string, epoch: string): number {
    return this.#logs.get(log)?.get(epoch)?.length ?? 0
  }
}

/** One reader of one log: delivered entries and gaps have to partition it, in order (I5, I6). */
export class ReaderBook {
  #epoch: string
  #position: number
  delivered = 0

  constructor(
    readonly log: string,
    epoch: string,
    offset: number,
    readonly truth: LogTruth,
  ) {
    this.#epoch = epoch
    this.#position = offset
  }

  message(message: Message): void {
    const { offset, id } = message
    if (offset !== this.#position + 1) {
      throw new Violation(
        'I5',
        `${this.log}/${this.#epoch}: entry ${offset} after ${this.#position}, no gap told`,
      )
    }
    const truth = this.truth.idAt(this.log, this.#epoch, offset)
    if (truth !== id)
      throw new Violation('I5', `${this.log}/${this.#epoch}@${offset} is ${truth}, delivered ${id}`)
    this.#position = offset
    this.delivered++
  }

  gap(gap: Gap): void {
    if (gap.from !== this.#position + 1) {
      throw new Violation(
        'I5',
        `${this.log}: gap from ${gap.from}, but the reader stood at ${this.#position}`,
      )
    }
    this.#position = gap.to ?? 0
    this.#epoch = gap.epoch
  }

  /** At rest the reader has everything. */
  checkComplete(): void {
    const head = this.truth.head(this.log, this.#epoch)
    if (this.#position !== head) {
      throw new Violation(
        'I5',
        `${this.log}/${this.#epoch}: the reader ended at ${this.#position}, the log at ${head}`,
      )
    }
  }
}
