/**
 * Inputs and effects of the client's session.
 *
 * Owns: the vocabulary between the session and whoever drives it. Calls that need an answer at once (queueing a
 * message, joining a room) are methods of the session instead.
 */
import type { Cause, ConnectionState } from '../../connection/state.js'
import type { Encoded } from '../../protocol/codec.js'
import type { LogReader } from '../../delivery/reader.js'
import type { BatchTicket } from '../../delivery/receive-window.js'
import type { OutboxEntry } from '../../delivery/producer.js'
import type { SurewireError } from '../../protocol/errors.js'
import type { User } from '../../protocol/frames.js'
import type { Gap, Message } from '../../protocol/messages.js'
import type { StorageChange } from '../../protocol/storage.js'

export type SessionInput =
  | { readonly type: 'connect' }
  | { readonly type: 'disconnect' }
  | { readonly type: 'close'; readonly drainMs: number; readonly code: number; readonly reason: string }
  | { readonly type: 'restart'; readonly cause: Cause }
  /** The link of this dial is open; `auth` is what its credentials function gave. */
  | { readonly type: 'opened'; readonly dial: number; readonly auth: unknown }
  | { readonly type: 'failed'; readonly dial: number; readonly error: SurewireError }
  | { readonly type: 'received'; readonly dial: number; readonly data: Encoded }
  | { readonly type: 'closed'; readonly dial: number; readonly code: number; readonly reason: string }
  /** New credentials for the live connection. */
  | { readonly type: 'authenticate'; readonly auth: unknown }
  /** The platform says that the world changed. */
  | { readonly type: 'wake'; readonly cause: Cause }
  /** Changes handed to storage with this number are kept; not `kept`: storage failed and memory has to do from now on. */
  | { readonly type: 'stored'; readonly batch: number; readonly kept: boolean }
  | { readonly type: 'tick' }
  | { readonly type: 'flush' }

/** One entry on its way to handlers. Hand it back with `handled` once they are done. */
export interface Delivery {
  readonly log: string
  readonly reader: LogReader
  readonly epoch: string
  readonly offset: number
  readonly ticket: BatchTicket
  readonly message: Message
}

export type SessionEffect =
  | { readonly type: 'dial'; readonly dial: number; readonly url: string | null }
  | { readonly type: 'transmit'; readonly dial: number; readonly data: Encoded; readonly bytes: number }
  | { readonly type: 'drop'; readonly dial: number; readonly code: number; readonly reason: string }
  | { readonly type: 'deliver'; readonly delivery: Delivery }
  | { readonly type: 'deliver-volatile'; readonly message: Message }
  | { readonly type: 'settled'; readonly entry: OutboxEntry }
  /** Of a reader that was abandoned before its turn it is not told. */
  | { readonly type: 'gap'; readonly gap: Gap; readonly reader: LogReader }
  | { readonly type: 'room-changed'; readonly room: string }
  | { readonly type: 'opened-session'; readonly resumed: boolean; readonly user: User }
  | { readonly type: 'lost'; readonly code: number; readonly reason: string; readonly cause: Cause }
  | {
      readonly type: 'state'
      readonly next: ConnectionState
      readonly previous: ConnectionState
      readonly cause: Cause
    }
  | { readonly type: 'error'; readonly error: SurewireError }
  | { readonly type: 'warning'; readonly code: string; readonly message: string }
  | { readonly type: 'store'; readonly batch: number; readonly changes: readonly StorageChange[] }
  | { readonly type: 'release'; readonly producer: string }
  /** What nobody holds by now is to be adopted: it may be this user's, and there may be room. */
  | { readonly type: 'claim' }
  /** After close: everything is settled, nothing will follow. */
  | { readonly type: 'finished' }

/** Counters since the session was made. */
export interface SessionCounters {
  connects: number
  reconnects: number
  causes: ReadonlyMap<string, number>
  messagesSent: number
  messagesReceived: number
  bytesSent: number
  bytesReceived: number
  resent: number
  duplicatesDropped: number
  gaps: number
}

/** One for all sessions that have lost no connection. */
const NO_CAUSES: ReadonlyMap<string, number> = new Map()

export function newCounters(): SessionCounters {
  return {
    connects: 0,
    reconnects: 0,
    causes: NO_CAUSES,
    messagesSent: 0,
    messagesReceived: 0,
    bytesSent: 0,
    bytesReceived: 0,
    resent: 0,
    duplicatesDropped: 0,
    gaps: 0,
  }
}
