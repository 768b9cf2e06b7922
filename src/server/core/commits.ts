/**
 * Commits: how what handlers did becomes lasting (rule 1).
 *
 * Owns: one commit at a time per producer, repeated until the store has answered; nothing is acknowledged before.
 * Does not own: what is staged (acceptance.ts, requests.ts), nor what follows (`hooks`).
 */
import type { Refusal } from '../../protocol/frames.js'
import type { Kernel } from './kernel.js'
import type { Committing, Producer, Staged } from './model.js'
import type { Commit, CommitResult } from './store.js'
import { isRefused, voidedNumbers } from './voids.js'

export interface CommitHooks {
  committed(producer: Producer, committing: Committing): void
  /** The record is another's now, or gone, or not what this process remembers. */
  lost(producer: Producer, why: 'fenced' | 'gone' | 'conflict'): void
}

export class Commits {
  readonly #kernel: Kernel
  readonly #hooks: CommitHooks
  readonly #dirty = new Set<Producer>()

  constructor(kernel: Kernel, hooks: CommitHooks) {
    this.#kernel = kernel
    this.#hooks = hooks
  }

  /** Something was staged: it is committed at the end of the turn. */
  touch(producer: Producer): void {
    this.#dirty.add(producer)
  }

  /** One commit per producer, covering all that its turn staged. */
  flush(): void {
    for (const producer of this.#dirty) {
      if (!producer.retired && producer.committing === null && hasStaged(producer)) this.#begin(producer)
    }
    this.#dirty.clear()
  }

  succeeded(producer: Producer, commit: Commit, result: CommitResult): void {
    const { committing } = producer
    if (producer.retired) return
    if (committing?.commit !== commit) return this.#answeredAgain(producer, result)
    if (!result.ok && !(result.why === 'conflict' && result.last === commit.to)) {
      this.#hooks.lost(producer, result.why)
      return
    }
    this.#kernel.deadlines.cancel(committing.due)
    // A conflict whose `last` is what we wanted: it had been committed, only the answer was lost.
    producer.committing = null
    producer.committed = commit.to
    this.#remember(producer, commit.refused)
    if (hasStaged(producer)) this.touch(producer)
    this.#hooks.committed(producer, committing)
  }

  /** One that was made twice, and is done with: but the record may have become another's between the two answers (rule 10). */
  #answeredAgain(producer: Producer, result: CommitResult): void {
    if (!result.ok && result.why !== 'conflict' && producer.connection !== null)
      this.#hooks.lost(producer, result.why)
  }

  failed(producer: Producer, commit: Commit, error: unknown): void {
    const { committing } = producer
    if (committing?.commit !== commit || producer.retired) return
    const { now, deadlines } = this.#kernel
    this.#kernel.storeFailed('commit', error, committing.attempts)
    deadlines.cancel(committing.due)
    committing.due = deadlines.arm(now + this.#kernel.backoff(committing.attempts), () => {
      this.#make(producer, committing)
    })
    committing.attempts++
  }

  /** Without an answer in time it is made again, as after a failure: made twice, the second is a conflict. */
  #make(producer: Producer, committing: Committing): void {
    const { commit } = committing
    const { limits } = this.#kernel
    committing.due = this.#kernel.ifUnanswered(limits.handlerMs, (error) =>
      this.failed(producer, commit, error),
    )
    this.#kernel.emit({ type: 'commit', producer, commit })
  }

  #begin(producer: Producer): void {
    const { to, voids, begin, end, appends, starting } = producer.staged
    const oldest = to - this.#kernel.limits.maxInFlight
    const refused = [...producer.staged.refused, ...voidedNumbers(voids, oldest)]
    const { id, owner, epoch, committed: from } = producer
    const commit: Commit = { producer: id, owner, epoch, from, to, refused, begin, end, appends }
    producer.committing = { commit, starting, attempts: 0, due: null }
    producer.staged = nothingStaged(to)
    this.#make(producer, producer.committing)
  }

  #remember(producer: Producer, refused: readonly Refusal[]): void {
    if (refused.length === 0) return
    producer.untold.push(...refused.filter(isRefused))
    producer.refused.push(...refused)
    const oldest = producer.committed - this.#kernel.limits.maxInFlight
    producer.refused = producer.refused.filter(([seq]) => seq > oldest)
  }
}

export function nothingStaged(to: number): Staged {
  return { to, refused: [], voids: [], begin: [], end: [], appends: [], starting: [] }
}

function hasStaged({ staged, committing, committed }: Producer): boolean {
  const from = committing?.commit.to ?? committed
  return staged.to > from || staged.end.length > 0
}
