/**
 * The server's public types that need no platform: what handlers get, what can be sent, what can be asked.
 *
 * Owns: the API contract of handlers, targets, statistics and notifications. `ServerOptions` and `Server` (which know
 * HTTP) are in options.ts.
 */
import type {
  AnyContract,
  Contract,
  PublishData,
  ReceiveType,
  ReplyInput,
  RequestedData,
  RequestType,
  SendType,
  SentData,
} from '../protocol/contract.js'
import type { DeviceInfo, Member, User } from '../protocol/frames.js'
import type { Action } from './core/effects.js'
import type { Heartbeat, Limits } from './core/limits.js'
import type { MaybePromise, Store } from './core/store.js'

export type { Action, Heartbeat, Limits, MaybePromise, Store }

/** A connected device of a user. */
export interface Device {
  readonly sessionId: string
  /** What the client said of itself; `kind` is what `devices` selects by. */
  readonly info: DeviceInfo
  /** Wall-clock time of the connection in ms since 1970. */
  readonly connectedAt: number
}

export interface RoomSendOptions {
  /** Session ids that don't get it. */
  readonly except?: string | readonly string[]
  /** Neither numbered nor kept: only who is there now gets it, and `offset` is 0. @default false */
  readonly volatile?: boolean
}

export interface UserSendOptions {
  /** Only sessions whose device is of one of these kinds. */
  readonly devices?: readonly string[]
  /** Also given to the notification provider if no such device of the user is connected to this process. */
  readonly push?: boolean | PushOptions
}

export interface PushOptions {
  readonly priority?: 'high' | 'normal' | 'low'
  readonly title?: string
  readonly body?: string
}

/** Where an entry ended up. */
export interface Sent {
  readonly offset: number
}

/** Sends to one log at once; the promise rejects if the store fails. */
export interface Target<C extends Contract, Options> {
  send<T extends ReceiveType<C>>(type: T, data: PublishData<C, T>, options?: Options): Promise<Sent>
}

/** Collects what a handler sends; it is appended when the handler's message is committed, or not at all. */
export interface ContextTarget<C extends Contract, Options> {
  send<T extends ReceiveType<C>>(type: T, data: PublishData<C, T>, options?: Options): void
}

/** What a handler knows and can do. Its sends throw once the handler has ended. */
export interface Context<C extends Contract = AnyContract> {
  /** The message's id, equal to the sender's `receipt.id`: an idempotency key for effects outside the store. */
  readonly id: string
  readonly type: string
  readonly user: User
  readonly sessionId: string
  readonly device: Device
  /** The room it was sent to, or `null`. */
  readonly room: string | null
  /** A handler may have run for this message before: the server had lost its memory of it. */
  readonly redelivered: boolean
  /** Aborts when the deadline passed, the request was cancelled, or another process took over. */
  readonly signal: AbortSignal
  toRoom(id: string): ContextTarget<C, RoomSendOptions>
  toUser(id: string): ContextTarget<C, UserSendOptions>
  toSession(id: string): ContextTarget<C, never>
}

export type SendHandler<C extends Contract, T extends SendType<C>> = (
  data: SentData<C, T>,
  context: Context<C>,
) => void | Promise<void>

export type RequestHandler<C extends Contract, T extends RequestType<C>> = (
  data: RequestedData<C, T>,
  context: Context<C>,
) => MaybePromise<ReplyInput<C, T>>

/** Runs for every new session, not for one that resumes. */
export type SessionHandler<C extends Contract> = (context: Context<C>) => void | Promise<void>

/** Who may do what. */
export type Authorize = (action: Action) => MaybePromise<boolean>

/** Sends from anywhere: handlers of HTTP requests, jobs, other processes. */
export interface Publisher<C extends Contract = AnyContract> {
  toRoom(id: string): Target<C, RoomSendOptions>
  toUser(id: string): Target<C, UserSendOptions>
  toSession(id: string): Target<C, never>
  toAll(): Target<C, never>
}

/** What the server and the engine below it have in common. */
export interface ServerApi<C extends Contract = AnyContract> extends Publisher<C> {
  /**
   * Handles messages of a type, one at a time per sender and in order. Throwing refuses the message. One handler per
   * type; returns how to remove it.
   */
  on<T extends SendType<C>>(type: T, handler: SendHandler<C, T>): () => void
  /** Answers requests of a type; the answer is the reply. */
  onRequest<T extends RequestType<C>>(type: T, handler: RequestHandler<C, T>): () => void
  onSession(handler: SessionHandler<C>): () => void
  /** Who is in a room, on this process. */
  presence(room: string): Promise<Member[]>
  /** A user's connected devices, on this process. */
  devices(userId: string): Promise<Device[]>
  /** Ends a session for good; its client does not come back by itself. */
  kick(sessionId: string, reason?: string): void
  stats(): ServerStats
}

/** Counters since the start, and what is open now. */
export interface ServerStats {
  readonly connections: number
  readonly sessions: number
  readonly users: number
  /** Sessions by kind of device; `unknown` for those that don't say. */
  readonly devices: Readonly<Record<string, number>>
  readonly messagesIn: number
  readonly messagesOut: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly requests: number
  readonly accepted: number
  readonly refused: number
  /** Numbers that clients sent again although they were here. */
  readonly resent: number
  readonly acknowledgements: number
  /** Entries read from a log for readers that lagged or came back. */
  readonly replayed: number
  readonly gaps: number
  readonly volatiles: number
  readonly storeFailures: number
  readonly handlerErrors: number
  readonly protocolErrors: number
  readonly sessionsNew: number
  readonly sessionsResumed: number
  /** Logs that somebody here follows, producers with messages in hand. */
  readonly feeds: number
  readonly producers: number
}

/** Something for a user who is not connected. */
export interface Notification {
  readonly userId: string
  readonly type: string
  readonly data: unknown
  readonly priority: 'high' | 'normal' | 'low'
  readonly title: string | null
  readonly body: string | null
}

/** A way to reach users who are not connected. A failure is logged and stops nothing. */
export interface NotificationProvider {
  readonly name: string
  notify(notification: Notification): void | Promise<void>
}

export interface CloseServerOptions {
  /** How long messages in hand may take to be handled. @default 1_000 */
  readonly drainMs?: number
  /** Clients wait at least so long before they come back. @default 0 */
  readonly retryAfterMs?: number
  /** … and a random time of at most this more, so that they don't come all at once. @default 5_000 */
  readonly spreadMs?: number
}
