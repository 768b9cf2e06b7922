/**
 * Those who want to know that something changed.
 *
 * Owns: subscriptions without arguments, as `useSyncExternalStore` and friends have them.
 */
export class Subscribers {
  readonly #listeners = new Set<() => void>()
  readonly #failed: (error: unknown) => void

  /** `failed` hears of a listener that throws; the others are called all the same. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  add(listener: () => void): () => void {
    // A wrapper of its own, so that the same function subscribed twice is two subscriptions.
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  notify(): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener()
      } catch (error) {
        this.#failed(error)
      }
    }
  }
}
