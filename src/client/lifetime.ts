/**
 * A client's lifetime: connected, disconnected, restarted, closed for good.
 *
 * Owns: the promises of connect(), disconnect(), restart() and close(), and that a closed client stays closed.
 * Does not own: the connection's states (connection/), nor what is let go of at the end (effects.ts).
 */
import { ClosedError, type SurewireError } from '../protocol/errors.js'
import { abortError, onAbort } from './abort.js'
import type { ClientDriver } from './environment.js'
import { checkClose } from './options.js'
import type { StatusView } from './status.js'
import type { CloseOptions } from './types.js'

/** One who waits for the connection: `null` when it is open, else why it will not be. */
type Waiter = (error: SurewireError | null) => void

export class Lifetime {
  readonly #driver: ClientDriver
  readonly #view: StatusView
  /** Most clients are waited for once or never, so there is no set before somebody waits. */
  #waiters: Set<Waiter> | null = null
  #closing: Promise<void> | null = null
  #closed: (() => void) | null = null

  constructor(driver: ClientDriver, view: StatusView) {
    this.#driver = driver
    this.#view = view
  }

  /** close() was called; what it waits for may still go on. */
  get closed(): boolean {
    return this.#closing !== null
  }

  connect(signal: AbortSignal | undefined): Promise<void> {
    return alsoUnawaited(this.#open(signal, this.#view.status === 'connected'))
  }

  async disconnect(): Promise<void> {
    this.#driver.dispatch({ type: 'disconnect' })
    this.settle(new ClosedError('disconnect() was called', { code: 'disconnected' }))
  }

  restart(force: boolean): Promise<void> {
    const { name } = this.#driver.machine.connection
    const underWay = name === 'dialing' || name === 'handshaking'
    if (force || !underWay) this.replaceConnection('restart', 'restart() was called')
    // From within a callback the restart is still to come, so that the status says nothing.
    return alsoUnawaited(this.#open(undefined, false))
  }

  /** A new connection in place of this one, or of the wait for one. */
  replaceConnection(code: string, message: string): void {
    this.#driver.dispatch({ type: 'restart', cause: { code, message } })
  }

  /** The same promise however often it is called. */
  close(options: CloseOptions): Promise<void> {
    if (this.#closing !== null) return this.#closing
    const ending = checkClose(options, this.#view.status === 'connected')
    this.#closing = new Promise((resolve) => {
      this.#closed = resolve
    })
    this.#driver.dispatch({ type: 'close', ...ending })
    return this.#closing
  }

  /** Ends every wait for the connection: `null`, because it is open. */
  settle(error: SurewireError | null): void {
    const waiters = this.#waiters
    this.#waiters = null
    for (const settle of waiters ?? []) settle(error)
  }

  /** Everything is settled and let go of. */
  end(): void {
    this.#closed?.()
  }

  /** `open`: there is nothing to wait for. */
  #open(signal: AbortSignal | undefined, open: boolean): Promise<void> {
    if (this.closed) return Promise.reject(new ClosedError('the client is closed; make a new one'))
    if (signal?.aborted) return Promise.reject(abortError(signal))
    if (open) return Promise.resolve()
    const waiters = (this.#waiters ??= new Set())
    return new Promise((resolve, reject) => {
      const settle: Waiter = (error) => {
        stopListening()
        if (error === null) resolve()
        else reject(error)
      }
      const stopListening = onAbort(signal, () => {
        waiters.delete(settle)
        settle(abortError(signal))
        // Once it was open, others rely on it.
        if (waiters.size === 0 && this.#view.status === 'connecting') void this.disconnect()
      })
      waiters.add(settle)
      this.#driver.dispatch({ type: 'connect' })
    })
  }
}

/** Whoever does not await hears of failures by lifecycle and snapshot: the rejection is no unhandled one. */
function alsoUnawaited(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined)
  return promise
}
