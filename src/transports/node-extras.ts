/**
 * What is done with the sockets of `ws` beyond the standard WebSocket.
 *
 * Owns: its third argument, the answer of a refused upgrade, when a message goes out framed already, and that no socket of it
 * outlives its closing handshake for long (FAILURES 13). Browsers don't ship this file (platform.web.ts).
 */
import { maskedFrame } from './masked-frame.js'
import { refusedUpgrade, sentenceOf } from './upgrade-errors.js'
import type { NodeSocket, RefusedUpgrade, Socket, SocketConstructor, SocketExtras } from './socket.js'

/** Longest message taken from a server; beyond it a server would fill the memory (after decompression). */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

/** `ws` waits so long for the end of TCP after a closing handshake; its own 30 s would delay the reconnect. */
const CLOSE_TIMEOUT_MS = 5_000

/** How long a peer may take to answer our close frame. It is one round trip for a living one. */
const CLOSE_GRACE_MS = 2_000

/** `readyState` of a WebSocket that can send. */
const OPEN = 1

const INVALID_PAYLOAD = 1007
const PROTOCOL_ERROR = 1002
const ABNORMAL = 1006

export const nodeExtras: SocketExtras = {
  areOf: isNodeConstructor,
  make: (constructor, url, protocols, headers, maxMessageBytes = MAX_MESSAGE_BYTES) => {
    if (!isNodeConstructor(constructor)) return null
    const socket = new constructor(url, protocols, {
      maxPayload: maxMessageBytes,
      closeTimeout: CLOSE_TIMEOUT_MS,
      followRedirects: false,
      ...(headers === undefined ? {} : { headers }),
    })
    sendInOneWrite(socket as NodeSocket, constructor)
    return socket
  },
  watchUpgrade: (socket, url, refused) => {
    if (!isNodeSocket(socket)) return
    socket.on('unexpected-response', (_request: unknown, response: RefusedUpgrade) => {
      refused(refusedUpgrade(url, response, Date.now()))
    })
  },
  sentenceOf,
  closeCodeOf,
  end: (socket) => {
    if (!isNodeSocket(socket)) return false
    endWithin(socket, CLOSE_GRACE_MS)
    return true
  },
}

/**
 * `ws` masks byte by byte where Node has no mask of its own, and writes a text in two pieces. What is framed already is one
 * write. Where a compression was agreed on, where the socket is closing, and once it was given anything but text and bytes (a
 * Blob is read first, and what comes after it waits), only `ws` knows what is to be sent. Other runtimes' stand-ins for it
 * have no sender.
 */
function sendInOneWrite(socket: NodeSocket, constructor: SocketConstructor): void {
  if (!('_sender' in socket) || !definesSend(constructor)) return
  const send = socket.send.bind(socket)
  let isOurs = true
  socket.send = (data) => {
    isOurs &&= isEncoded(data)
    const isPlain = socket.readyState === OPEN && socket.extensions === ''
    // oxlint-disable-next-line no-underscore-dangle -- as `ws` calls it
    const sender = socket._sender
    if (isOurs && isPlain && sender?.sendFrame !== undefined) sender.sendFrame([maskedFrame(data)])
    else send(data)
  }
}

/** Not so a class made of `ws` whose own `send` is to be called. */
function definesSend({ prototype }: SocketConstructor): boolean {
  const own = prototype as object
  return Object.hasOwn(own, 'send') && Object.hasOwn(own, 'terminate')
}

/** A `SurewireSocket` passes on whatever an application gave it. */
function isEncoded(data: unknown): boolean {
  return typeof data === 'string' || data instanceof Uint8Array
}

/** Whether a class is `ws`: it takes options, and tells more than the standard allows a browser to tell. */
function isNodeConstructor(constructor: SocketConstructor): boolean {
  return isNodeSocket(constructor.prototype as object)
}

/** Whether a socket is one of `ws`. Bun's own has `terminate` too, but is no event emitter. */
function isNodeSocket(socket: Socket | object): socket is NodeSocket {
  const candidate = socket as Partial<NodeSocket>
  return typeof candidate.terminate === 'function' && typeof candidate.on === 'function'
}

/**
 * Close code for an error of `ws`. One that breaks the protocol must not look like a lost network; a message longer
 * than we take is the peer's violation too, where 1009 would say that ours was too long.
 */
function closeCodeOf(error: Error): number {
  const code = (error as { code?: unknown }).code
  if (code === 'WS_ERR_INVALID_UTF8') return INVALID_PAYLOAD
  return typeof code === 'string' && code.startsWith('WS_ERR_') ? PROTOCOL_ERROR : ABNORMAL
}

/**
 * `ws` waits for the peer's close frame, up to its own time-out; a dead peer would keep the process alive so long. Once
 * what was sent is flushed, or stops flowing, the socket gets one grace and is cut.
 */
function endWithin(socket: NodeSocket, graceMs: number): void {
  let unsent = socket.bufferedAmount ?? 0
  const timer = setInterval(() => {
    const before = unsent
    unsent = socket.bufferedAmount ?? 0
    if (unsent > 0 && unsent < before) return
    clearInterval(timer)
    socket.terminate()
  }, graceMs)
  // The open socket keeps a Node process alive by itself; the timer need not.
  ;(timer as { unref?: () => void }).unref?.()
  // An emitter that emits an error nobody listens to would end the process.
  socket.on('error', ignore)
  socket.on('close', () => clearInterval(timer))
}

function ignore(): void {
  // The link was given up: whatever its socket still complains about changes nothing.
}
