/**
 * The server's limits: one table, each with the reason for its value.
 *
 * Owns: names and defaults. `limits.history*`, `sessionMs` and `producerMs` shape the default store; a store that is
 * passed in brings its own.
 */

/** Bounds of everything that a client could make grow. Durations in ms. */
export interface Limits {
  /** Longest batch taken, in bytes. @default 1_048_576 */
  readonly maxFrameBytes: number
  /** Longest HELLO, in bytes: a thousand cursors fit, of rooms with long names. @default 1_048_576 */
  readonly maxHelloBytes: number
  /** Uplink window: unacknowledged numbers of one producer. A store that is passed in remembers refusals of as many. @default 1_024 */
  readonly maxInFlight: number
  /** Uplink window: unacknowledged bytes of one connection. @default 4_194_304 */
  readonly maxInFlightBytes: number
  /** Requests of one client that run side by side; more wait. @default 64 */
  readonly maxRequests: number
  /** Rooms that one connection follows. @default 1_000 */
  readonly maxRooms: number
  /** Producers that one connection attaches: lanes, requests, and leftovers of closed pages. @default 16 */
  readonly maxProducers: number
  /** Open connections of this server; more are answered 503. @default 100_000 */
  readonly maxConnections: number
  /**
   * Frames a second that windows don't bound (JOIN, PING, VOLATILE, PRESENCE, …), averaged; five times as many in
   * one burst, so that a thousand rooms may be joined at once. @default 1_000
   */
  readonly controlFramesPerSecond: number
  /** How long a connection may take to say HELLO, and then to be authenticated and attached. @default 10_000 */
  readonly helloMs: number
  /**
   * How long a handler may take before its message is refused, and the store to answer before it counts as failed; likewise
   * `authorize` and `authenticate`, which have `helloMs` if that is longer. @default 30_000
   */
  readonly handlerMs: number
  /** How long a session outlives its connection. @default 120_000 */
  readonly sessionMs: number
  /** How long a producer's record outlives its connection: a phone in a drawer overnight. @default 86_400_000 */
  readonly producerMs: number
  /** How long a member whose connection broke stays in presence. @default 10_000 */
  readonly presenceGraceMs: number
  /** Shortest interval of pings granted. @default 250 */
  readonly minPingMs: number
  /** Longest interval of pings granted. @default 300_000 */
  readonly maxPingMs: number
  /** Bytes waiting in a socket from which on it gets no more entries, but reads them from the log later. @default 1_048_576 */
  readonly highWaterBytes: number
  /** Bytes waiting in a socket at which it is closed. @default 16_777_216 */
  readonly maxBufferedBytes: number
  /** Entries kept of each log. @default 1_000 */
  readonly historyMessages: number
  /** Bytes, estimated, kept of each log. @default 16_777_216 */
  readonly historyBytes: number
  /** Age at which an entry is forgotten. @default 3_600_000 */
  readonly historyMs: number
}

export const DEFAULT_LIMITS: Limits = {
  maxFrameBytes: 1_048_576,
  maxHelloBytes: 1_048_576,
  maxInFlight: 1_024,
  maxInFlightBytes: 4_194_304,
  maxRequests: 64,
  maxRooms: 1_000,
  maxProducers: 16,
  maxConnections: 100_000,
  controlFramesPerSecond: 1_000,
  helloMs: 10_000,
  handlerMs: 30_000,
  sessionMs: 120_000,
  producerMs: 86_400_000,
  presenceGraceMs: 10_000,
  minPingMs: 250,
  maxPingMs: 300_000,
  highWaterBytes: 1_048_576,
  maxBufferedBytes: 16_777_216,
  historyMessages: 1_000,
  historyBytes: 16_777_216,
  historyMs: 3_600_000,
}

/** The server's side of the heartbeat. */
export interface Heartbeat {
  /** Interval of pings for clients that ask for none. @default 25_000 */
  readonly intervalMs: number
  /** A ping that is unanswered for so long ends the connection. @default 10_000 */
  readonly timeoutMs: number
}

export const DEFAULT_HEARTBEAT: Heartbeat = { intervalMs: 25_000, timeoutMs: 10_000 }
