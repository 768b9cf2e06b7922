/**
 * The client's options: defaults and checks.
 *
 * Owns: every default, and the one check of every option, with an error that names the field and what it may be.
 */
import { nativeDialect } from '../dialects/native.js'
import type { Dialect } from '../connection/dialect.js'
import type { ConnectionConfig } from '../connection/machine.js'
import type { Serializer } from '../protocol/codec.js'
import type { Contract } from '../protocol/contract.js'
import { ConfigError } from '../protocol/errors.js'
import { parseAddress } from '../runtime/address.js'
import { guardLogger, silentLogger } from '../runtime/logger.js'
import type { Logger, Transport } from '../runtime/ports.js'
import { json } from '../serializers/json.js'
import { webSocket } from '../transports/websocket.js'
import type { ClientOptions, HeartbeatOptions, QueueOptions, ReconnectOptions } from './types.js'

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

/** Options after the check, every default in place. */
export interface ResolvedOptions {
  readonly name: string
  readonly contract: Contract | null
  readonly serializer: Serializer
  readonly dialect: Dialect
  readonly transports: readonly Transport[]
  readonly queue: Required<Omit<QueueOptions, 'storage'>>
  readonly requestTimeoutMs: number
  readonly logger: Logger
}

type Fields = Readonly<Record<string, unknown>>

/** Checks all options. Raises a {@link ConfigError} for the first that is wrong. */
export function resolveOptions<C extends Contract>(options: ClientOptions<C>): ResolvedOptions {
  const fields = options as unknown as Fields
  if (typeof options !== 'object' || options === null) throw new ConfigError('options', options, 'an object')
  const name = checkString(fields, 'name', undefined) ?? DEFAULTS.name
  checkUnknownFields(fields, name)
  checkUrl(options.url, name)
  checkHeartbeat(options.heartbeat, name)
  checkReconnect(options.reconnect, name)
  checkChoice(fields, 'onUnknown', ['resend', 'reject'], name)
  checkChoice((options.userLog ?? {}) as Fields, 'from', ['now', 'start'], name, 'userLog.')
  checkDuration(fields, 'connectTimeoutMs', 1, name)
  const request = (options.request ?? {}) as Fields
  checkDuration(request, 'timeoutMs', 1, name, 'request.')
  const serializer = options.serializer ?? json()
  checkMethods(serializer, 'serializer', ['encode', 'decode', 'batch', 'prepend', 'size'], name)
  const transports = options.transports ?? [webSocket()]
  if (!Array.isArray(transports) || transports.length === 0) {
    throw new ConfigError(
      'transports',
      transports,
      'a list of at least one transport, such as [webSocket()]',
      name,
    )
  }
  for (const transport of transports) checkMethods(transport, 'transports', ['open'], name)
  if (options.logger !== undefined)
    checkMethods(options.logger, 'logger', ['debug', 'info', 'warn', 'error'], name)
  return {
    name,
    contract: options.contract ?? null,
    serializer,
    dialect: options.dialect ?? nativeDialect(serializer),
    transports,
    queue: checkQueue(options.queue ?? {}, name),
    requestTimeoutMs: options.request?.timeoutMs ?? DEFAULTS.request.timeoutMs,
    logger: options.logger === undefined ? silentLogger : guardLogger(options.logger),
  }
}

/** The part of the options that `update` can change. */
export type ConnectionOptions = Pick<ClientOptions, 'auth' | 'heartbeat' | 'reconnect' | 'connectTimeoutMs'>

/** What the connection machine needs of the options. */
export function connectionConfig(options: ConnectionOptions): ConnectionConfig {
  return {
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
    heartbeat: options.heartbeat === false ? null : { ...DEFAULTS.heartbeat, ...options.heartbeat },
    reconnect: options.reconnect === false ? null : { ...DEFAULTS.reconnect, ...options.reconnect },
    freshCredentials: typeof options.auth === 'function',
  }
}

/** A missing or wrong address, before anything is dialled. A function is checked when it is asked. */
export function checkUrl(url: unknown, where?: string): void {
  if (typeof url === 'function') return
  try {
    parseAddress(url)
  } catch {
    throw new ConfigError(
      'url',
      url,
      "an address such as 'wss://example.com/ws', or a function that gives one",
      where,
    )
  }
}

export function checkHeartbeat(heartbeat: HeartbeatOptions | false | undefined, where?: string): void {
  if (heartbeat === undefined || heartbeat === false) return
  const fields = checkObject(heartbeat, 'heartbeat', where)
  checkDuration(fields, 'intervalMs', 1, where, 'heartbeat.')
  checkDuration(fields, 'timeoutMs', 1, where, 'heartbeat.')
}

export function checkReconnect(reconnect: ReconnectOptions | false | undefined, where?: string): void {
  if (reconnect === undefined || reconnect === false) return
  const fields = checkObject(reconnect, 'reconnect', where)
  const prefix = 'reconnect.'
  checkDuration(fields, 'initialDelayMs', 0, where, prefix)
  checkDuration(fields, 'maxDelayMs', 0, where, prefix)
  checkDuration(fields, 'stableAfterMs', 0, where, prefix)
  checkNumber(fields, 'factor', 1, where, prefix)
  checkNumber(fields, 'maxAttempts', 1, where, prefix)
  checkChoice(fields, 'jitter', ['full', 'equal', 'none'], where, prefix)
}

function checkQueue(queue: QueueOptions, where: string): ResolvedOptions['queue'] {
  const fields = checkObject(queue, 'queue', where)
  checkNumber(fields, 'maxMessages', 1, where, 'queue.')
  checkNumber(fields, 'maxBytes', 1, where, 'queue.')
  checkChoice(fields, 'overflow', ['reject', 'drop-oldest', 'drop-newest'], where, 'queue.')
  if (queue.storage !== undefined) checkMethods(queue.storage, 'queue.storage', ['open'], where)
  const { maxMessages, maxBytes, overflow } = { ...DEFAULTS.queue, ...queue }
  return { maxMessages, maxBytes, overflow }
}

const KNOWN_FIELDS = new Set(
  (
    'url name auth contract serializer dialect transports connectTimeoutMs heartbeat reconnect queue onUnknown userLog ' +
    'request device logger signals closeOnSignals'
  ).split(' '),
)

/** A misspelt option would otherwise be silently without effect. */
function checkUnknownFields(fields: Fields, where: string): void {
  for (const field of Object.keys(fields)) {
    if (!KNOWN_FIELDS.has(field)) {
      throw new ConfigError(
        field,
        fields[field],
        `absent; the options are ${[...KNOWN_FIELDS].join(', ')}`,
        where,
      )
    }
  }
}

function checkObject(value: unknown, field: string, where?: string): Fields {
  if (typeof value === 'object' && value !== null) return value as Fields
  throw new ConfigError(field, value, 'an object', where)
}

function checkString(fields: Fields, field: string, where?: string): string | undefined {
  const value = fields[field]
  if (value === undefined || (typeof value === 'string' && value !== '')) return value as string | undefined
  throw new ConfigError(field, value, 'a non-empty string', where)
}

function checkNumber(fields: Fields, field: string, least: number, where?: string, prefix = ''): void {
  const value = fields[field]
  if (value === undefined || (typeof value === 'number' && value >= least)) return
  throw new ConfigError(prefix + field, value, `a number of at least ${least}`, where)
}

function checkDuration(fields: Fields, field: string, least: number, where?: string, prefix = ''): void {
  const value = fields[field]
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value) && value >= least)) return
  throw new ConfigError(prefix + field, value, `a finite number of milliseconds, at least ${least}`, where)
}

function checkChoice(
  fields: Fields,
  field: string,
  allowed: readonly string[],
  where?: string,
  prefix = '',
): void {
  const value = fields[field]
  if (value === undefined || allowed.includes(value as string)) return
  throw new ConfigError(
    prefix + field,
    value,
    `one of ${allowed.map((choice) => `'${choice}'`).join(', ')}`,
    where,
  )
}

function checkMethods(value: unknown, field: string, methods: readonly string[], where?: string): void {
  const fields = value as Fields | null
  if (
    typeof value === 'object' &&
    fields !== null &&
    methods.every((method) => typeof fields[method] === 'function')
  ) {
    return
  }
  throw new ConfigError(field, value, `an object with the functions ${methods.join(', ')}`, where)
}
