/**
 * Producer records of the memory store.
 *
 * Owns: what attaching and committing mean for a record (rules 1, 3, 5), and when a record goes.
 */
import type { Refusal } from '../protocol/frames.js'
import type {
  AttachRequest,
  AttachResult,
  BegunRequest,
  Commit,
  CommitResult,
  ProducerRecord,
} from './core/store.js'

export interface ProducerBounds {
  readonly producerMs: number
  readonly maxProducers: number
  readonly maxRefusals: number
}

type Slot = {
  -readonly [Key in Exclude<keyof ProducerRecord, 'refused' | 'begun'>]: ProducerRecord[Key]
} & {
  refused: Refusal[]
  readonly begun: Map<number, BegunRequest>
  /** `null` while a connection numbers in it. */
  detachedAt: number | null
}

export class MemoryProducers {
  readonly #bounds: ProducerBounds
  readonly #slots = new Map<string, Slot>()
  /** Those without a connection, the longest detached first. */
  readonly #detached = new Map<string, Slot>()

  constructor(bounds: ProducerBounds) {
    this.#bounds = bounds
  }

  attach(request: AttachRequest, now: number): AttachResult {
    const { offer, user } = request
    const slot = this.#live(offer.id, now)
    if (slot === undefined) return this.#create(request)
    if (slot.key !== offer.key) return { ok: false, why: 'key' }
    if (slot.user !== user) return { ok: false, why: 'user' }
    if (slot.kind !== offer.kind) return { ok: false, why: 'kind' }
    if (offer.attach <= slot.attach) return { ok: false, why: 'stale' }
    const isOtherEpoch = offer.epoch !== undefined && offer.epoch !== slot.epoch
    if (isOtherEpoch || slot.last < offer.floor) return this.#create(request)
    return this.#resume(slot, request)
  }

  commit({
    producer,
    owner,
    epoch,
    from,
    to,
    refused,
    begin,
    end,
  }: Commit): Exclude<CommitResult, { ok: true }> | null {
    const slot = this.#slots.get(producer)
    if (slot === undefined || slot.epoch !== epoch) return { ok: false, why: 'gone' }
    if (slot.owner !== owner) return { ok: false, why: 'fenced' }
    const endsUnknown = end.some((seq) => !slot.begun.has(seq))
    if (slot.last !== from || endsUnknown) return { ok: false, why: 'conflict', last: slot.last }
    slot.last = to
    for (const request of begin) slot.begun.set(request.seq, request)
    for (const seq of end) slot.begun.delete(seq)
    if (refused.length > 0) {
      slot.refused = [...slot.refused, ...refused].filter(([seq]) => seq > to - this.#bounds.maxRefusals)
    }
    return null
  }

  detach(id: string, owner: string, now: number): void {
    // One that is told again when the record has expired does not bring it back.
    const slot = this.#live(id, now)
    if (slot?.owner !== owner) return
    slot.detachedAt = now
    this.#detached.delete(id)
    this.#detached.set(id, slot)
  }

  sweep(now: number): void {
    for (const [id, slot] of this.#detached) {
      if (!this.#isExpired(slot, now)) return
      this.#forget(id)
    }
  }

  #live(id: string, now: number): Slot | undefined {
    const slot = this.#slots.get(id)
    if (slot === undefined || !this.#isExpired(slot, now)) return slot
    this.#forget(id)
    return undefined
  }

  #isExpired({ detachedAt }: Slot, now: number): boolean {
    return detachedAt !== null && now - detachedAt >= this.#bounds.producerMs
  }

  #resume(slot: Slot, { offer, heldOwner, newOwner }: AttachRequest): AttachResult {
    const isKept = slot.owner === heldOwner
    slot.attach = offer.attach
    slot.detachedAt = null
    this.#detached.delete(slot.id)
    if (!isKept) {
      slot.owner = newOwner
      slot.redeliveredUpTo = Math.max(slot.redeliveredUpTo, offer.written)
    }
    return { ok: true, record: recordOf(slot), how: isKept ? 'kept' : 'taken' }
  }

  /** Rule 5: the server forgot, so what was written may have been handled before. */
  #create({ offer, user, newOwner, newEpoch }: AttachRequest): AttachResult {
    const { id, key, kind, attach, floor, written } = offer
    const slot: Slot = {
      id,
      key,
      kind,
      user,
      epoch: newEpoch,
      owner: newOwner,
      attach,
      last: floor,
      refused: [],
      begun: new Map(),
      redeliveredUpTo: written,
      detachedAt: null,
    }
    this.#forget(id)
    this.#slots.set(id, slot)
    if (this.#slots.size > this.#bounds.maxProducers) this.#evict()
    return { ok: true, record: recordOf(slot), how: 'created' }
  }

  /** The one that was detached first goes; if none is, the oldest. */
  #evict(): void {
    const [victim] = this.#detached.size > 0 ? this.#detached.keys() : this.#slots.keys()
    if (victim !== undefined) this.#forget(victim)
  }

  #forget(id: string): void {
    this.#slots.delete(id)
    this.#detached.delete(id)
  }
}

function recordOf(slot: Slot): ProducerRecord {
  const { detachedAt: _, refused, begun, ...rest } = slot
  return { ...rest, refused: [...refused], begun: [...begun.values()] }
}
