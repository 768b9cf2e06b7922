/**
 * Promises that a client gave and has not settled yet (I12).
 */
export class Pending {
  readonly #promises = new Set<Promise<unknown>>()

  get size(): number {
    return this.#promises.size
  }

  /** `failed`: it rejected, which has to be looked at. */
  track(promise: Promise<unknown>, failed: (error: unknown) => void): void {
    this.#promises.add(promise)
    void promise.catch(failed).finally(() => this.#promises.delete(promise))
  }
}
