/**
 * The client's options: defaults and checks.
 *
 * Owns: every default, and what the client makes of the options.
 * Does not own: what they may be (option-rules.ts).
 */
import { nativeDialect } from '../dialects/native.js'
import type { Dialect } from '../connection/dialect.js'
import type { ConnectionConfig } from '../connection/machine.js'
import type { OutboxLimits } from '../delivery/outbox.js'
import type { Serializer } from '../protocol/codec.js'
import { checkContract, type Contract } from '../protocol/contract.js'
import { ConfigError } from '../protocol/errors.js'
import { guardLogger, silentLogger } from '../runtime/logger.js'
import type { Logger, Transport } from '../runtime/ports.js'
import { json } from '../serializers/json.js'
import { wireSize } from '../serializers/size.js'
import { webSocket } from '../transports/websocket.js'
import { checkOption, checkOptions, DURATION, OBJECT, optionRules } from './option-rules.js'
import type { ClientOptions, ClientUpdate, CloseOptions } from './types.js'

/** The documented defaults; a test holds the docstrings against them. */
export const DEFAULTS = {
  name: 'surewire',
  connectTimeoutMs: 20_000,
  heartbeat: { intervalMs: 25_000, timeoutMs: 10_000 },
  reconnect: {
    initialDelayMs: 500,
    maxDelayMs: 30_000,
    factor: 2,
    jitter: 'full',
    maxAttempts: Number.POSITIVE_INFINITY,
    stableAfterMs: 10_000,
  },
  queue: { maxMessages: 10_000, maxBytes: 16_777_216, overflow: 'reject' },
  onUnknown: 'resend',
  userLog: { from: 'now' },
  request: { timeoutMs: 15_000 },
} as const

/** How long `close()` waits for acknowledgements when it isn't told. */
const DEFAULT_DRAIN_MS = 1_000
/** RFC 6455 section 5.5: 125 bytes less the code. */
const MAX_REASON_BYTES = 123

/** Shared by all clients that have no other: none of them remembers anything. */
const SERIALIZER = json()
const DIALECT = nativeDialect(SERIALIZER)
const TRANSPORTS = [webSocket()]

/** Options after the check, every default in place. */
export interface ResolvedOptions {
  readonly name: string
  readonly contract: Contract | null
  readonly serializer: Serializer
  readonly dialect: Dialect
  readonly transports: readonly Transport[]
  readonly queue: OutboxLimits
  readonly requestTimeoutMs: number
  readonly logger: Logger
}

/** Checks all options. Raises a {@link ConfigError} for the first that is wrong. */
export function resolveOptions<C extends Contract>(options: ClientOptions<C>): ResolvedOptions {
  const rules = optionRules()
  checkOption('options', options, OBJECT)
  const { name = DEFAULTS.name, serializer = SERIALIZER, device, logger } = options
  checkOption('url', options.url, rules.url, name)
  checkOptions(options, rules, name)
  checkContract(options.contract, name)
  if (device !== undefined) checkDevice(device, serializer, name)
  return {
    name,
    contract: options.contract ?? null,
    serializer,
    dialect: options.dialect ?? (serializer === SERIALIZER ? DIALECT : nativeDialect(serializer)),
    transports: options.transports ?? TRANSPORTS,
    queue: withDefaults(DEFAULTS.queue, options.queue),
    requestTimeoutMs: options.request?.timeoutMs ?? DEFAULTS.request.timeoutMs,
    logger: logger === undefined ? silentLogger : guardLogger(logger),
  }
}

/** The defaults themselves, one for all clients, if nothing else is wished. */
function withDefaults<Defaults extends object, Given extends object>(
  defaults: Defaults,
  given: Given | undefined,
): Defaults | (Defaults & Given) {
  return given === undefined ? defaults : { ...defaults, ...given }
}

function checkDevice(device: object, serializer: Serializer, where: string): void {
  try {
    serializer.encode(device)
  } catch {
    throw new ConfigError('device', device, 'something that the serializer can encode', where)
  }
}

/** The part of the options that `update` can change. */
export type ConnectionOptions = Pick<ClientOptions, 'auth' | 'heartbeat' | 'reconnect' | 'connectTimeoutMs'>

/** What the connection machine needs of the options. */
export function connectionConfig(options: ConnectionOptions): ConnectionConfig {
  return {
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
    heartbeat: options.heartbeat === false ? null : withDefaults(DEFAULTS.heartbeat, options.heartbeat),
    reconnect: options.reconnect === false ? null : withDefaults(DEFAULTS.reconnect, options.reconnect),
    freshCredentials: typeof options.auth === 'function',
  }
}

/** What {@link ClientUpdate} changes; checked as at the start. */
export function checkUpdate(update: ClientUpdate<Contract>, where?: string): void {
  const { url, auth, heartbeat, reconnect } = optionRules()
  checkOption('update', update, OBJECT, where)
  checkOptions(update, { url, auth, heartbeat, reconnect }, where)
}

/** What `close()` is told, every default in place. */
export function checkClose(options: CloseOptions, connected: boolean): Required<CloseOptions> {
  const { code = 1000, reason = '', drainMs = connected ? DEFAULT_DRAIN_MS : 0 } = options
  if (code !== 1000 && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
    throw new ConfigError('code', code, '1000 or a number from 3000 to 4999')
  }
  if (typeof reason !== 'string' || wireSize(reason) > MAX_REASON_BYTES)
    throw new ConfigError('reason', reason, 'a string of at most 123 bytes')
  checkOption('drainMs', drainMs, DURATION)
  return { code, reason, drainMs }
}
