/**
 * Session records of the memory store.
 *
 * Owns: what attaching means for a session (rules 3, 15, 16).
 * Does not own: when one goes (memory-records.ts), unless it was ended.
 */
import type { SessionRecord, SessionRequest, SessionResult } from './core/store.js'
import { MemoryRecords, type RecordBounds } from './memory-records.js'

type Slot = { -readonly [Key in keyof SessionRecord]: SessionRecord[Key] } & { detachedAt: number | null }

export class MemorySessions {
  readonly #records: MemoryRecords<Slot>

  constructor(bounds: RecordBounds) {
    this.#records = new MemoryRecords(bounds)
  }

  attach(request: SessionRequest, now: number): SessionResult {
    const { offer } = request
    if (offer === null) return this.#create(request, null)
    const slot = this.#records.live(offer.id, now)
    if (slot === undefined) return this.#create(request, 'unknown')
    if (slot.key !== offer.key) return this.#create(request, 'key')
    if (slot.user !== request.user) return this.#create(request, 'user')
    if (offer.attach <= slot.attach) return this.#create(request, 'stale')
    slot.attach = offer.attach
    slot.owner = request.owner
    this.#records.attached(slot)
    return { record: recordOf(slot), resumed: true, why: null }
  }

  detach(id: string, owner: string, ended: boolean, now: number): void {
    // One that is told again when the session has expired does not bring it back.
    const slot = this.#records.live(id, now)
    if (slot?.owner !== owner) return
    if (ended) this.#records.drop(id)
    else this.#records.detached(slot, now)
  }

  sweep(now: number): void {
    this.#records.sweep(now)
  }

  /** The attach counter of a new session starts at 0: the client's count is per session. */
  #create({ user, owner, newId, newKey }: SessionRequest, why: string | null): SessionResult {
    const slot: Slot = { id: newId, key: newKey, user, attach: 0, owner, detachedAt: null }
    this.#records.add(slot)
    return { record: recordOf(slot), resumed: false, why }
  }
}

function recordOf({ id, key, user, attach, owner }: Slot): SessionRecord {
  return { id, key, user, attach, owner }
}
