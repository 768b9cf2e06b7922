/**
 * Messages that wait for a connection.
 *
 * Owns: their bounds and sizes, what is sent of what was given, and that later changes to a buffer don't change it.
 */

/** What `send()` takes. */
export type SocketData = string | ArrayBufferLike | Blob | ArrayBufferView

/** By the names of the options. */
export interface BacklogLimits {
  readonly maxBufferedMessages: number
  readonly maxBufferedBytes: number
}

export class Backlog {
  readonly #limits: BacklogLimits
  #messages: SocketData[] = []
  /** Bytes of all of them. */
  bytes = 0

  constructor(limits: BacklogLimits) {
    this.#limits = limits
  }

  /** Whether there was room. */
  add(data: SocketData): boolean {
    const size = sizeOf(data)
    if (this.#messages.length >= this.#limits.maxBufferedMessages) return false
    if (this.bytes + size > this.#limits.maxBufferedBytes) return false
    this.#messages.push(copyOf(data))
    this.bytes += size
    return true
  }

  /** Empties it. */
  take(): SocketData[] {
    const messages = this.#messages
    this.#messages = []
    this.bytes = 0
    return messages
  }
}

/**
 * As the standard's conversion does: bytes and Blobs stay what they are, all else is text. Not by `instanceof`: those of
 * another realm (a frame, jsdom) would be sent as '[object ArrayBuffer]'.
 */
export function dataOf(given: unknown): SocketData {
  const object = Object(given) as object
  return 'byteLength' in object || 'arrayBuffer' in object ? (given as SocketData) : String(given)
}

/** Bytes on the wire: text counts in UTF-8. */
function sizeOf(data: SocketData): number {
  if (typeof data === 'string') return new TextEncoder().encode(data).length
  return 'size' in data ? data.size : data.byteLength
}

function copyOf(data: SocketData): SocketData {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
  return typeof data === 'string' || 'size' in data ? data : new Uint8Array(data).slice()
}
