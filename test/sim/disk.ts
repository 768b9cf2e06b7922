/**
 * A disk that several pages share, one after another or side by side.
 *
 * Owns: which messages are on it, by the changes that were applied; which outboxes nobody holds; how long it takes.
 */
import { memoryStorage, type OutboxStorage } from '../../src/index.js'
import { splitId } from './books-messages.js'
import type { Clock } from '../../src/runtime/ports.js'
import type { StorageChange } from '../../src/protocol/storage.js'

export class Disk {
  readonly storage: OutboxStorage = memoryStorage()
  readonly #kept = new Set<string>()
  /** Epoch of each producer, as it is on the disk. */
  readonly #epochs = new Map<string, string | null>()
  /** Whose each producer is, as it is on the disk. */
  readonly #users = new Map<string, string | null>()
  /** Outboxes that nobody holds, and since which of the disk's moments. */
  readonly #free = new Map<string, number>()
  #moments = 0
  /** How long a write takes, in ms. */
  latencyMs = 0
  /** A page gave up on it: what it holds may be older than what was written to the wire. */
  doubtful = false

  get kept(): Iterable<string> {
    return this.#kept
  }

  /** Of the messages that are on it. */
  producers(): readonly string[] {
    return [...new Set([...this.#kept].map((id) => splitId(id).producer))]
  }

  has(id: string): boolean {
    return this.#kept.has(id)
  }

  /** Messages of one producer that are on it. */
  of(producer: string): readonly string[] {
    return [...this.#kept].filter((id) => splitId(id).producer === producer)
  }

  /** Producers of which it lost the newest messages. */
  readonly lost = new Set<string>()

  /** What was written last is gone, of every outbox that nobody has open. Returns how many messages are. */
  async loseTail(most: number): Promise<number> {
    const handle = await this.storage.open()
    const changes = handle.leftovers.flatMap(({ producer: { id: producer }, messages }) =>
      messages.slice(-most).map(({ seq }) => ({ type: 'settle', producer, seq }) as const),
    )
    await handle.apply(changes)
    await handle.close()
    // Whoever asked meanwhile found them taken.
    this.letGo(handle.leftovers.map(({ producer: { id } }) => id))
    this.applied(changes)
    for (const { producer } of changes) this.lost.add(producer)
    return changes.length
  }

  /** Rises with everything that is let go of. */
  get moment(): number {
    return this.#moments
  }

  /** Outboxes with messages that nobody holds, and since which moment. */
  get free(): readonly (readonly [producer: string, since: number])[] {
    const kept = new Set(this.producers())
    return [...this.#free].filter(([producer]) => kept.has(producer))
  }

  taken(producers: readonly string[]): void {
    for (const producer of producers) this.#free.delete(producer)
  }

  letGo(producers: readonly string[]): void {
    this.#moments++
    for (const producer of producers) this.#free.set(producer, this.#moments)
  }

  epochOf(producer: string): string | null {
    return this.#epochs.get(producer) ?? null
  }

  userOf(producer: string): string | null {
    return this.#users.get(producer) ?? null
  }

  async delay(clock: Clock): Promise<void> {
    const { latencyMs } = this
    if (latencyMs > 0) await new Promise<void>((resolve) => void clock.setTimer(resolve, latencyMs))
  }

  /** `removed` hears of each message that is on it no more. */
  applied(changes: readonly StorageChange[], removed: (id: string) => void = () => undefined): void {
    const remove = (id: string): void => {
      if (this.#kept.delete(id)) removed(id)
    }
    for (const change of changes) {
      if (change.type === 'append') this.#kept.add(`${change.message.producer}.${change.message.seq}`)
      else if (change.type === 'settle') remove(`${change.producer}.${change.seq}`)
      else if (change.type === 'producer') {
        const { id, epoch, user } = change.producer
        this.#epochs.set(id, epoch)
        this.#users.set(id, user)
      } else {
        this.#epochs.delete(change.producer)
        this.#users.delete(change.producer)
        this.#free.delete(change.producer)
        for (const id of [...this.#kept]) if (splitId(id).producer === change.producer) remove(id)
      }
    }
  }
}
