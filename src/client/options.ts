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
import { ConfigError, describeValue } from '../protocol/errors.js'
import { parseAddress } from '../runtime/address.js'
import { guardLogger, silentLogger } from '../runtime/logger.js'
import type { Logger, Transport } from '../runtime/ports.js'
import { json } from '../serializers/json.js'
import { webSocket } from '../transports/websocket.js'
import type {
  ClientOptions,
  ClientUpdate,
  HeartbeatOptions,
  QueueOptions,
  ReconnectOptions,
} from './types.js'

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
  checkUnknownFields(fields, KNOWN_FIELDS, name)
  checkUrl(options.url, name)
  checkHeartbeat(options.heartbeat, name)
  checkReconnect(options.reconnect, name)
  checkChoice(fields, 'onUnknown', ['resend', 'reject'], name)
  checkChoice(
    checkSection(options.userLog, 'userLog', 'from', name),
    'from',
    ['now', 'start'],
    name,
    'userLog.',
  )
  checkDuration(fields, 'connectTimeoutMs', 1, name)
  checkDuration(checkSection(options.request, 'request', 'timeoutMs', name), 'timeoutMs', 1, name, 'request.')
  const serializer = options.serializer ?? json()
  checkMethods(serializer, 'serializer', ['encode', 'decode', 'batch', 'prepend', 'size'], name)
  checkDevice(options.device, serializer, name)
  if (options.contract !== undefined) checkObject(options.contract, 'contract', name)
  if (options.dialect !== undefined) checkMethods(options.dialect, 'dialect', ['translator'], name)
  checkChoice(fields, 'signals', [true, false], name)
  checkCloseOnSignals(options.closeOnSignals, name)
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
    queue: checkQueue(options.queue, name),
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
function checkUrl(url: unknown, where?: string): void {
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

/** What {@link ClientUpdate} changes; checked as at the start. */
export function checkUpdate(update: ClientUpdate<Contract>, where?: string): void {
  checkUnknownFields(checkObject(update, 'update', where), UPDATE_FIELDS, where)
  if (update.url !== undefined) checkUrl(update.url, where)
  checkHeartbeat(update.heartbeat, where)
  checkReconnect(update.reconnect, where)
}

function checkDevice(device: unknown, serializer: Serializer, where: string): void {
  if (device === undefined) return
  checkObject(device, 'device', where)
  try {
    serializer.encode(device)
  } catch {
    throw new ConfigError('device', device, 'something that the serializer can encode', where)
  }
}

function checkCloseOnSignals(names: unknown, where: string): void {
  if (names === undefined || typeof names === 'boolean') return
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return
  throw new ConfigError(
    'closeOnSignals',
    names,
    "true, false or a list of signals such as ['SIGTERM']",
    where,
  )
}

function checkHeartbeat(heartbeat: HeartbeatOptions | false | undefined, where?: string): void {
  if (heartbeat === undefined || heartbeat === false) return
  const fields = checkSection(heartbeat, 'heartbeat', 'intervalMs timeoutMs', where)
  checkDuration(fields, 'intervalMs', 1, where, 'heartbeat.')
  checkDuration(fields, 'timeoutMs', 1, where, 'heartbeat.')
}

function checkReconnect(reconnect: ReconnectOptions | false | undefined, where?: string): void {
  if (reconnect === undefined || reconnect === false) return
  const known = 'initialDelayMs maxDelayMs factor jitter maxAttempts stableAfterMs'
  const fields = checkSection(reconnect, 'reconnect', known, where)
  const prefix = 'reconnect.'
  checkDuration(fields, 'initialDelayMs', 0, where, prefix)
  checkDuration(fields, 'maxDelayMs', 0, where, prefix)
  checkDuration(fields, 'stableAfterMs', 0, where, prefix)
  checkNumber(fields, 'factor', 1, where, prefix)
  checkNumber(fields, 'maxAttempts', 1, where, prefix)
  checkChoice(fields, 'jitter', ['full', 'equal', 'none'], where, prefix)
}

function checkQueue(queue: QueueOptions | undefined, where: string): ResolvedOptions['queue'] {
  const fields = checkSection(queue, 'queue', 'maxMessages maxBytes overflow storage', where)
  checkNumber(fields, 'maxMessages', 1, where, 'queue.')
  checkNumber(fields, 'maxBytes', 1, where, 'queue.')
  checkChoice(fields, 'overflow', ['reject', 'drop-oldest', 'drop-newest'], where, 'queue.')
  if (fields['storage'] !== undefined) checkStorage(fields['storage'], where)
  const { maxMessages, maxBytes, overflow } = { ...DEFAULTS.queue, ...queue }
  return { maxMessages, maxBytes, overflow }
}

const KNOWN_FIELDS =
  'url name auth contract serializer dialect transports connectTimeoutMs heartbeat reconnect queue onUnknown userLog ' +
  'request device logger signals closeOnSignals'
const UPDATE_FIELDS = 'url auth heartbeat reconnect'

/** A misspelt option would otherwise be silently without effect. */
function checkUnknownFields(fields: Fields, known: string, where?: string, prefix = ''): void {
  const names = known.split(' ')
  for (const field of Object.keys(fields)) {
    if (names.includes(field)) continue
    throw new ConfigError(
      prefix + field,
      fields[field],
      `absent; the options here are ${names.join(', ')}`,
      where,
    )
  }
}

/** An option that is an object of options. */
function checkSection(value: unknown, field: string, known: string, where?: string): Fields {
  const fields = value === undefined ? {} : checkObject(value, field, where)
  checkUnknownFields(fields, known, where, `${field}.`)
  return fields
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
  allowed: readonly (string | boolean)[],
  where?: string,
  prefix = '',
): void {
  const value = fields[field]
  if (value === undefined || allowed.includes(value as string)) return
  throw new ConfigError(prefix + field, value, `one of ${allowed.map(describeValue).join(', ')}`, where)
}

/** What a client does with a storage comes with it: one without is not of any use. */
function checkStorage(storage: unknown, where: string): void {
  checkMethods(storage, 'queue.storage', ['open'], where)
  if (typeof (storage as Fields)['wiring'] === 'object') return
  const allowed = 'memoryStorage(), or a storage of your own made fit by durableStorage()'
  throw new ConfigError('queue.storage', storage, allowed, where)
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
