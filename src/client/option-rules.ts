/**
 * What options may be.
 *
 * Owns: a rule for every option, in words and as a check, and the error that names the option, its value and what is
 * allowed. Does not own: defaults (options.ts).
 */
import { ConfigError, describeValue } from '../protocol/errors.js'
import { parseAddress } from '../runtime/address.js'
import type { ClientOptions } from './types.js'

type Fields = Readonly<Record<string, unknown>>

interface Rule {
  /** Completes "it must be …". */
  readonly allowed: string
  readonly holds: (value: unknown) => boolean
}

/** An option that is an object of options. */
interface Section {
  readonly fields: Rules
  /** `false` switches off what it is about. */
  readonly canBeOff: boolean
}

type Rules = { readonly [option: string]: Rule | Section }

/** Checks options by their rules. Raises a ConfigError for the first that is wrong; what is absent is never wrong. */
export function checkOptions(options: object, rules: Rules, where?: string, prefix = ''): void {
  const fields = options as Fields
  for (const option of Object.keys(fields)) {
    // A misspelt option would otherwise be silently without effect.
    if (Object.hasOwn(rules, option)) continue
    const allowed = `absent; the options here are ${Object.keys(rules).join(', ')}`
    throw new ConfigError(prefix + option, fields[option], allowed, where)
  }
  for (const [option, rule] of Object.entries(rules)) {
    const value = fields[option]
    const field = prefix + option
    if (value === undefined) continue
    if (!('fields' in rule)) checkOption(field, value, rule, where)
    else if (value !== false || !rule.canBeOff) {
      checkOption(field, value, OBJECT, where)
      checkOptions(value as object, rule.fields, where, `${field}.`)
    }
  }
}

/** Checks one option, whether it is there or not. */
export function checkOption(option: string, value: unknown, rule: Rule, where?: string): void {
  if (!rule.holds(value)) throw new ConfigError(option, value, rule.allowed, where)
}

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null

export const OBJECT: Rule = { allowed: 'an object', holds: isObject }
const ANYTHING: Rule = { allowed: 'anything', holds: () => true }

const section = (fields: Rules, canBeOff = false): Section => ({ fields, canBeOff })

export const atLeast = (least: number): Rule => ({
  allowed: `a number of at least ${least}`,
  holds: (value) => typeof value === 'number' && value >= least,
})

const duration = (least: number): Rule => ({
  allowed: `a finite number of milliseconds, at least ${least}`,
  holds: (value) => typeof value === 'number' && Number.isFinite(value) && value >= least,
})

/** Any duration that can be waited for. */
export const DURATION: Rule = /* @__PURE__ */ duration(0)

const oneOf = (...choices: readonly unknown[]): Rule => ({
  allowed: `one of ${choices.map(describeValue).join(', ')}`,
  holds: (value) => choices.includes(value),
})

const hasMethods = (value: unknown, names: readonly string[]): boolean =>
  isObject(value) && names.every((name) => typeof value[name] === 'function')

const methods = (...names: readonly string[]): Rule => ({
  allowed: `an object with the functions ${names.join(', ')}`,
  holds: (value) => hasMethods(value, names),
})

/** A function is checked when it is asked. */
const ADDRESS: Rule = {
  allowed: "an address such as 'wss://example.com/ws', or a function that gives one",
  holds: (value) => {
    try {
      return typeof value === 'function' || parseAddress(value) !== null
    } catch {
      return false
    }
  },
}

/** The rules of all options. A function, so that an application without a client does not ship the table. */
export const optionRules = () =>
  ({
    url: ADDRESS,
    name: { allowed: 'a non-empty string', holds: (value) => typeof value === 'string' && value !== '' },
    auth: ANYTHING,
    contract: OBJECT,
    serializer: methods('encode', 'decode', 'batch', 'prepend', 'size'),
    dialect: methods('translator'),
    transports: {
      allowed: 'a list of at least one transport, such as [webSocket()]; each has the function open',
      holds: (value) =>
        Array.isArray(value) && value.length > 0 && value.every((item) => hasMethods(item, ['open'])),
    },
    connectTimeoutMs: duration(1),
    heartbeat: section({ intervalMs: duration(1), timeoutMs: duration(1) }, true),
    reconnect: section(
      {
        initialDelayMs: duration(0),
        maxDelayMs: duration(0),
        factor: atLeast(1),
        jitter: oneOf('full', 'equal', 'none'),
        maxAttempts: atLeast(1),
        stableAfterMs: duration(0),
      },
      true,
    ),
    queue: section({
      maxMessages: atLeast(1),
      maxBytes: atLeast(1),
      overflow: oneOf('reject', 'drop-oldest', 'drop-newest'),
      // What a client does with a storage comes with it: one without is of no use.
      storage: {
        allowed: 'memoryStorage(), or a storage of your own, with the function open, through outboxStorage()',
        holds: (value) => hasMethods(value, ['open']) && isObject((value as Fields)['wiring']),
      },
    }),
    onUnknown: oneOf('resend', 'reject'),
    userLog: section({ from: oneOf('now', 'start') }),
    request: section({ timeoutMs: duration(1) }),
    device: OBJECT,
    logger: methods('debug', 'info', 'warn', 'error'),
    signals: oneOf(true, false),
    closeOnSignals: {
      allowed: "true, false or a list of signals such as ['SIGTERM']",
      holds: (value) =>
        typeof value === 'boolean' ||
        (Array.isArray(value) && value.every((name) => typeof name === 'string')),
    },
  }) satisfies { readonly [option in keyof ClientOptions]-?: Rule | Section }
