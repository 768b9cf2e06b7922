/**
 * One WebSocket of `ws`, as the engine sees it.
 *
 * Owns: frames to strings and bytes and back, and that a socket whose other side does not answer the close is cut.
 */
import type http from 'node:http'
import type { WebSocket } from 'ws'
import type { Encoded } from '../protocol/codec.js'
import type { Logger } from '../runtime/ports.js'
import { headerBytes, writeHeader } from '../transports/frame-header.js'
import type { Engine, EnginePeer } from './engine.js'

/** How long the other side may take to answer a close. */
const CLOSE_GRACE_MS = 1_000

/** `readyState` of a WebSocket that can send. */
const OPEN = 1

/**
 * What `ws` keeps to itself: the way out for a frame that is made already, which engine.io takes as well. Header and
 * payload in one buffer are one write without cork, and a batch for many readers is framed once.
 */
interface FrameSender {
  sendFrame(frame: readonly [Buffer]): void
}

/** The last message that was sent, and its frame. */
let lastData: Encoded = ''
let lastFrame: Buffer = Buffer.alloc(0)

/** Frames of longer messages are not held on to. */
const MAX_HELD_BYTES = 262_144

export class NodeSocket implements EnginePeer {
  readonly protocol: string
  readonly request: http.IncomingMessage
  readonly #socket: WebSocket
  readonly #frames: FrameSender | undefined
  #grace: ReturnType<typeof setTimeout> | null = null
  #closed = false

  constructor(socket: WebSocket, request: http.IncomingMessage) {
    this.protocol = socket.protocol
    this.request = request
    this.#socket = socket
    // oxlint-disable-next-line no-underscore-dangle -- as `ws` calls it
    this.#frames = (socket as unknown as { readonly _sender?: FrameSender })._sender
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

  /** Without compression, which our upgrades never agree on, frames may go past what `ws` queues. */
  send(data: Encoded): void {
    if (this.#socket.readyState !== OPEN || this.#frames?.sendFrame === undefined) this.#socket.send(data)
    else this.#frames.sendFrame([frameOf(data)])
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

function frameOf(data: Encoded): Buffer {
  if (data === lastData) return lastFrame
  const frame = makeFrame(data)
  if (frame.length <= MAX_HELD_BYTES) {
    lastData = data
    lastFrame = frame
  }
  return frame
}

/** One unmasked frame, final and not compressed (RFC 6455 section 5.2). */
function makeFrame(data: Encoded): Buffer {
  const isText = typeof data === 'string'
  const bytes = isText ? Buffer.byteLength(data) : data.byteLength
  const start = headerBytes(bytes)
  const frame = Buffer.allocUnsafe(start + bytes)
  writeHeader(frame, 0, isText, bytes, 0)
  if (isText) frame.write(data, start)
  else frame.set(data, start)
  return frame
}

/** `ws` gives Buffers; a plain view means the same on every platform. */
function bytesOf(data: Buffer): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
