/**
 * Options of a SurewireSocket.
 *
 * Owns: their meaning, defaults, and the one check, by names that users of reconnecting-websocket and partysocket know.
 */
import type { WebSocketConstructor } from '../transports/socket.js'
import type { SocketData } from './backlog.js'

/** An application's own question for a sign of life; WebSocket pings are out of a page's reach. */
export interface HeartbeatOptions {
  /** Silence in ms after which the message is sent. Anything received ends the silence. @default 25_000 */
  intervalMs?: number
  /** Time in ms in which anything has to be received then, or the connection is replaced. @default 10_000 */
  timeoutMs?: number
  /** What to send; something the server answers to. */
  message: SocketData | (() => SocketData)
  /** Whether received data only answers the heartbeat: it is then not told as a `message`. @default never */
  isReply?: (data: unknown) => boolean
}

/** Times in ms. */
export interface SurewireSocketOptions {
  /** The class to dial with. @default the platform's own; `ws` in Node */
  WebSocket?: WebSocketConstructor
  /** Shortest delay before a retry. @default 1_000 */
  minReconnectionDelay?: number
  /** Longest delay before a retry. @default 10_000 */
  maxReconnectionDelay?: number
  /** How the longest possible delay grows with each retry; 1: every delay is the shortest. @default 1.3 */
  reconnectionDelayGrowFactor?: number
  /** A connection that held this long lets the count of retries start over. @default 5_000 */
  minUptime?: number
  /** What a dial may take, `url()` and `protocols()` included. @default 10_000 */
  connectionTimeout?: number
  /** Retries in a row before the socket closes for good. @default Infinity */
  maxRetries?: number
  /** Messages kept while there is no connection; more are dropped, and told by `drop`. @default 10_000 */
  maxBufferedMessages?: number
  /** The same by its older name, which counts if both are given. */
  maxEnqueuedMessages?: number
  /** Bytes kept while there is no connection. @default 16_777_216 */
  maxBufferedBytes?: number
  /** Don't dial before `reconnect()`. @default false */
  startClosed?: boolean
  /** Whether to dial again after this close. @default always */
  shouldReconnectOnClose?: (event: CloseEvent) => boolean
  /**
   * `always`: every loss is told by a `close` event and followed by another dial.
   * `until-open`: dials are repeated until one succeeds; the loss of an open connection is final, as with a WebSocket,
   * for libraries above that make a new socket then. @default 'until-open' for the subprotocols `graphql-transport-ws`,
   * `graphql-ws`, `mqtt` and `mqttv3.1`, whose connections begin with a handshake of the library's; `always` for others
   */
  reconnect?: 'always' | 'until-open'
  /** @default none */
  heartbeat?: HeartbeatOptions
  /** Logs what the socket does. @default false */
  debug?: boolean
  /** Where to. @default console.log */
  debugLogger?: (...values: unknown[]) => void
}

const LIMITS = {
  minReconnectionDelay: 1_000,
  maxReconnectionDelay: 10_000,
  reconnectionDelayGrowFactor: 1.3,
  minUptime: 5_000,
  connectionTimeout: 10_000,
  maxRetries: Infinity,
  maxBufferedMessages: 10_000,
  maxEnqueuedMessages: 0,
  maxBufferedBytes: 16_777_216,
}

const HEARTBEAT = { intervalMs: 25_000, timeoutMs: 10_000 }

const NOT_LESS_THAN_1 = /Factor|interval/

export type Limits = typeof LIMITS

/** Subprotocols that cannot be continued on another connection without the library above. */
const HANDSHAKE_FIRST = /^(graphql-(transport-)?ws|mqtt(v3\.1)?)$/

/** All numbers, checked. */
export function limitsOf(options: SurewireSocketOptions): Limits {
  const limits = numbers(options, LIMITS)
  if (options.maxEnqueuedMessages !== undefined) limits.maxBufferedMessages = limits.maxEnqueuedMessages
  return limits
}

/** `intervalMs` 0: no heartbeat. */
export function heartbeatOf({ heartbeat }: SurewireSocketOptions): typeof HEARTBEAT {
  if (heartbeat === undefined) return { ...HEARTBEAT, intervalMs: 0 }
  if (heartbeat?.message === undefined) throw refuse('heartbeat', heartbeat, 'an object with a message')
  return numbers(heartbeat, HEARTBEAT, 'heartbeat.')
}

export function isUntilOpen({ reconnect }: SurewireSocketOptions, protocols: readonly string[]): boolean {
  if (reconnect === undefined) return protocols.some((protocol) => HANDSHAKE_FIRST.test(protocol))
  if (reconnect !== 'always' && reconnect !== 'until-open')
    throw refuse('reconnect', reconnect, "'always' or 'until-open'")
  return reconnect === 'until-open'
}

/** The named numbers of `options`, none below 0, with `defaults` for those left out. */
function numbers<Fields extends Record<string, number>>(
  options: object,
  defaults: Fields,
  prefix = '',
): Fields {
  const result = { ...defaults } as Record<string, number>
  for (const name in defaults) {
    const value = (options as { readonly [name: string]: unknown })[name]
    if (value === undefined) continue
    const least = NOT_LESS_THAN_1.test(name) ? 1 : 0
    if (typeof value !== 'number' || !(value >= least))
      throw refuse(prefix + name, value, `a number, ${least} or more`)
    result[name] = value
  }
  return result as Fields
}

/**
 * The platform's class, as a WebSocket would throw, with the fields of a ConfigError, whose code would be a tenth of the
 * whole bundle. Errors are recognised by `code`.
 */
function refuse(field: string, value: unknown, allowed: string): TypeError {
  const message = `option '${field}' must be ${allowed}, not ${String(value)}`
  return Object.assign(new TypeError(message), { code: 'config_invalid', field, value })
}
