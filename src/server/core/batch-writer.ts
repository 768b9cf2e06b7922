/**
 * From frames to batches on the wire.
 *
 * Owns: the size of batches, and counting their bytes in the receive window (a batch counts if it holds a counted
 * entry).
 */
import type { Encoded } from '../../protocol/codec.js'
import type { Kernel } from './kernel.js'
import { type Connection, peerOf } from './model.js'

/** Batches end here, so that a PING is never behind a megabyte of history. */
export const TARGET_BATCH_BYTES = 131_072

/** Brackets around the batch and a comma per frame; msgpack needs less. */
const BATCH_OVERHEAD = 5

export class BatchWriter {
  readonly #kernel: Kernel
  #connection: Connection | null = null
  #frames: Encoded[] = []
  #bytes = BATCH_OVERHEAD
  #counted = false
  #limit = 0

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** Starts writing to a connection, which takes batches of at most `maxFrame` bytes. */
  start(connection: Connection, maxFrame: number): void {
    this.#connection = connection
    this.#limit = Math.min(TARGET_BATCH_BYTES, maxFrame)
  }

  /** Bytes in the batch that is being filled, if it counts in the window. */
  get countedBytes(): number {
    return this.#counted ? this.#bytes : 0
  }

  /** Whether another frame of this size starts a new batch. */
  isFullFor(bytes: number): boolean {
    return this.#frames.length > 0 && this.#bytes + bytes + 1 > this.#limit
  }

  add(frame: Encoded, bytes: number, counted: boolean): void {
    if (this.isFullFor(bytes)) this.finish()
    this.#frames.push(frame)
    this.#bytes += bytes + 1
    this.#counted ||= counted
  }

  /** Sends what is in the batch, if anything. */
  finish(): void {
    const connection = this.#connection
    if (connection === null || this.#frames.length === 0) return
    const data = connection.serializer.batch(this.#frames)
    this.send(connection, data, connection.serializer.size(data), this.#counted)
    this.#frames = []
    this.#bytes = BATCH_OVERHEAD
    this.#counted = false
  }

  /** Sends a batch that is complete. */
  send(connection: Connection, data: Encoded, bytes: number, counted: boolean): void {
    const peer = peerOf(connection)
    if (counted && peer !== null) peer.sent.bytes += bytes
    connection.lastSent = this.#kernel.now
    this.#kernel.counters.bytesOut += bytes
    this.#kernel.emit({ type: 'send', connection: connection.id, data })
  }
}
