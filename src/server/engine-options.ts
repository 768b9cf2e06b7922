/**
 * Options of the engine, checked once.
 *
 * Owns: defaults and the error that names a wrong field.
 */
import type { Serializer } from '../protocol/codec.js'
import { type AnyContract, checkContract, type Contract } from '../protocol/contract.js'
import { ConfigError } from '../protocol/errors.js'
import type { User } from '../protocol/frames.js'
import { consoleLogger, guardLogger, silentLogger } from '../runtime/logger.js'
import type { Clock, Logger, Random } from '../runtime/ports.js'
import { json } from '../serializers/json.js'
import { withFastEntries } from './json-entries.js'
import { DEFAULT_HEARTBEAT, DEFAULT_LIMITS, type Heartbeat, type Limits } from './core/limits.js'
import type { MaybePromise, Store } from './core/store.js'
import { memoryStore } from './memory-store.js'
import type { Authorize, NotificationProvider } from './types.js'

/** What every server takes, whatever its transport. */
export interface CommonOptions<C extends Contract = AnyContract, Request = unknown> {
  /**
   * Says who a client is, from what it sent as `auth` and from its upgrade request. Throw an AuthError to refuse it;
   * any other error is the server's fault, and the client tries again. Absent: everyone is anonymous. The whole user
   * is sent to its client in WELCOME.
   */
  authenticate?: (hello: { auth: unknown; request: Request }) => MaybePromise<User>
  /**
   * Remembers accepted credentials for so long; the answer must then depend on `auth` alone. A client that sends no
   * `auth` is asked for every time. @default 0
   */
  authCacheMs?: number
  /** Who may join a room, send, request. Absent: everything is allowed, and a warning says so. */
  authorize?: Authorize
  /** @default memoryStore() shaped by `limits` */
  store?: Store
  contract?: C
  heartbeat?: Partial<Heartbeat>
  limits?: Partial<Limits>
  /** Codecs that clients may choose from, preferred first. @default [json()] */
  serializers?: readonly Serializer[]
  notifications?: NotificationProvider
  /** @default silent */
  logger?: Logger
}

export interface EngineOptions<C extends Contract = AnyContract> extends CommonOptions<C> {
  readonly clock: Clock
  readonly random: Random
  /** Makes a key of credentials, for `authCacheMs`. @default the credentials themselves */
  readonly digest?: (text: string) => string
}

/** Options with their defaults. */
export interface EngineSettings {
  readonly clock: Clock
  readonly random: Random
  readonly digest: (text: string) => string
  readonly authenticate: ((hello: { auth: unknown; request: unknown }) => MaybePromise<User>) | undefined
  readonly authCacheMs: number
  readonly authorize: Authorize | undefined
  readonly store: Store
  /** The store was made here, so it is closed here. */
  readonly ownsStore: boolean
  readonly contract: Contract | undefined
  readonly heartbeat: Heartbeat
  readonly limits: Limits
  readonly serializers: readonly Serializer[]
  readonly notifications: NotificationProvider | undefined
  readonly logger: Logger
}

export function engineSettings<C extends Contract>(options: EngineOptions<C>): EngineSettings {
  const { clock, random, store, serializers = [json()] } = options
  const needed = 'an object with the functions debug, info, warn, error'
  checkObject('logger', options.logger, needed, 'debug', 'info', 'warn', 'error')
  const logger = guardLogger(options.logger ?? silentLogger)
  const limits = numbers('limits', DEFAULT_LIMITS, options.limits)
  const heartbeat = numbers('heartbeat', DEFAULT_HEARTBEAT, options.heartbeat)
  checkFunction('authenticate', options.authenticate)
  checkFunction('authorize', options.authorize)
  checkStore(store)
  checkMemory(store, limits)
  if (!Array.isArray(serializers) || serializers.length === 0 || !serializers.every(hasFunctions('decode'))) {
    throw new ConfigError('serializers', serializers, 'a non-empty array such as [json()]')
  }
  checkObject('contract', options.contract, 'what defineContract gives')
  checkContract(options.contract)
  checkObject('notifications', options.notifications, 'an object with the function notify', 'notify')
  if (options.authorize === undefined) {
    warnOfOpenDoor(options.logger === undefined ? null : logger)
  }
  return {
    clock,
    random,
    digest: options.digest ?? ((text) => text),
    authenticate: options.authenticate,
    authCacheMs: checkDuration('authCacheMs', options.authCacheMs ?? 0),
    authorize: options.authorize === allowAll ? undefined : options.authorize,
    store: store ?? memoryStore({ ...limits, clock }),
    ownsStore: store === undefined,
    contract: options.contract,
    heartbeat,
    limits,
    serializers: serializers.map(withFastEntries),
    notifications: options.notifications,
    logger,
  }
}

/**
 * An `authorize` that allows everything, for servers where that is meant.
 *
 * @example
 * createServer({ authorize: allowAll })
 */
export const allowAll: Authorize = () => true

/** Every field of the table is a positive number; an unknown field is a misspelt one. */
function numbers<T extends Readonly<Record<keyof T, number>>>(field: string, defaults: T, given: unknown): T {
  if (given === undefined) return defaults
  if (typeof given !== 'object' || given === null) throw new ConfigError(field, given, 'an object')
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name)) {
      throw new ConfigError(
        `${field}.${name}`,
        value,
        `absent; known are ${Object.keys(defaults).join(', ')}`,
      )
    }
    if (value !== undefined && (typeof value !== 'number' || !(value > 0))) {
      throw new ConfigError(`${field}.${name}`, value, 'a number greater than 0')
    }
  }
  const set = Object.entries(given).filter(([, value]) => value !== undefined)
  return { ...defaults, ...(Object.fromEntries(set) as Partial<T>) }
}

function checkFunction(field: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw new ConfigError(field, value, 'a function')
}

const hasFunctions =
  (...names: readonly string[]) =>
  (value: unknown): boolean =>
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => typeof (value as Readonly<Record<string, unknown>>)[name] === 'function')

function checkObject(field: string, value: unknown, allowed: string, ...functions: readonly string[]): void {
  if (value !== undefined && !hasFunctions(...functions)(value)) throw new ConfigError(field, value, allowed)
}

function checkStore(store: unknown): void {
  const isStore = typeof store === 'object' && store !== null && 'commit' in store && 'listen' in store
  if (store !== undefined && !isStore) throw new ConfigError('store', store, 'a store such as memoryStore()')
}

/** What a store forgets sooner than the window reaches, clients would take for accepted. */
function checkMemory(store: Store | undefined, { maxInFlight }: Limits): void {
  const remembered = store?.maxInFlight
  if (remembered === undefined || remembered >= maxInFlight) return
  const needed = `at least limits.maxInFlight, which is ${maxInFlight}: memoryStore({ maxInFlight: ${maxInFlight} })`
  throw new ConfigError('store.maxInFlight', remembered, needed)
}

export function checkDuration(field: string, value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0))
    throw new ConfigError(field, value, 'a number of ms, at least 0')
  return value
}

let warnedAloud = false

/** Whoever has no logger would never learn of it; one process says it once aloud. */
function warnOfOpenDoor(logger: Logger | null): void {
  const message = 'everything is allowed, because no authorize was given; pass allowAll if that is meant'
  if (logger !== null) logger.warn(message)
  else if (!warnedAloud) consoleLogger('warn').warn(message)
  warnedAloud ||= logger === null
}
