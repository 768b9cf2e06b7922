/**
 * One WebSocket of `ws`, as the engine sees it.
 *
 * Owns: frames to strings and bytes and back, and that a socket whose other side does not answer the close is cut.
 */
import type http from 'node:http'
import type { WebSocket } from 'ws'
import type { Encoded } from '../protocol/codec.js'
import type { Logger } from '../runtime/ports.js'
import type { Engine, EnginePeer } from './engine.js'

/** How long the other side may take to answer a close. */
const CLOSE_GRACE_MS = 1_000

/** The last text that was sent, as bytes: a batch for many readers is turned into bytes once. */
let lastText = ''
let lastBytes: Buffer = Buffer.alloc(0)

/** Longer texts are not held on to. */
const MAX_HELD_CHARACTERS = 262_144

export class NodeSocket implements EnginePeer {
  readonly protocol: string
  readonly request: http.IncomingMessage
  readonly #socket: WebSocket
  #grace: ReturnType<typeof setTimeout> | null = null
  #closed = false

  constructor(socket: WebSocket, request: http.IncomingMessage) {
    this.protocol = socket.protocol
    this.request = request
    this.#socket = socket
  }

  /** Connects the socket with the engine. `gone` is called when nothing is left of it. */
  attach(engine: Pick<Engine, 'accept'>, logger: Logger, gone: () => void): void {
    const socket = this.#socket
    socket.on('error', (error) => logger.info('socket error', { error }))
    const connection = engine.accept(this)
    socket.on('message', (data: Buffer, isBinary) => {
      connection.received(isBinary ? bytesOf(data) : data.toString(), data.byteLength)
    })
    socket.on('close', (code, reason) => {
      this.#closed = true
      if (this.#grace !== null) clearTimeout(this.#grace)
      connection.closed(code, reason.toString())
      gone()
    })
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount
  }

  send(data: Encoded): void {
    if (typeof data === 'string') this.#socket.send(textBytes(data), { binary: false })
    else this.#socket.send(data)
  }

  close(code: number, reason: string): void {
    if (this.#closed || this.#grace !== null) return
    this.#socket.close(code, reason)
    this.#grace = setTimeout(() => this.terminate(), CLOSE_GRACE_MS)
  }

  terminate(): void {
    this.#socket.terminate()
  }
}

function textBytes(text: string): Buffer {
  if (text === lastText) return lastBytes
  const bytes = Buffer.from(text)
  if (text.length <= MAX_HELD_CHARACTERS) {
    lastText = text
    lastBytes = bytes
  }
  return bytes
}

/** `ws` gives Buffers; a plain view means the same on every platform. */
function bytesOf(data: Buffer): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
