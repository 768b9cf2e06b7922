/**
 * Producer records of the memory store.
 *
 * Owns: what attaching and committing mean for a record (rules 1, 3, 5).
 * Does not own: when a record goes (memory-records.ts).
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
import { MemoryRecords, type RecordBounds } from './memory-records.js'

type Slot = {
  -readonly [Key in Exclude<keyof ProducerRecord, 'refused' | 'begun'>]: ProducerRecord[Key]
} & {
  refused: Refusal[]
  readonly begun: Map<number, BegunRequest>
  /** `null` while a connection numbers in it. */
  detachedAt: number | null
}

export class MemoryProducers {
  readonly #maxRefusals: number
  readonly #records: MemoryRecords<Slot>

  /** `maxRefusals`: the numbers, counted back from the last, for which refusals are remembered. */
  constructor(bounds: RecordBounds, maxRefusals: number) {
    this.#records = new MemoryRecords(bounds)
    this.#maxRefusals = maxRefusals
  }

  attach(request: AttachRequest, now: number): AttachResult {
    const { offer, user } = request
    const slot = this.#records.live(offer.id, now)
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
    const slot = this.#records.get(producer)
    if (slot === undefined || slot.epoch !== epoch) return { ok: false, why: 'gone' }
    if (slot.owner !== owner) return { ok: false, why: 'fenced' }
    const endsUnknown = end.some((seq) => !slot.begun.has(seq))
    if (slot.last !== from || endsUnknown) return { ok: false, why: 'conflict', last: slot.last }
    slot.last = to
    for (const request of begin) slot.begun.set(request.seq, request)
    for (const seq of end) slot.begun.delete(seq)
    if (refused.length > 0) {
      slot.refused = [...slot.refused, ...refused].filter(([seq]) => seq > to - this.#maxRefusals)
    }
    return null
  }

  detach(id: string, owner: string, now: number): void {
    // One that is told again when the record has expired does not bring it back.
    const slot = this.#records.live(id, now)
    if (slot?.owner === owner) this.#records.detached(slot, now)
  }

  sweep(now: number): void {
    this.#records.sweep(now)
  }

  #resume(slot: Slot, { offer, heldOwner, newOwner }: AttachRequest): AttachResult {
    const isKept = slot.owner === heldOwner
    slot.attach = offer.attach
    this.#records.attached(slot)
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
    this.#records.drop(id)
    this.#records.add(slot)
    return { ok: true, record: recordOf(slot), how: 'created' }
  }
}

function recordOf(slot: Slot): ProducerRecord {
  const { detachedAt: _, refused, begun, ...rest } = slot
  return { ...rest, refused: [...refused], begun: [...begun.values()] }
}
