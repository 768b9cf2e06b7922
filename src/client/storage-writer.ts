/**
 * Writing to a durable outbox.
 *
 * Owns: opening storage, applying changes in order, and what happens when it fails or hangs: memory has to do, and a
 * warning says so once.
 * Does not own: what is stored, and when it may be written to the wire (session/client/persistence.ts).
 */
import { TimeoutError } from '../protocol/errors.js'
import type { StorageChange, StoredOutbox } from '../protocol/storage.js'
import type { Clock, OutboxHandle, StorageAdapter } from '../runtime/ports.js'

/**
 * Storage that takes longer is given up. A healthy disk takes milliseconds; IndexedDB that another tab blocks takes for
 * ever, and would hold up every message and every dial. Half of the default `connectTimeoutMs`, so that the first dial
 * still has its chance.
 */
const STORAGE_TIMEOUT_MS = 10_000

export interface StorageHost {
  /** Not `kept`: memory has to do. */
  stored(batch: number, kept: boolean): void
  /** What closed pages left behind: before anything is stored, and after each {@link StorageWriter.claim}. */
  adopt(leftovers: readonly StoredOutbox[]): void
  /** Storage does not keep messages any more; said once. */
  degraded(error: unknown): void
}

export class StorageWriter {
  readonly #host: StorageHost
  readonly #clock: Clock
  readonly #opening: Promise<OutboxHandle | null>
  #tail: Promise<void>
  #healthy = true
  /** The newest write, settled or not. */
  #writing: Promise<void> = Promise.resolve()

  constructor(storage: StorageAdapter, clock: Clock, host: StorageHost) {
    this.#host = host
    this.#clock = clock
    this.#opening = this.#open(storage)
    this.#tail = this.#opening.then(() => undefined)
  }

  get healthy(): boolean {
    return this.#healthy
  }

  /** Resolves when everything handed over so far is stored, or cannot be. Never rejects. */
  get idle(): Promise<void> {
    return this.#tail
  }

  write(batch: number, changes: readonly StorageChange[]): void {
    this.#after(async (handle) => {
      if (handle !== null && this.#healthy)
        await this.#attempt(() => this.#inTime((this.#writing = handle.apply(changes))))
      this.#host.stored(batch, this.#healthy)
    })
  }

  release(producer: string): void {
    this.#after(async (handle) => {
      const letGo = (): Promise<void> => this.#attempt(async () => handle?.release(producer))
      // A write that was given up may still come to its end, and must not meet what another page has written by then.
      const released = this.#writing.then(letGo, letGo)
      if (this.#healthy) await released
    })
  }

  /** Adopts what has been let go of since the storage was opened, if it can say. Never throws. */
  claim(): void {
    this.#after((handle) =>
      this.#attempt(async () => {
        if (handle?.claim === undefined || !this.#healthy) return
        const claimed = await this.#inTime(handle.claim(), (late) => void this.#letGo(handle, late))
        if (claimed.length > 0) this.#host.adopt(claimed)
      }),
    )
  }

  #letGo(handle: OutboxHandle, outboxes: readonly StoredOutbox[]): Promise<void> {
    return this.#attempt(async () => {
      for (const { producer } of outboxes) handle.release(producer.id)
    })
  }

  /** Lets go of the storage once everything is written. Never rejects. */
  close(): Promise<void> {
    this.#after(async (handle) => this.#attempt(() => this.#inTime(Promise.resolve(handle?.close()))))
    return this.#tail
  }

  #after(work: (handle: OutboxHandle | null) => Promise<void>): void {
    this.#tail = this.#tail.then(async () => work(await this.#opening))
  }

  async #open(storage: StorageAdapter): Promise<OutboxHandle | null> {
    try {
      // From within a promise: a storage that throws at once is one that failed.
      const opening = Promise.resolve().then(() => storage.open())
      const handle = await this.#inTime(opening, (late) => void late.close().catch(() => undefined))
      this.#host.adopt(handle.leftovers)
      return handle
    } catch (error) {
      this.#degrade(error)
      return null
    }
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#degrade(error)
    }
  }

  /** The result, or a TimeoutError; one that comes later goes to `late`. */
  #inTime<Result>(work: Promise<Result>, late: (result: Result) => void = () => undefined): Promise<Result> {
    return new Promise((resolve, reject) => {
      let over = false
      const cancel = this.#clock.setTimer(() => {
        over = true
        reject(new TimeoutError(`it did not answer within ${STORAGE_TIMEOUT_MS} ms`))
      }, STORAGE_TIMEOUT_MS)
      work.then(
        (result) => {
          cancel()
          if (over) late(result)
          else resolve(result)
        },
        (error: unknown) => {
          cancel()
          reject(error)
        },
      )
    })
  }

  #degrade(error: unknown): void {
    if (!this.#healthy) return
    this.#healthy = false
    this.#host.degraded(error)
  }
}
