/**
 * Promises that a client gave and has not settled yet (I12).
 */
export class Pending {
  readonly #promises = new Set<Promise<unknown>>()

  get size(): number {
    return this.#promises.size
  }

  track(promise: Promise<unknown>): void {
    this.#promises.add(promise)
    void promise.then(
      () => this.#promises.delete(promise),
      () => this.#promises.delete(promise),
    )
  }
}
