/**
 * What goes into the server's core and what it wants done.
 *
 * Owns: the vocabulary between the machine and the engine that performs its effects. Handlers run and the store is
 * asked outside; their answers come back as inputs, in the same turn if they were there at once.
 */
import type { Encoded, Serializer } from '../../protocol/codec.js'
import type { AwayNotice, User } from '../../protocol/frames.js'
import type { Job, Producer, Session } from './model.js'
import type {
  Append,
  AttachRequest,
  AttachResult,
  Commit,
  CommitResult,
  LogEntry,
  LogPage,
  LogState,
  SessionRequest,
  SessionResult,
} from './store.js'

/** What somebody wants to do; the argument of `authorize`. */
export interface Action {
  readonly kind: 'join' | 'send' | 'request'
  readonly room: string | null
  readonly type: string | null
  readonly user: User
}

/** How a handler ended. */
export type Outcome =
  | {
      readonly is: 'done'
      readonly appends: readonly Append[]
      /** Of a request. */
      readonly reply?: unknown
      /** Of a volatile message without handler: everyone in this room but the sender gets it. */
      readonly forwardTo?: string
    }
  | { readonly is: 'refused'; readonly code: string; readonly message: string }

/** `user: null`: nobody asks who it is. */
export type Authentication =
  | { readonly ok: true; readonly user: User | null }
  | { readonly ok: false; readonly code: 'auth_refused' | 'auth_unavailable'; readonly message: string }

export type Authorization = 'allowed' | 'forbidden' | 'unavailable'

/** Calls of the store that are asked with a number and answered with it. */
export interface StoreAnswers {
  attachProducer: AttachResult
  attachSession: SessionResult
  logState: LogState
  read: LogPage
  append: { readonly epoch: string; readonly offset: number }
  detachSession: void
  detachProducer: void
}

export type StoreCall =
  | { readonly method: 'attachProducer'; readonly request: AttachRequest }
  | { readonly method: 'attachSession'; readonly request: SessionRequest }
  | { readonly method: 'logState'; readonly log: string }
  | { readonly method: 'read'; readonly log: string; readonly after: number; readonly limit: number }
  | { readonly method: 'append'; readonly append: Append }
  | { readonly method: 'detachSession'; readonly id: string; readonly owner: string; readonly ended: boolean }
  | { readonly method: 'detachProducer'; readonly id: string; readonly owner: string }

/** Questions that are neither a commit nor a handler; each is answered once, by `ref`. */
export type Question =
  | { readonly about: 'store'; readonly call: StoreCall }
  | { readonly about: 'user'; readonly connection: number; readonly auth: unknown }
  | { readonly about: 'permission'; readonly action: Action }

/** `failed`: the store could not answer; asked again after a while. */
export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown }

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export type ServerInput =
  | { readonly type: 'opened'; readonly connection: number; readonly serializer: Serializer }
  | { readonly type: 'received'; readonly connection: number; readonly data: Encoded; readonly bytes: number }
  | { readonly type: 'closed'; readonly connection: number; readonly code: number; readonly reason: string }
  | { readonly type: 'buffered'; readonly connection: number; readonly bytes: number }
  | { readonly type: 'answer'; readonly ref: number; readonly answer: Answer }
  | {
      readonly type: 'committed'
      readonly producer: Producer
      readonly commit: Commit
      readonly result: CommitResult
    }
  | {
      readonly type: 'commit-failed'
      readonly producer: Producer
      readonly commit: Commit
      readonly error: unknown
    }
  | { readonly type: 'ran'; readonly job: Job; readonly outcome: Outcome }
  | { readonly type: 'appended'; readonly log: string; readonly epoch: string; readonly entry: LogEntry }
  | {
      readonly type: 'volatile'
      readonly room: string
      readonly messageType: string
      readonly data: unknown
      readonly except: readonly string[]
    }
  | { readonly type: 'kick'; readonly session: string; readonly reason: string }
  | { readonly type: 'away'; readonly notice: AwayNotice }
  | { readonly type: 'shutdown' }
  | { readonly type: 'slept'; readonly ms: number }
  | { readonly type: 'tick' }
  | { readonly type: 'flush' }

export type ServerEffect =
  | { readonly type: 'send'; readonly connection: number; readonly data: Encoded }
  | { readonly type: 'close'; readonly connection: number; readonly code: number; readonly reason: string }
  | { readonly type: 'measure'; readonly connection: number }
  | { readonly type: 'ask'; readonly ref: number; readonly question: Question }
  | { readonly type: 'commit'; readonly producer: Producer; readonly commit: Commit }
  | { readonly type: 'run'; readonly job: Job }
  | { readonly type: 'abort'; readonly job: Job; readonly code: string }
  | { readonly type: 'session'; readonly session: Session }
  | {
      readonly type: 'log'
      readonly level: LogLevel
      readonly message: string
      readonly fields: Readonly<Record<string, unknown>>
    }
