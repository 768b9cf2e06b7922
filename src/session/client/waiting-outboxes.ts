/**
 * What closed pages left behind, until it is known whose page this is (rules 6 and 15).
 *
 * Owns: which of it this page takes over; which it lets go of, and what it says of that.
 * Does not own: when, and what is stored of what it takes over (persistence.ts).
 */
import type { Sink } from '../../protocol/machine.js'
import type { StoredOutbox, StoredProducer } from '../../protocol/storage.js'
import { Producer } from '../../delivery/producer.js'
import { sameOwner } from './handshake.js'
import type { SessionEffect } from './inputs.js'

/**
 * A connection takes sixteen producers at least, refused and retired ones too. Four stay for the lanes and requests of this
 * page, and four for those of the next user, should a WELCOME name another than before.
 */
const MAX_TAKEN_OVER = 8
const MAX_BEFORE_OWN = 12

export class WaitingOutboxes {
  readonly #emit: Sink<SessionEffect>
  #waiting: StoredOutbox[] = []
  /** Storage may hold by now what it did not give when it was opened. */
  #mayHoldMore = false
  /** What the server refused, and to whom: stored without a name or not, it is another's. */
  readonly #refused = new Map<string, string | null>()

  constructor(emit: Sink<SessionEffect>) {
    this.#emit = emit
  }

  add(outbox: StoredOutbox): void {
    this.#waiting.push(outbox)
  }

  /** A connection is made: whatever was let go of since storage was opened, by this page or another, is asked for. */
  claim(): void {
    if (this.#mayHoldMore) this.#emit({ type: 'claim' })
    this.#mayHoldMore = true
  }

  /**
   * Takes out what is of `user` or of nobody, in the order of storage, as far as there is room on the connection. The rest
   * is let go of, for another page may open for it meanwhile.
   */
  takeOurs(user: string | null, takenOver: number, attached: number): readonly StoredOutbox[] {
    const isRefused = (id: string): boolean => {
      const to = this.#refused.get(id)
      return to != null && user !== null && sameOwner(to, user)
    }
    const isOurs = ({ producer }: StoredOutbox): boolean =>
      !isRefused(producer.id) && (producer.user === null || (user !== null && sameOwner(producer.user, user)))
    const room = Math.max(0, Math.min(MAX_TAKEN_OVER - takenOver, MAX_BEFORE_OWN - attached))
    const ours = this.#waiting.filter(isOurs)
    const taken = ours.slice(0, room)
    if (ours.length < this.#waiting.length) warnOfOthers(this.#emit)
    if (taken.length < ours.length) warnOfTooMany(this.#emit, ours.length - taken.length)
    this.#waiting = this.#waiting.filter((outbox) => !taken.includes(outbox))
    this.letGo()
    return taken
  }

  /** A server knows it to be another's: it is not taken over as this user again. */
  refused(id: string, user: string | null): void {
    this.#refused.set(id, user)
  }

  /** Nothing waits here any more, where no other page can have it. */
  letGo(): void {
    for (const { producer } of this.#waiting) this.#emit({ type: 'release', producer: producer.id })
    this.#waiting = []
    this.#mayHoldMore = true
  }
}

export function warnOfOthers(emit: Sink<SessionEffect>): void {
  emit({
    type: 'warning',
    code: 'outbox_of_another_user',
    message: 'storage holds messages of another user; they stay there for them',
  })
}

function warnOfTooMany(emit: Sink<SessionEffect>, count: number): void {
  emit({
    type: 'warning',
    code: 'outboxes_waiting',
    message: `closed pages left more outboxes than a connection has room for: ${count} go out after the next connection (restart()), or with another page`,
  })
}

/** A stored producer, as this page goes on with it. */
export function heirOf(stored: StoredProducer): Producer {
  const producer = new Producer({ id: stored.id, key: stored.key, kind: 'messages', priority: 'normal' })
  producer.attach = stored.attach + 1
  producer.epoch = stored.epoch
  producer.user = stored.user
  producer.floor = stored.floor
  producer.written = stored.floor
  return producer
}
