/**
 * Close codes: the one table of what a close means and what a client does next.
 *
 * Owns: code → meaning. The hundreds digit decides, so that codes added later work in clients of today.
 * Does not own: when to dial again (connection/reconnect.ts).
 */

/** What a client does after a close. */
export type CloseAction =
  | 'ended' /* orderly end, stay closed */
  | 'resume' /* come back with jitter, keep the session */
  | 'resume-later' /* come back after the delay the server gave */
  | 'new-session' /* come back, start a new session */
  | 'new-token' /* fetch a new token first; if it is refused too, stop */
  | 'stop' /* never by itself */
  | 'backoff' /* the network's fault: come back with backoff */
  | 'once-afresh' /* a protocol violation: one new try from scratch, then stop */
  | 'too-large' /* resend one by one, fail the one that repeats */

/** surewire's own close codes. */
export enum CloseCode {
  NORMAL = 1000,
  GOING_AWAY = 1001,
  PROTOCOL_ERROR = 1002,
  UNSUPPORTED_DATA = 1003,
  NO_STATUS = 1005,
  ABNORMAL = 1006,
  INVALID_PAYLOAD = 1007,
  POLICY = 1008,
  TOO_LARGE = 1009,
  /** The server heard nothing for too long, or the client gave up on the socket. */
  TIMEOUT = 4000,
  /** The client replaces the socket itself (restart, probe failed). */
  REPLACED = 4001,
  /** The server goes away for a while (deploy, rebalance); AWAY said for how long. */
  AWAY = 4100,
  /** The session is unknown or was taken over by another page. */
  SESSION_UNKNOWN = 4200,
  /** The server lost the state of a live connection. */
  STATE_LOST = 4202,
  SESSION_MOVED = 4203,
  /** Credentials refused. */
  AUTH_REFUSED = 4300,
  AUTH_EXPIRED = 4301,
  /** The connection was ended by the server for good. */
  KICKED = 4400,
  /** Another connection took this one's producers. */
  SUPERSEDED = 4401,
  /** The peers have no protocol version in common. */
  VERSION = 4402,
}

/** As one of all the numbers that a close may carry. */
const NORMAL: number = CloseCode.NORMAL

/** Of surewire's own codes the hundreds digit decides. */
const BY_HUNDREDS: { readonly [hundreds: number]: CloseAction } = {
  40: 'resume',
  41: 'resume-later',
  42: 'new-session',
  43: 'new-token',
  44: 'stop',
}

/** RFC 6455 section 7.4.1; every other code is the network's fault. */
const STANDARD: { readonly [code: number]: CloseAction } = {
  [CloseCode.PROTOCOL_ERROR]: 'once-afresh',
  [CloseCode.UNSUPPORTED_DATA]: 'once-afresh',
  [CloseCode.INVALID_PAYLOAD]: 'once-afresh',
  [CloseCode.POLICY]: 'new-token',
  [CloseCode.TOO_LARGE]: 'too-large',
}

/** What a client does after a close with this code. `afterBye`: the server sent BYE before. */
export function closeAction(code: number, afterBye: boolean): CloseAction {
  if (code === NORMAL && afterBye) return 'ended'
  return BY_HUNDREDS[Math.floor(code / 100)] ?? STANDARD[code] ?? 'backoff'
}
