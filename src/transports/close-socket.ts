/**
 * Ending a socket that nobody listens to any more.
 *
 * Owns: which close code and reason may be sent.
 */
import { extras } from '#platform'
import type { Socket } from './socket.js'

/** Longest reason of a close frame in bytes (RFC 6455 section 5.5). */
const MAX_REASON_BYTES = 123

/** Added to a code that a browser may not send, so that the server still sees which it was: 1002 becomes 4002. */
const PRIVATE_RANGE = 3_000

/** Closes a socket in whatever state it is. Never throws, and no event of the socket's reaches anybody. */
export function closeSocket(socket: Socket, code: number, reason: string): void {
  const allowed = sendableCode(code, extras?.end(socket) ?? false)
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
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(MAX_REASON_BYTES))
  return reason.slice(0, read)
}
