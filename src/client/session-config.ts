/**
 * What a client's session and its dialer are made with.
 *
 * Owns: their configuration out of the options and the platform, and the numbers in it that are no option.
 * Does not own: the options' checks and defaults (options.ts).
 */
import type { ConnectionConfig } from '../connection/machine.js'
import type { Contract } from '../protocol/contract.js'
import type { DialPlan } from '../runtime/dialer.js'
import type { SessionConfig } from '../session/client/session.js'
import type { ClientEnvironment } from './environment.js'
import { connectionConfig, type ResolvedOptions } from './options.js'
import { wiringOf } from './outbox-storage.js'
import type { StorageWriter } from './storage-writer.js'
import type { ClientOptions } from './types.js'

const RECEIVE_WINDOW = { messages: 1_024, bytes: 4_194_304 }
/** Longest batch taken from a server. */
const MAX_FRAME_BYTES = 16_777_216

/** `buffered`: bytes that the current link has not put on the wire. */
export function sessionConfig(
  options: ClientOptions<Contract>,
  resolved: ResolvedOptions,
  { random, window }: ClientEnvironment,
  buffered: () => number,
): SessionConfig {
  const storage = options.queue?.storage
  const connection = connectionConfig(options)
  return {
    serializer: resolved.serializer,
    translator: () => resolved.dialect.translator(),
    connection,
    handshake: {
      device: options.device ?? null,
      userLogFrom: options.userLog?.from ?? 'now',
      pingMs: pingInterval(connection),
      maxFrame: MAX_FRAME_BYTES,
    },
    outbox: resolved.queue,
    window: window ?? RECEIVE_WINDOW,
    onUnknown: options.onUnknown ?? 'resend',
    random: () => random.next(),
    newId: () => random.id(),
    buffered,
    persistence: storage === undefined ? null : wiringOf(storage).persistence,
  }
}

/** The options are read anew for every dial: `update` changes them. */
export function dialPlan(
  options: ClientOptions<Contract>,
  resolved: ResolvedOptions,
  storage: StorageWriter | null,
): DialPlan {
  return {
    url: () => currently(options.url),
    auth: () => currently(options.auth),
    stored: () => storage?.idle ?? null,
    transports: resolved.transports,
    protocols: resolved.dialect.subprotocols,
  }
}

/** What HELLO asks for; 0: no pings. */
export const pingInterval = ({ heartbeat }: ConnectionConfig): number => heartbeat?.intervalMs ?? 0

/** An option that is a value, or a function that gives one. */
export const currently = (option: unknown): unknown =>
  typeof option === 'function' ? (option as () => unknown)() : option
