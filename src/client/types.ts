/**
 * The client's public types: what `createClient` takes and gives.
 *
 * Owns: the API contract of the package's main entry. Behaviour lives in client.ts, room.ts and below.
 */
import type { Dialect } from '../connection/dialect.js'
import type { Serializer } from '../protocol/codec.js'
import type {
  AnyContract,
  Contract,
  ReceiveData,
  ReceiveType,
  ReplyData,
  RequestData,
  RequestType,
  SendData,
  SendType,
} from '../protocol/contract.js'
import type { SurewireError } from '../protocol/errors.js'
import type { DeviceInfo, Member, User } from '../protocol/frames.js'
import type { Cursor, Gap, Message, Outcome, Priority, ReceiptState } from '../protocol/messages.js'
import type { Logger, StorageAdapter, Transport } from '../runtime/ports.js'

type MaybePromise<T> = T | Promise<T>

/** Heartbeat; durations in ms. */
export interface HeartbeatOptions {
  /** The server pings an idle connection this often. @default 25_000 */
  intervalMs?: number
  /** Grace after the interval before the connection counts as dead. @default 10_000 */
  timeoutMs?: number
}

/** Reconnecting; durations in ms. */
export interface ReconnectOptions {
  /** Longest wait before the first retry. @default 500 */
  initialDelayMs?: number
  /** Longest wait before any retry. @default 30_000 */
  maxDelayMs?: number
  /** Growth of the longest wait from one retry to the next. @default 2 */
  factor?: number
  /** `full`: uniform in [0, delay]; `equal`: in [delay/2, delay]; `none`. @default 'full' */
  jitter?: 'full' | 'equal' | 'none'
  /** Failed dials in a row before giving up. @default Infinity */
  maxAttempts?: number
  /** The count of attempts starts over after a connection held this long. @default 10_000 */
  stableAfterMs?: number
}

/** A storage as `queue.storage` takes it: `memoryStorage()`, or one of your own by way of `outboxStorage()`. */
export interface OutboxStorage extends StorageAdapter {
  /** What a client does with it comes with it: a page without durable storage does not load that code. */
  readonly wiring: object
}

/** Bounds of what waits to be acknowledged. */
export interface QueueOptions {
  /** @default 10_000 */
  maxMessages?: number
  /** @default 16_777_216 */
  maxBytes?: number
  /** What happens to a message that finds the queue full. @default 'reject' */
  overflow?: 'reject' | 'drop-oldest' | 'drop-newest'
  /** @default memory */
  storage?: OutboxStorage
}

/** Options of {@link createClient}. Checked once; a wrong one raises a ConfigError that names the field. */
export interface ClientOptions<C extends Contract = AnyContract> {
  /** Where the server is, `ws:` or `wss:` (`http:`/`https:` are taken as those); a function is asked before every dial. */
  url: string | URL | (() => MaybePromise<string | URL>)
  /** Name in logs and in the manager. @default 'surewire' */
  name?: string
  /** Credentials sent in HELLO; a function is asked before every dial. */
  auth?: unknown | (() => unknown | Promise<unknown>)
  contract?: C
  /** @default json() */
  serializer?: Serializer
  /** @default native */
  dialect?: Dialect
  /** @default [webSocket()] */
  transports?: Transport[]
  /** Deadline for url, auth, dial, upgrade and welcome together. @default 20_000 */
  connectTimeoutMs?: number
  heartbeat?: HeartbeatOptions | false
  reconnect?: ReconnectOptions | false
  queue?: QueueOptions
  /** What to do with messages that were written when the server lost its memory. @default 'resend' */
  onUnknown?: 'resend' | 'reject'
  /** Where a new session starts reading its user's log. @default { from: 'now' } */
  userLog?: { from: 'now' | 'start' }
  request?: { /** @default 15_000 */ timeoutMs?: number }
  device?: DeviceInfo
  /** @default silent */
  logger?: Logger
  /** Watch online, visibility, pageshow, freeze. @default true */
  signals?: boolean
  /** Node: drain and close on these signals (`true`: SIGTERM, SIGINT). @default false */
  closeOnSignals?: boolean | `SIG${string}`[]
}

/** What `update` can change while running. */
export type ClientUpdate<C extends Contract = AnyContract> = Partial<
  Pick<ClientOptions<C>, 'url' | 'auth' | 'heartbeat' | 'reconnect'>
>

export type Status = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closed'

/** Immutable picture of a client; the same object until something changed. */
export interface Snapshot {
  readonly status: Status
  /** Dials since the last success, 1 = the first; 0 when connected or idle. */
  readonly attempt: number
  /** Wall-clock time of the next dial in ms since 1970, `null` if none is planned. */
  readonly retryAt: number | null
  /** Messages not settled and not on the wire. */
  readonly queued: number
  /** Messages on the wire, not settled. */
  readonly inFlight: number
  readonly session: { readonly id: string; readonly resumed: boolean } | null
  /** Why the last dial failed, or the terminal error. */
  readonly error: SurewireError | null
}

/** Why a connection changed state: a short code for programs and a sentence for people. */
export interface Cause {
  readonly code: string
  readonly message: string
}

export interface CloseInfo {
  readonly code: number
  readonly reason: string
  readonly cause: Cause
}

export interface Warning {
  readonly code: string
  readonly message: string
}

/** Lifecycle events and their arguments. */
export interface LifecycleEvents {
  status: [next: Status, previous: Status, cause: Cause]
  open: [info: { resumed: boolean; user: User }]
  close: [info: CloseInfo]
  settled: [receipt: Receipt]
  gap: [gap: Gap]
  error: [error: SurewireError]
  /** Once per kind. */
  warning: [warning: Warning]
}

/** The part of an emitter that applications use; the object is an eventemitter3. */
export interface LifecycleEmitter {
  on<E extends keyof LifecycleEvents>(event: E, listener: (...args: LifecycleEvents[E]) => void): unknown
  once<E extends keyof LifecycleEvents>(event: E, listener: (...args: LifecycleEvents[E]) => void): unknown
  off<E extends keyof LifecycleEvents>(event: E, listener: (...args: LifecycleEvents[E]) => void): unknown
}

export interface SendOptions {
  /** Order holds within a priority, not across. @default 'normal' */
  priority?: Priority
  /** Ends as `expired` if not written by then. */
  ttlMs?: number
  /** Neither numbered nor kept: dropped when offline. */
  volatile?: boolean
  /** Latest wins among the unwritten of the same key: the older ends as `cancelled`. */
  replaces?: string
  /** Cancels the message while it is not written. */
  signal?: AbortSignal
}

export interface RoomSendOptions extends SendOptions {
  /** `false`: everyone in the room but this session. @default true */
  echo?: boolean
}

export interface Delivered {
  readonly id: string
  readonly outcome: 'accepted' | 'written'
}

/**
 * What becomes of a message. Awaiting it gives {@link Delivered} or throws a DeliveryError; the promise is made only
 * when asked for, so fire-and-forget never raises an unhandled rejection.
 */
export interface Receipt extends PromiseLike<Delivered> {
  readonly id: string
  readonly state: ReceiptState
  catch<R = never>(onRejected?: ((reason: unknown) => R | PromiseLike<R>) | null): Promise<Delivered | R>
  finally(onFinally?: (() => void) | null): Promise<Delivered>
  /** The end, good or bad; never rejects. */
  readonly settled: Promise<Outcome>
  readonly stored: Promise<'stored' | 'memory-only'>
  /** Takes the message back if it was never written. */
  cancel(): boolean
}

export type Handler<Type extends string, Data> = (
  data: Data,
  message: Message<Type, Data>,
) => void | Promise<void>

export interface OnOptions {
  /** Unsubscribes when aborted. */
  signal?: AbortSignal
}

export interface MessagesOptions extends OnOptions {
  /** More unread messages than this end the iteration with an error. @default 10_000 */
  maxBuffered?: number
}

export interface RequestOptions {
  /** @default options.request.timeoutMs */
  timeoutMs?: number | undefined
  signal?: AbortSignal
}

/** Something that messages are received from. */
export interface Receiver<C extends Contract> {
  /** Handlers run one after another; a returned promise is awaited before the next message. Returns how to stop. */
  on<T extends ReceiveType<C>>(
    type: T,
    handler: Handler<T, ReceiveData<C, T>>,
    options?: OnOptions,
  ): () => void
  once<T extends ReceiveType<C>>(type: T, handler: Handler<T, ReceiveData<C, T>>): () => void
  messages<T extends ReceiveType<C>>(
    type: T,
    options?: MessagesOptions,
  ): AsyncIterableIterator<Message<T, ReceiveData<C, T>>>
}

export interface Client<C extends Contract = AnyContract> extends Receiver<C> {
  readonly name: string
  readonly snapshot: Snapshot
  subscribe(listener: () => void): () => void
  readonly lifecycle: LifecycleEmitter
  connect(options?: { signal?: AbortSignal }): Promise<void>
  disconnect(): Promise<void>
  close(options?: CloseOptions): Promise<void>
  restart(options?: { force?: boolean }): Promise<void>
  update(options: ClientUpdate<C>): void
  send<T extends SendType<C>>(type: T, data: SendData<C, T>, options?: SendOptions): Receipt
  request<T extends RequestType<C>>(
    type: T,
    data: RequestData<C, T>,
    options?: RequestOptions,
  ): Promise<ReplyData<C, T>>
  room(id: string): Room<C>
  stats(): Stats
  [Symbol.asyncDispose](): Promise<void>
}

export interface CloseOptions {
  /** How long to wait for acknowledgements. @default 1_000 if connected */
  drainMs?: number
  code?: number
  reason?: string
}

export type RoomStatus = 'out' | 'joining' | 'joined'

export interface RoomSnapshot {
  readonly status: RoomStatus
  readonly cursor: Cursor | null
  readonly members: number
  /** Why the last join failed or the room was left by the server. */
  readonly error: SurewireError | null
}

export interface JoinOptions {
  /** @default 'now' */
  from?: 'now' | 'start' | Cursor
  /** Appear among the members with this state. */
  presence?: object
}

export interface JoinResult {
  readonly cursor: Cursor
  /** Nothing is missing since the cursor that was asked for. */
  readonly recovered: boolean
  readonly members: readonly Member[]
}

export interface Presence {
  get(): ReadonlyMap<string, Member>
  readonly update: (state: object) => void
  subscribe(listener: () => void): () => void
}

export interface Room<C extends Contract = AnyContract> extends Receiver<C> {
  readonly id: string
  readonly snapshot: RoomSnapshot
  subscribe(listener: () => void): () => void
  join(options?: JoinOptions): Promise<JoinResult>
  leave(): Promise<void>
  send<T extends SendType<C>>(type: T, data: SendData<C, T>, options?: RoomSendOptions): Receipt
  readonly presence: Presence
}

/** Counters since `createClient`. */
export interface Stats {
  connects: number
  reconnects: number
  /** Code of the cause → how often a connection or dial ended by it. */
  causes: Readonly<Record<string, number>>
  messagesSent: number
  messagesReceived: number
  bytesSent: number
  bytesReceived: number
  resent: number
  duplicatesDropped: number
  gaps: number
  queued: number
  inFlight: number
  /** Round trip in ms; `null` before the first. */
  roundTrip: { last: number | null; mean: number | null; p95: number | null }
  /** Milliseconds spent in each status. */
  timeByStatus: Readonly<Record<Status, number>>
}

/** Many named clients in one process. */
export interface Manager {
  add<C extends Contract = AnyContract>(name: string, options: ClientOptions<C>): Client<C>
  get(name: string): Client | undefined
  list(): readonly { readonly name: string; readonly snapshot: Snapshot }[]
  restart(name: string, options?: { force?: boolean }): Promise<void>
  remove(name: string): Promise<void>
  closeAll(options?: { drainMs?: number }): Promise<void>
}
