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
    const size = sizeOf(data)
    if (this.#messages.length >= this.#maxMessages || this.bytes + size > this.#maxBytes) return false
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

/** Bytes on the wire: text counts in UTF-8. */
function sizeOf(data: SocketData): number {
  if (typeof data === 'string') return new TextEncoder().encode(data).length
  return data instanceof Blob ? data.size : data.byteLength
}

function copyOf(data: SocketData): SocketData {
  if (typeof data === 'string' || data instanceof Blob) return data
  if (!ArrayBuffer.isView(data)) return data.slice(0)
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
}
