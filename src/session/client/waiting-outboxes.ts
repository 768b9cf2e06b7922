/**
 * What closed pages left behind, until it is known whose page this is (rules 6 and 15).
 *
 * Owns: which of it this page takes over, and when; which it lets go of.
 * Does not own: how an outbox is taken over (persistence.ts).
 */
import type { StoredOutbox } from '../../protocol/storage.js'
import { sameOwner } from './handshake.js'

/**
 * A connection takes sixteen producers at least, refused and retired ones too. Four stay for the lanes and requests of this
 * page, and four for those of the next user, should a WELCOME name another than before.
 */
const MAX_TAKEN_OVER = 8
const MAX_BEFORE_OWN = 12

export class WaitingOutboxes {
  #waiting: readonly StoredOutbox[] = []
  #user: string | null = null
  /** Something was let go of that this page may have to do with later. */
  #letGo = false

  get empty(): boolean {
    return this.#waiting.length === 0
  }

  add(outboxes: readonly StoredOutbox[]): void {
    this.#waiting = [...this.#waiting, ...outboxes]
  }

  /** A WELCOME names the user. `true`: there may be something of theirs by now that nobody holds. */
  welcomed(user: string): boolean {
    const changed = this.#user !== null && !sameOwner(this.#user, user)
    this.#user = user
    return changed || this.#letGo
  }

  /** Takes out what is this user's or nobody's, in the order of storage, as far as there is room. */
  takeOurs(takenOver: number, attached: number): readonly StoredOutbox[] {
    const room = Math.max(0, Math.min(MAX_TAKEN_OVER - takenOver, MAX_BEFORE_OWN - attached))
    const ours = this.#waiting.filter((outbox) => this.#isOurs(outbox)).slice(0, room)
    this.#waiting = this.#waiting.filter((outbox) => !ours.includes(outbox))
    return ours
  }

  /** Takes out what this page has no use for now: another's, and what found no room. Another page may open for it meanwhile. */
  takeRest(): { readonly rest: readonly StoredOutbox[]; readonly others: boolean } {
    if (this.#user === null) return { rest: [], others: false }
    const rest = this.#waiting
    this.#waiting = []
    this.#letGo ||= rest.length > 0
    return { rest, others: rest.some((outbox) => !this.#isOurs(outbox)) }
  }

  #isOurs({ producer: { user } }: StoredOutbox): boolean {
    return this.#user !== null && (user === null || sameOwner(user, this.#user))
  }
}
