/**
 * States, inputs and effects of a connection.
 *
 * Owns: the vocabulary. Data exists only in the states where it has meaning; leaving a state cancels its deadlines,
 * because deadlines are fields of the state.
 *
 *            connect                opened                 welcomed
 *   idle ───────────────► dialing ─────────► handshaking ───────────► live
 *    ▲                      ▲  │ failed            │ closed, deadline   │ closed, dead, restart
 *    │ disconnect           │  ▼                   ▼                    ▼
 *    └── (any but closed)   └─ waiting ◄──────────────────────────────────
 *                                │ no further attempt, refused, close
 *                                ▼
 *                              closed ── connect, unless final ──► dialing
 */
import type { SurewireError } from '../protocol/errors.js'
import type { AwayNotice } from '../protocol/frames.js'
import type { Heartbeat } from './heartbeat.js'

/** Why something happened: a literal for programs, a sentence for people. */
export interface Cause {
  readonly code: string
  readonly message: string
}

/** `dial` numbers every dial of a connection; input that carries another number is stale. */
export type ConnectionState =
  | { readonly name: 'idle' }
  | { readonly name: 'dialing'; readonly dial: number; readonly deadline: number }
  | { readonly name: 'handshaking'; readonly dial: number; readonly deadline: number }
  | { readonly name: 'live'; readonly dial: number; readonly since: number; readonly heartbeat: Heartbeat }
  | {
      readonly name: 'waiting'
      readonly until: number
      /** The server named the time: signals of the platform don't cut it short. */
      readonly advised: boolean
    }
  | { readonly name: 'closed'; readonly error: SurewireError | null; readonly final: boolean }

export type ConnectionInput =
  | { readonly type: 'connect' }
  /** To idle, orderly. */
  | { readonly type: 'disconnect'; readonly cause: Cause }
  /** To closed, for good. */
  | { readonly type: 'close'; readonly code: number; readonly reason: string }
  /** Replace the socket now. */
  | { readonly type: 'restart'; readonly cause: Cause }
  | { readonly type: 'opened'; readonly dial: number }
  | { readonly type: 'failed'; readonly dial: number; readonly error: SurewireError }
  | { readonly type: 'received'; readonly dial: number }
  | { readonly type: 'welcomed'; readonly dial: number; readonly pingMs: number }
  | { readonly type: 'closed'; readonly dial: number; readonly code: number; readonly reason: string }
  /** The server said why it is about to close. */
  | { readonly type: 'fail'; readonly code: string; readonly message: string }
  | { readonly type: 'bye' }
  | { readonly type: 'away'; readonly notice: AwayNotice }
  /** The peer broke the protocol. */
  | { readonly type: 'violation'; readonly error: SurewireError; readonly closeCode: number }
  /** The link of this dial does not serve: another one, as soon as the server's advice allows. */
  | { readonly type: 'replace'; readonly dial: number; readonly cause: Cause }
  /** The link may be dead: ask, and give it a short grace. */
  | { readonly type: 'doubt'; readonly cause: Cause }
  /** The platform says that the world changed: probe, or dial at once. */
  | { readonly type: 'wake'; readonly cause: Cause }
  | { readonly type: 'tick' }

export type ConnectionEffect =
  /** Resolve url and credentials, open a link. `url`: the server's wish, instead of the configured one. */
  | { readonly type: 'dial'; readonly dial: number; readonly url: string | null }
  /** The link is up: greet. */
  | { readonly type: 'greet'; readonly dial: number }
  /** Detach the link of this dial and close it; nothing of it is listened to any more. */
  | { readonly type: 'drop'; readonly dial: number; readonly code: number; readonly reason: string }
  /** Ask the peer for a sign of life. */
  | { readonly type: 'ping' }
  /** A live link ended. Comes before `state`. */
  | { readonly type: 'lost'; readonly code: number; readonly reason: string; readonly cause: Cause }
  /** The session is gone on the server: start another at the next greeting. */
  | { readonly type: 'forget-session'; readonly cause: Cause }
  /** The last batch was larger than the peer takes. */
  | { readonly type: 'too-large' }
  /** A dial failed, or a terminal state was reached. */
  | { readonly type: 'error'; readonly error: SurewireError }
  | {
      readonly type: 'state'
      readonly next: ConnectionState
      readonly previous: ConnectionState
      readonly cause: Cause
    }
