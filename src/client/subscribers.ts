/**
 * Those who want to know that something changed.
 *
 * Owns: subscriptions without arguments, as `useSyncExternalStore` and friends have them, to the client or to a room of it.
 */
import { EventEmitter } from 'eventemitter3'

/** The client itself; no room has an empty name. */
export const CLIENT = ''

export class Subscribers {
  readonly #emitter = new EventEmitter()
  readonly #failed: (error: unknown) => void

  /** `failed` hears of a listener that throws; the others are called all the same. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  /** Whether anybody wants to know of a room. */
  hears(topic: string): boolean {
    return this.#emitter.listenerCount(topic) > 0
  }

  add(topic: string, listener: () => void): () => void {
    // A wrapper of its own, so that the same function subscribed twice is two subscriptions.
    const own = (): void => listener()
    this.#emitter.on(topic, own)
    return () => {
      this.#emitter.off(topic, own)
    }
  }

  notify(topic: string): void {
    for (const listener of this.#emitter.listeners(topic)) {
      try {
        listener()
      } catch (error) {
        this.#failed(error)
      }
    }
  }
}
