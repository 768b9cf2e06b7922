/**
 * What applications see of a message: on its way out and on its way in.
 *
 * Owns: the shapes shared by client, server and their handlers.
 */
import type { OutcomeState } from './errors.js'

/** A message as a handler gets it. */
export interface Message<Type extends string = string, Data = unknown> {
  /** The same id at every delivery; use it as idempotency key for effects outside the store. */
  readonly id: string
  readonly type: Type
  readonly data: Data
  /** The room it was sent to; `null` for the user's, the session's and everyone's log. */
  readonly room: string | null
  /** User id of the sender; `null`: the server itself. */
  readonly from: string | null
  /** Position in its log; `null` for volatile messages. */
  readonly offset: number | null
  /** Wall-clock time of the server at the append, in ms since 1970. */
  readonly sentAt: number
  /** The handler that sent this may have run before (the server had lost its memory of it). */
  readonly redelivered: boolean
}

/** Position of a reader in a log. */
export interface Cursor {
  epoch: string
  offset: number
}

/** Priority lanes of sends; each is a producer of its own, so order holds within a lane. */
export type Priority = 'high' | 'normal' | 'low'

/** Life of a message that was sent. */
export type ReceiptState = 'queued' | OutcomeState

/** How a message ended, for `receipt.settled` and the `settled` event. */
export interface Outcome {
  readonly id: string
  readonly outcome: OutcomeState
  /** Code of a refusal or of the reason; `null` when it went well. */
  readonly code: string | null
  /** A sentence for a person; `null` when it went well. */
  readonly message: string | null
}

/** Entries of a log that a reader will never get. `from` and `to` are both included. */
export interface Gap {
  readonly room: string | null
  readonly log: string
  readonly epoch: string
  readonly from: number
  /** `null`: the log began anew. */
  readonly to: number | null
  readonly why: string
}
