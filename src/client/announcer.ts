/**
 * What a client tells: lifecycle events and log lines, always both.
 *
 * Owns: the emitter of the lifecycle, that a warning comes once per kind, and that a listener that throws breaks nothing.
 * Does not own: when something is told (client.ts).
 */
import { EventEmitter } from 'eventemitter3'
import { messageOf, SurewireError } from '../protocol/errors.js'
import type { Logger } from '../runtime/ports.js'
import type { LifecycleEvents } from './types.js'

/** Kinds of warnings that are remembered; message types may come from the server, so that they need a bound. */
const MAX_KINDS = 1_000

export class Announcer {
  readonly lifecycle = new EventEmitter<LifecycleEvents>()
  readonly #client: string
  readonly #logger: Logger
  #warned: Set<string> | null = null

  constructor(client: string, logger: Logger) {
    this.#client = client
    this.#logger = logger
  }

  /** Whether anybody listens: some events cost something to make. */
  hears(event: keyof LifecycleEvents): boolean {
    return this.lifecycle.listenerCount(event) > 0
  }

  /** Tells the lifecycle's listeners; one that throws is reported, wherever this was called from. */
  announce<E extends keyof LifecycleEvents>(event: E, ...args: LifecycleEvents[E]): void {
    this.#tell(event, args, (error) => this.fault(error))
  }

  /** Writes to the log only. */
  log(level: keyof Logger, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#logger[level](message, { client: this.#client, ...fields })
  }

  /** Once per kind: a warning that repeats is noise. The kind is the code, and what follows a colon in it. */
  warn(kind: string, message: string): void {
    const warned = (this.#warned ??= new Set())
    if (warned.has(kind) || warned.size >= MAX_KINDS) return
    warned.add(kind)
    const code = kind.split(':', 1)[0] ?? kind
    this.log('warn', message, { code })
    this.announce('warning', { code, message })
  }

  error(error: SurewireError): void {
    this.log('error', error.message, { code: error.code, cause: error.cause })
    this.announce('error', error)
  }

  /** A listener or adapter threw: never a broken loop. */
  fault(cause: unknown): void {
    this.log('error', 'a listener failed', { cause })
    const error = new SurewireError(`a listener failed: ${messageOf(cause)}`, {
      code: 'listener_failed',
      cause,
    })
    this.#tell('error', [error], (second) => this.log('error', 'an error listener failed', { cause: second }))
  }

  /** One listener after another; the emitter's own emit() would leave out those behind one that throws. */
  #tell(event: keyof LifecycleEvents, args: unknown[], failed: (error: unknown) => void): void {
    const emitter = this.lifecycle as unknown as EventEmitter
    for (const listener of emitter.listeners(event)) {
      // Takes out what once() put in.
      emitter.off(event, listener, undefined, true)
      try {
        listener(...args)
      } catch (error) {
        failed(error)
      }
    }
  }
}
