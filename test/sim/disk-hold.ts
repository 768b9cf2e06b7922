/**
 * One page's hold on a disk: the storage handle that its client is given.
 *
 * Owns: how long the disk takes, that what was under way is lost when the page goes, telling the disk what is held and what is let
 * go of.
 */
import type { OutboxHandle } from '../../src/index.js'
import type { StorageChange, StoredOutbox } from '../../src/protocol/storage.js'
import type { Clock } from '../../src/runtime/ports.js'
import type { Disk } from './disk.js'

/** The page, as its hold needs it. */
export interface Holder {
  readonly clock: Clock
  readonly alive: boolean
  /** A message is on the disk no more. */
  removed(id: string): void
  /** The client let go of an outbox. */
  released(producer: string): void
  /** The client got outboxes that had been let go of. */
  claimed(outboxes: readonly StoredOutbox[]): void
  /** The client let go of everything. */
  closed(hold: DiskHold): void
}

export class DiskHold implements OutboxHandle {
  readonly leftovers: readonly StoredOutbox[]
  readonly #handle: OutboxHandle
  readonly #disk: Disk
  readonly #holder: Holder
  readonly #held = new Set<string>()
  #given: readonly string[] = []

  constructor(handle: OutboxHandle, disk: Disk, holder: Holder) {
    this.#handle = handle
    this.#disk = disk
    this.#holder = holder
    this.leftovers = handle.leftovers
    this.#take(handle.leftovers)
  }

  /** Outboxes of other pages that it was given and has not let go of, in the order in which it was. */
  get given(): readonly string[] {
    return this.#given
  }

  /** Whether messages of a producer are on the disk and not in these hands. */
  get isShared(): boolean {
    return this.#disk.producers().some((id) => !this.#held.has(id))
  }

  async apply(changes: readonly StorageChange[]): Promise<void> {
    // What was on its way to the disk when the page went is lost: the tail of the outbox.
    await this.#underWay()
    await this.#handle.apply(changes)
    for (const change of changes) if (change.type === 'producer') this.#held.add(change.producer.id)
    this.#disk.applied(changes, (id) => this.#holder.removed(id))
  }

  release(producer: string): void {
    this.#handle.release(producer)
    if (!this.#held.delete(producer)) return
    this.#given = this.#given.filter((one) => one !== producer)
    this.#disk.letGo([producer])
    this.#holder.released(producer)
  }

  async claim(): Promise<readonly StoredOutbox[]> {
    await this.#underWay()
    const found = (await this.#handle.claim?.()) ?? []
    if (!this.#holder.alive) return new Promise<never>(() => undefined)
    this.#take(found)
    if (found.length > 0) this.#holder.claimed(found)
    return found
  }

  close(): Promise<void> {
    this.#holder.closed(this)
    this.#disk.letGo([...this.#held])
    this.#held.clear()
    return this.#handle.close()
  }

  #take(outboxes: readonly StoredOutbox[]): void {
    const ids = outboxes.map(({ producer }) => producer.id)
    for (const id of ids) this.#held.add(id)
    this.#given = [...this.#given, ...ids]
    this.#disk.taken(ids)
  }

  /** Never ends for a page that is gone. */
  async #underWay(): Promise<void> {
    await this.#disk.delay(this.#holder.clock)
    if (!this.#holder.alive) await new Promise<never>(() => undefined)
  }
}
