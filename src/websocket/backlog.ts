/**
 * Messages that wait for a connection.
 *
 * Owns: their bounds and sizes, and that later changes to a buffer don't change what is sent.
 */

/** What `send()` takes. */
export type SocketData = string | ArrayBufferLike | Blob | ArrayBufferView

export class Backlog {
  readonly #maxMessages: number
  readonly #maxBytes: number
  #messages: SocketData[] = []
  /** Bytes of all of them. */
  bytes = 0

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages
    this.#maxBytes = maxBytes
  }

  /** Whether there was room. */
  add(data: SocketData): boolean {
    const copy = copyOf(data)
    const size = sizeOf(copy)
    if (this.#messages.length >= this.#maxMessages || this.bytes + size > this.#maxBytes) return false
    this.#messages.push(copy)
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

/** Bytes on the wire: text counts in UTF-8. */
function sizeOf(data: SocketData): number {
  if (typeof data === 'string') return new TextEncoder().encode(data).length
  return data instanceof Blob ? data.size : data.byteLength
}

/** Whatever is neither bytes nor a Blob is sent as text, as the standard's conversion does. */
function copyOf(data: unknown): SocketData {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
  if (data instanceof ArrayBuffer) return data.slice(0)
  return data instanceof Blob ? data : String(data)
}
