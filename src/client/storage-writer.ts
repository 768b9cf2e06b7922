/**
 * Writing to a durable outbox.
 *
 * Owns: opening storage, applying changes in order, and what happens when it fails: memory has to do, and a warning says
 * so once.
 * Does not own: what is stored, and when it may be written to the wire (session/client/persistence.ts).
 */
import type { StorageChange, StoredOutbox } from '../protocol/storage.js'
import type { OutboxHandle, OutboxStorage } from '../runtime/ports.js'

export interface StorageHost {
  stored(batch: number): void
  /** Storage does not keep messages any more; said once. */
  degraded(error: unknown): void
}

export class StorageWriter {
  readonly #host: StorageHost
  readonly #opening: Promise<OutboxHandle | null>
  #tail: Promise<void>
  #healthy = true
  #pending = 0

  constructor(
    storage: OutboxStorage,
    host: StorageHost,
    adopt: (leftovers: readonly StoredOutbox[]) => void,
  ) {
    this.#host = host
    this.#opening = storage.open().then(
      (handle) => {
        adopt(handle.leftovers)
        return handle
      },
      (error: unknown) => {
        this.#degrade(error)
        return null
      },
    )
    this.#tail = this.#opening.then(() => undefined)
  }

  get healthy(): boolean {
    return this.#healthy
  }

  /** Resolves when everything handed over so far is stored, or cannot be. */
  get idle(): Promise<void> {
    return this.#tail
  }

  /** Whether anything is being written. */
  get busy(): boolean {
    return this.#pending > 0
  }

  write(batch: number, changes: readonly StorageChange[]): void {
    this.#pending++
    this.#tail = this.#tail.then(async () => {
      const handle = await this.#opening
      try {
        if (handle !== null && this.#healthy) await handle.apply(changes)
      } catch (error) {
        this.#degrade(error)
      }
      this.#pending--
      this.#host.stored(batch)
    })
  }

  release(producer: string): void {
    void this.#tail.then(async () => (await this.#opening)?.release(producer))
  }

  /** Lets go of the storage once everything is written. */
  async close(): Promise<void> {
    await this.#tail
    await (await this.#opening)?.close()
  }

  #degrade(error: unknown): void {
    if (!this.#healthy) return
    this.#healthy = false
    this.#host.degraded(error)
  }
}
