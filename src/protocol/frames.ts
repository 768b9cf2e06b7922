/**
 * The frames of surewire.1: their numbers and shapes.
 *
 * Owns: the vocabulary of the wire, as types. A frame is an array whose first element is its type; a WebSocket
 * message is an array of frames (a batch).
 * Does not own: checking what arrives (parse.ts) nor bytes (codec.ts and the serializers).
 */

/** Version of the protocol, stated in HELLO and WELCOME. */
export const PROTOCOL_VERSION = 1

/** Prefix of the WebSocket subprotocols: `surewire.1.json`, `surewire.1.msgpack`. */
export const SUBPROTOCOL_PREFIX = 'surewire.1.'

/**
 * Frame numbers. Unknown numbers below 64 are an error, from 64 on they are ignored. An enum, because bundlers put the
 * numbers in place of its names.
 */
export enum FrameType {
  HELLO = 1,
  WELCOME = 2,
  ATTACH = 3,
  ATTACHED = 4,
  USE = 5,
  SEND = 6,
  REQUEST = 7,
  CANCEL = 8,
  VOID = 9,
  ACCEPTED = 10,
  REJECTED = 11,
  ENTRY = 12,
  SKIP = 13,
  GAP = 14,
  HANDLED = 15,
  JOIN = 16,
  JOINED = 17,
  LEAVE = 18,
  LEFT = 19,
  VOLATILE = 20,
  PRESENCE = 21,
  PING = 22,
  PONG = 23,
  AUTH = 24,
  AUTHED = 25,
  AWAY = 26,
  FAIL = 27,
  BYE = 28,
  /** Reserved for large messages. */
  CHUNK = 29,
}
type T = typeof FrameType

/** A limit on what may be unconfirmed: a count and a number of bytes. Absolute: confirmed + window. */
export interface Window {
  messages: number
  bytes: number
}

/** What a producer numbers: ordered messages, or requests (side by side). */
export type ProducerKind = 'messages' | 'requests'

/** A producer as its client offers it, in HELLO and ATTACH (rules 3 and 5). */
export interface ProducerOffer {
  id: string
  /** Secret; compared at every attach. */
  key: string
  kind: ProducerKind
  /** Raised by the client before every dial; an attach that is not newer is refused. */
  attach: number
  /** The epoch the client last saw of the record; absent before the first attach. */
  epoch?: string
  /** Whose its messages are, as a WELCOME named them: a server refuses it to anybody else (FEN-12). */
  user?: string
  /** Highest number that the server settled. */
  floor: number
  /** Highest number that was ever written to a socket. */
  written: number
}

/** `[seq, code, message]` of a refused message. */
export type Refusal = readonly [seq: number, code: string, message: string]

/** The code of numbers that were VOID, among the refusals of an attach: nothing ran (ACC-12). */
export const VOIDED = 'void'

/** What the server holds of a producer, in WELCOME and ATTACHED. */
export interface ProducerState {
  /** Highest committed number. */
  last: number
  /** Highest number in the server's hands (running or queued there); at least `last`. */
  held: number
  epoch: string
  /** Of the last `window.messages` numbers, those committed as refused. */
  refused: readonly Refusal[]
}

/** Position in a log: entries after `offset` of `epoch` are still to come. */
export type LogPosition = readonly [epoch: string, offset: number]

/** Log name → position. */
export type LogPositions = { readonly [log: string]: LogPosition }

/** What a client says about itself. `kind` is what `toUser(id).send(…, { devices })` selects by. */
export interface DeviceInfo {
  kind?: 'mobile' | 'desktop' | 'tablet' | (string & {})
  [key: string]: unknown
}

/** Who the server takes the client for. */
export interface User {
  id: string
  [key: string]: unknown
}

export interface Hello {
  v: number
  session?: {
    id: string
    key: string
    /** Raised by the client before every dial, like a producer's. */ attach: number
  }
  producers: readonly ProducerOffer[]
  /**
   * Cursors of the followed logs. The name `user` alone with `['', 0]` asks for the user's own log from its start,
   * for a client that doesn't know yet who it is.
   */
  cursors: LogPositions
  auth?: unknown
  /** Wished interval of the server's pings in ms; 0: none. */
  pingMs?: number
  /** What the server may have sent without HANDLED for it. */
  window: Window
  /** Longest batch in bytes that the client takes. */
  maxFrame: number
  device?: DeviceInfo
  caps: { readonly [name: string]: unknown }
}

export interface Welcome {
  v: number
  session: { id: string; key: string; resumed: boolean; why?: string }
  user: User
  /** In the order of HELLO; `null`: refused (stale attach, wrong key, another's). */
  producers: readonly (ProducerState | null)[]
  logs: LogPositions
  /** Interval of the server's pings in ms; 0: none. */
  pingMs: number
  /** How long the session is kept after its connection is gone. */
  sessionMs: number
  /** What the client may have written without acknowledgement: numbers per producer, bytes per connection. */
  window: Window
  /** Longest batch in bytes that the server takes. */
  maxFrame: number
  caps: { readonly [name: string]: unknown }
}

/** Options that travel with a SEND. */
export interface SendMeta {
  /** `false`: a room's entry is skipped for the session that sent it. Default `true`. */
  echo?: boolean
}

/** What belongs to a log entry besides type and data. */
export interface EntryMeta {
  /** Message id: `producer id + '.' + seq` for what a client sent, the server's own otherwise. */
  id: string
  /** User id of the sender; `null`: the server. */
  from: string | null
  /** Wall-clock time of the append in ms since 1970; data, never compared. */
  at: number
  /** In a `replies/…` log: the id of the request that this settles. */
  re?: string
  /** In a `replies/…` log: the request failed; `data` is `{ code, message }`. */
  error?: boolean
  /** The handler that made this ran for a message that may have been handled before (rule 5). */
  redelivered?: boolean
}

/** A member of a room's presence, as others see it. */
export interface Member {
  /** Id of the membership: one per session and room. */
  id: string
  userId: string
  sessionId: string
  device: DeviceInfo
  state: unknown
  /** Wall-clock time of the join in ms since 1970. */
  since: number
}

export type PresenceKind = 'sync' | 'join' | 'update' | 'leave'

export interface AwayNotice {
  /** Wait at least so long before coming back. */
  afterMs: number
  /** … plus a uniformly random time of at most this. */
  spreadMs: number
  /** Come back here instead. */
  url?: string
  reason: string
}

export type HelloFrame = readonly [T['HELLO'], Hello]
export type WelcomeFrame = readonly [T['WELCOME'], Welcome]
export type AttachFrame = readonly [T['ATTACH'], index: number, producer: ProducerOffer]
export type AttachedFrame = readonly [T['ATTACHED'], index: number, state: ProducerState | null]
export type UseFrame = readonly [T['USE'], index: number]
export type SendFrame = readonly [
  T['SEND'],
  seq: number,
  room: string | null,
  type: string,
  data: unknown,
  meta?: SendMeta | null,
]
export type RequestFrame = readonly [
  T['REQUEST'],
  seq: number,
  type: string,
  data: unknown,
  ttlMs?: number | null,
]
export type CancelFrame = readonly [T['CANCEL'], seq: number]
export type VoidFrame = readonly [T['VOID'], from: number, to: number]
export type AcceptedFrame = readonly [T['ACCEPTED'], index: number, seq: number]
export type RejectedFrame = readonly [
  T['REJECTED'],
  index: number,
  seq: number,
  code: string,
  message: string,
  retryMs?: number | null,
]
export type EntryFrame = readonly [
  T['ENTRY'],
  log: string,
  offset: number,
  type: string,
  data: unknown,
  meta: EntryMeta,
]
export type SkipFrame = readonly [T['SKIP'], log: string, to: number]
export type GapFrame = readonly [
  T['GAP'],
  log: string,
  epoch: string,
  from: number,
  to: number | null,
  why: string,
]
export type HandledFrame = readonly [T['HANDLED'], messages: number, bytes: number]
export type JoinFrame = readonly [
  T['JOIN'],
  n: number,
  room: string,
  epoch?: string | null,
  offset?: number | null,
  presence?: unknown,
]
export type JoinedFrame = readonly [
  T['JOINED'],
  n: number,
  room: string,
  epoch: string,
  offset: number,
  members?: readonly Member[] | null,
]
export type LeaveFrame = readonly [T['LEAVE'], n: number, room: string]
/** `n` 0: not an answer, the server's own doing. */
export type LeftFrame = readonly [T['LEFT'], n: number, room: string, why: string]
export type VolatileFrame = readonly [
  T['VOLATILE'],
  room: string | null,
  type: string,
  data: unknown,
  from?: string | null,
]
export type PresenceFrame = readonly [
  T['PRESENCE'],
  room: string,
  version: number,
  kind: PresenceKind,
  members: readonly Member[],
]
export type PingFrame = readonly [T['PING'], t: number]
export type PongFrame = readonly [T['PONG'], t: number]
export type AuthFrame = readonly [T['AUTH'], token: unknown]
export type AuthedFrame = readonly [T['AUTHED'], user: User]
export type AwayFrame = readonly [T['AWAY'], AwayNotice]
export type FailFrame = readonly [T['FAIL'], code: string, message: string]
export type ByeFrame = readonly [T['BYE']]

/** Frames a client may send. */
export type ClientFrame =
  | HelloFrame
  | AttachFrame
  | UseFrame
  | SendFrame
  | RequestFrame
  | CancelFrame
  | VoidFrame
  | HandledFrame
  | JoinFrame
  | LeaveFrame
  | VolatileFrame
  | PresenceFrame
  | PingFrame
  | PongFrame
  | AuthFrame
  | ByeFrame

/** Frames a server may send. */
export type ServerFrame =
  | WelcomeFrame
  | AttachedFrame
  | AcceptedFrame
  | RejectedFrame
  | EntryFrame
  | SkipFrame
  | GapFrame
  | JoinedFrame
  | LeftFrame
  | VolatileFrame
  | PresenceFrame
  | PingFrame
  | PongFrame
  | AuthedFrame
  | AwayFrame
  | FailFrame
  | ByeFrame
