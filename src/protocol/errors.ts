/**
 * Every error surewire raises.
 *
 * SurewireError
 * ├─ ConfigError      wrong option; `field`, `value`
 * ├─ ConnectError     a dial failed; `status` of a refused upgrade where the platform tells
 * ├─ AuthError        credentials refused
 * ├─ ClosedError      the client is, or was, closed
 * ├─ ProtocolError    the peer broke the protocol
 * ├─ TimeoutError     a deadline passed
 * └─ DeliveryError    a message or request did not succeed; `outcome`
 *
 * The ESM and the CommonJS copy of a package are different classes: recognise errors by `code`, or with
 * {@link isSurewireError}, not by `instanceof`.
 */

const BRAND = Symbol.for('surewire.error')

/** How a message ended. `accepted` and `written` are the good ends. */
export type OutcomeState =
  | 'accepted'
  | 'written'
  | 'rejected'
  | 'expired'
  | 'cancelled'
  | 'dropped'
  | 'unknown'

interface ErrorDetails {
  code: string
  retryable?: boolean
  cause?: unknown
}

/** Base of all errors. `code` is a stable literal; `retryable` says whether the same call may succeed later. */
export class SurewireError extends Error {
  override name = 'SurewireError'
  readonly code: string
  readonly retryable: boolean

  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = details.code
    this.retryable = details.retryable ?? false
    Object.defineProperty(this, BRAND, { value: true })
  }
}

/** Whether a value is one of our errors, whichever copy of the package made it. */
export function isSurewireError(value: unknown): value is SurewireError {
  return typeof value === 'object' && value !== null && BRAND in value
}

/** An option is wrong. Raised by `createClient`, `createServer`, `update`; never later. */
export class ConfigError extends SurewireError {
  override name = 'ConfigError'
  readonly field: string
  readonly value: unknown

  constructor(field: string, value: unknown, allowed: string, where?: string) {
    const place = where === undefined ? '' : ` (${where})`
    super(`option '${field}'${place}: ${describeValue(value)} is not allowed; it must be ${allowed}`, {
      code: 'config_invalid',
    })
    this.field = field
    this.value = value
  }
}

/** A dial failed. It is retried with backoff unless `retryable` is false. */
export class ConnectError extends SurewireError {
  override name = 'ConnectError'
  /** HTTP status of a refused upgrade, where the platform tells (Node; browsers never do). */
  readonly status: number | null
  /** What `Retry-After` asked for, in ms. */
  readonly retryAfterMs: number | null

  constructor(
    message: string,
    details: Partial<ErrorDetails> & { status?: number | null; retryAfterMs?: number | null } = {},
  ) {
    super(message, { code: 'connect_failed', retryable: true, ...details })
    this.status = details.status ?? null
    this.retryAfterMs = details.retryAfterMs ?? null
  }
}

/** Credentials were refused. Throw it in a server's `authenticate` to refuse them. */
export class AuthError extends SurewireError {
  override name = 'AuthError'
  readonly reason: string | null

  constructor(
    message = 'the server refused the credentials',
    details: { reason?: string; cause?: unknown } = {},
  ) {
    super(message, { code: 'auth_refused', cause: details.cause })
    this.reason = details.reason ?? null
  }
}

/** The client is closed, or was closed while the operation waited. */
export class ClosedError extends SurewireError {
  override name = 'ClosedError'
  readonly closeCode: number | null

  constructor(message: string, details: Partial<ErrorDetails> & { closeCode?: number | null } = {}) {
    super(message, { code: 'closed', ...details })
    this.closeCode = details.closeCode ?? null
  }
}

/** The peer sent something that the protocol does not allow; `rule` names the rule of docs/PROTOCOL.md. */
export class ProtocolError extends SurewireError {
  override name = 'ProtocolError'
  /** Close code that the connection ends with. */
  readonly closeCode: number

  constructor(message: string, details: Partial<ErrorDetails> & { closeCode?: number } = {}) {
    super(message, { code: 'protocol_error', ...details })
    this.closeCode = details.closeCode ?? 1002
  }
}

/** A deadline passed. */
export class TimeoutError extends SurewireError {
  override name = 'TimeoutError'

  constructor(message: string, details: Partial<ErrorDetails> = {}) {
    super(message, { code: 'timeout', retryable: true, ...details })
  }
}

/** A message or request ended otherwise than accepted. `outcome` equals the receipt's `state`. */
export class DeliveryError extends SurewireError {
  override name = 'DeliveryError'
  readonly outcome: OutcomeState

  constructor(message: string, details: ErrorDetails & { outcome: OutcomeState }) {
    super(message, details)
    this.outcome = details.outcome
  }
}

/** The sentence of whatever was thrown. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown)

/** A short, safe rendering of any value for an error message. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length > 60 ? `'${value.slice(0, 57)}…'` : `'${value}'`
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object'
    case 'function':
      return 'a function'
    default:
      return String(value)
  }
}
