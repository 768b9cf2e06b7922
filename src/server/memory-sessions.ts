/**
 * Session records of the memory store.
 *
 * Owns: what attaching means for a session (rules 3, 15, 16), and when one goes.
 */
import type { SessionRecord, SessionRequest, SessionResult } from './core/store.js'

export interface SessionBounds {
  readonly sessionMs: number
  readonly maxSessions: number
  /** A session went, and its logs can go. */
  readonly dropped: (id: string) => void
}

type Slot = { -readonly [Key in keyof SessionRecord]: SessionRecord[Key] } & { detachedAt: number | null }

export class MemorySessions {
  readonly #bounds: SessionBounds
  readonly #slots = new Map<string, Slot>()
  /** Those without a connection, the longest detached first. */
  readonly #detached = new Map<string, Slot>()

  constructor(bounds: SessionBounds) {
    this.#bounds = bounds
  }

  attach(request: SessionRequest, now: number): SessionResult {
    const { offer } = request
    if (offer === null) return this.#create(request, null)
    const slot = this.#live(offer.id, now)
    if (slot === undefined) return this.#create(request, 'unknown')
    if (slot.key !== offer.key) return this.#create(request, 'key')
    if (slot.user !== request.user) return this.#create(request, 'user')
    if (offer.attach <= slot.attach) return this.#create(request, 'stale')
    slot.attach = offer.attach
    slot.owner = request.owner
    slot.detachedAt = null
    this.#detached.delete(slot.id)
    return { record: recordOf(slot), resumed: true, why: null }
  }

  detach(id: string, owner: string, ended: boolean, now: number): void {
    // One that is told again when the session has expired does not bring it back.
    const slot = this.#live(id, now)
    if (slot?.owner !== owner) return
    if (ended) {
      this.#drop(id)
      return
    }
    slot.detachedAt = now
    this.#detached.delete(id)
    this.#detached.set(id, slot)
  }

  sweep(now: number): void {
    for (const [id, slot] of this.#detached) {
      if (!this.#isExpired(slot, now)) return
      this.#drop(id)
    }
  }

  #live(id: string, now: number): Slot | undefined {
    const slot = this.#slots.get(id)
    if (slot === undefined || !this.#isExpired(slot, now)) return slot
    this.#drop(id)
    return undefined
  }

  #isExpired({ detachedAt }: Slot, now: number): boolean {
    return detachedAt !== null && now - detachedAt >= this.#bounds.sessionMs
  }

  /** The attach counter of a new session starts at 0: the client's count is per session. */
  #create({ user, owner, newId, newKey }: SessionRequest, why: string | null): SessionResult {
    const slot: Slot = { id: newId, key: newKey, user, attach: 0, owner, detachedAt: null }
    this.#slots.set(newId, slot)
    if (this.#slots.size > this.#bounds.maxSessions) this.#evict()
    return { record: recordOf(slot), resumed: false, why }
  }

  /** The one that was detached first goes; if none is, the oldest. */
  #evict(): void {
    const [victim] = this.#detached.size > 0 ? this.#detached.keys() : this.#slots.keys()
    if (victim !== undefined) this.#drop(victim)
  }

  #drop(id: string): void {
    this.#slots.delete(id)
    this.#detached.delete(id)
    this.#bounds.dropped(id)
  }
}

function recordOf({ id, key, user, attach, owner }: Slot): SessionRecord {
  return { id, key, user, attach, owner }
}
