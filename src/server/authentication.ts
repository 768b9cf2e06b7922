/**
 * Who is it?
 *
 * Owns: calling `authenticate`, telling refused credentials from a server that could not check them, and remembering
 * answers for a while so that a reconnect storm does not hit the database.
 */
import { isSurewireError } from '../protocol/errors.js'
import { MAX_NAME_LENGTH } from '../protocol/check.js'
import type { User } from '../protocol/frames.js'
import type { Logger } from '../runtime/ports.js'
import type { Authentication } from './core/effects.js'
import type { MaybePromise } from './core/store.js'
import { isPromise } from './promises.js'

export interface AuthenticatorOptions {
  readonly authenticate: ((hello: { auth: unknown; request: unknown }) => MaybePromise<User>) | undefined
  /** 0: nothing is remembered. */
  readonly cacheMs: number
  /** Turns credentials into a key, so that they are not kept. */
  readonly digest: (text: string) => string
  readonly now: () => number
  readonly logger: Logger
}

/** Remembered answers; the oldest go first. */
const MAX_REMEMBERED = 10_000

const UNAVAILABLE: Authentication = {
  ok: false,
  code: 'auth_unavailable',
  message: 'the server could not check the credentials; try again later',
}

export class Authenticator {
  readonly #options: AuthenticatorOptions
  readonly #remembered = new Map<string, { readonly user: User; readonly until: number }>()

  constructor(options: AuthenticatorOptions) {
    this.#options = options
  }

  /** Never throws, never rejects. */
  check(auth: unknown, request: unknown): MaybePromise<Authentication> {
    const { authenticate, cacheMs } = this.#options
    if (authenticate === undefined) return { ok: true, user: null }
    // Without credentials the answer came from the request (a cookie, a header), which the key would not tell apart.
    const key = cacheMs > 0 && auth !== undefined && auth !== null ? this.#keyOf(auth) : null
    const known = key === null ? null : this.#recall(key)
    if (known !== null) return { ok: true, user: known }
    try {
      const user = authenticate({ auth, request })
      if (!isPromise(user)) return this.#accept(key, user)
      return user.then(
        (found) => this.#accept(key, found),
        (error: unknown) => this.#refuse(error),
      )
    } catch (error) {
      return this.#refuse(error)
    }
  }

  #accept(key: string | null, user: User): Authentication {
    const id: unknown = user?.id
    if (typeof id !== 'string' || id === '' || id.length > MAX_NAME_LENGTH) {
      const message = `authenticate must return a user with an id: a string of 1 to ${MAX_NAME_LENGTH} characters`
      this.#options.logger.error(message, { id })
      return UNAVAILABLE
    }
    if (key !== null) this.#remember(key, user)
    return { ok: true, user }
  }

  #refuse(error: unknown): Authentication {
    if (isSurewireError(error) && error.code === 'auth_refused') {
      this.#options.logger.info('credentials refused', { reason: error.message })
      return { ok: false, code: 'auth_refused', message: error.message }
    }
    this.#options.logger.error('authenticate failed', { error })
    return UNAVAILABLE
  }

  #keyOf(auth: unknown): string | null {
    try {
      return this.#options.digest(JSON.stringify(auth))
    } catch {
      return null // Not JSON (msgpack brings binary and more): asked every time.
    }
  }

  #recall(key: string): User | null {
    const found = this.#remembered.get(key)
    if (found === undefined) return null
    if (found.until > this.#options.now()) return found.user
    this.#remembered.delete(key)
    return null
  }

  #remember(key: string, user: User): void {
    this.#remembered.delete(key)
    this.#remembered.set(key, { user, until: this.#options.now() + this.#options.cacheMs })
    if (this.#remembered.size <= MAX_REMEMBERED) return
    const [oldest] = this.#remembered.keys()
    if (oldest !== undefined) this.#remembered.delete(oldest)
  }
}
