/**
 * Records that outlive their connection: what producers and sessions of the memory store have in common.
 *
 * Owns: when a record goes: so long after its connection did, or to make room.
 * Does not own: what a record is attached by.
 */

export interface DetachableRecord {
  readonly id: string
  /** `null` while a connection has it. */
  detachedAt: number | null
}

export interface RecordBounds {
  /** How long a record outlives its connection, in ms. */
  readonly keptMs: number
  readonly maxRecords: number
  /** A record went. */
  readonly dropped?: (id: string) => void
}

export class MemoryRecords<R extends DetachableRecord> {
  readonly #bounds: RecordBounds
  readonly #records = new Map<string, R>()
  /** Those without a connection, the longest detached first. */
  readonly #detached = new Map<string, R>()

  constructor(bounds: RecordBounds) {
    this.#bounds = bounds
  }

  /** Also one that has expired, as long as nobody noticed. */
  get(id: string): R | undefined {
    return this.#records.get(id)
  }

  /** One that has expired goes, instead. */
  live(id: string, now: number): R | undefined {
    const record = this.#records.get(id)
    if (record === undefined || !this.#isExpired(record, now)) return record
    this.drop(id)
    return undefined
  }

  /** One with a connection. */
  add(record: R): void {
    this.#records.set(record.id, record)
    if (this.#records.size > this.#bounds.maxRecords) this.#evict()
  }

  attached(record: R): void {
    record.detachedAt = null
    this.#detached.delete(record.id)
  }

  detached(record: R, now: number): void {
    record.detachedAt = now
    this.#detached.delete(record.id)
    this.#detached.set(record.id, record)
  }

  sweep(now: number): void {
    for (const [id, record] of this.#detached) {
      if (!this.#isExpired(record, now)) return
      this.drop(id)
    }
  }

  drop(id: string): void {
    this.#records.delete(id)
    this.#detached.delete(id)
    this.#bounds.dropped?.(id)
  }

  #isExpired({ detachedAt }: R, now: number): boolean {
    return detachedAt !== null && now - detachedAt >= this.#bounds.keptMs
  }

  /** The one that was detached first goes; if none is, the oldest. */
  #evict(): void {
    const [victim] = this.#detached.size > 0 ? this.#detached.keys() : this.#records.keys()
    if (victim !== undefined) this.drop(victim)
  }
}
