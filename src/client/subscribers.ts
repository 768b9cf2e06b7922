/**
 * Those who want to know that something changed.
 *
 * Owns: subscriptions without arguments, as `useSyncExternalStore` and friends have them, to a room, or to the client
 * itself (`null`).
 */
import { HandlerRegistry } from './handlers.js'

/** What all of them hear, in the terms of a registry. */
const CHANGE = ''

export class Subscribers {
  readonly #registry = new HandlerRegistry()
  readonly #failed: (error: unknown) => void

  /** `failed` hears of a listener that throws; the others are called all the same. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  add(room: string | null, listener: () => void): () => void {
    return this.#registry.on(room, CHANGE, listener)
  }

  notify(room: string | null): void {
    for (const listener of this.#registry.handlers(room, CHANGE)) {
      try {
        ;(listener as () => void)()
      } catch (error) {
        this.#failed(error)
      }
    }
  }
}
