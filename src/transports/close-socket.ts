/**
 * Ending a socket that nobody listens to any more.
 *
 * Owns: which close code may be sent, and that no socket of `ws` outlives its closing handshake for long (FAILURES 13).
 */
import { isNodeSocket, type NodeSocket, type Socket } from './socket.js'

/** How long a peer may take to answer our close frame. It is one round trip for a living one. */
const CLOSE_GRACE_MS = 2_000

/** Longest reason of a close frame in bytes (RFC 6455 section 5.5). */
const MAX_REASON_BYTES = 123

/** Added to a code that a browser may not send, so that the server still sees which it was: 1002 becomes 4002. */
const PRIVATE_RANGE = 3_000

/** Closes a socket in whatever state it is. Never throws, and no event of the socket's reaches anybody. */
export function closeSocket(socket: Socket, code: number, reason: string): void {
  if (isNodeSocket(socket)) endWithin(socket, CLOSE_GRACE_MS)
  const allowed = sendableCode(code, isNodeSocket(socket))
  try {
    if (allowed === null) socket.close()
    else socket.close(allowed, fitReason(reason))
  } catch {
    // Some platforms refuse a code or reason that the standard allows; the close itself is never refused.
    socket.close()
  }
}

/** The code that goes out for `code`; `null`: none. */
export function sendableCode(code: number, anyStandardCode: boolean): number | null {
  if (code === 1000 || (code >= 3000 && code <= 4999)) return code
  const standard = code > 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006
  if (!standard) return null
  return anyStandardCode ? code : code + PRIVATE_RANGE
}

/** A reason cut to what a close frame holds, never inside a character. */
export function fitReason(reason: string): string {
  const bytes = new TextEncoder().encode(reason)
  if (bytes.length <= MAX_REASON_BYTES) return reason
  const cut = new TextDecoder().decode(bytes.subarray(0, MAX_REASON_BYTES), { stream: true })
  return cut
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
