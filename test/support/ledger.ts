/**
 * A test's own bookkeeping of one stream of numbered records; it asks the library nothing.
 */
export interface Tally {
  readonly sent: number
  readonly handledOnce: number
  readonly lost: number
  readonly duplicated: number
  readonly outOfOrder: number
}

export class Ledger {
  readonly #runs: number[]
  #last = -1
  #outOfOrder = 0

  constructor(readonly size: number) {
    this.#runs = Array.from({ length: size }, () => 0)
  }

  handled(index: number): void {
    this.#runs[index] = (this.#runs[index] ?? 0) + 1
    if (index < this.#last) this.#outOfOrder++
    this.#last = Math.max(this.#last, index)
  }

  get missing(): number {
    return this.#runs.filter((runs) => runs === 0).length
  }

  tally(): Tally {
    return {
      sent: this.size,
      handledOnce: this.#runs.filter((runs) => runs === 1).length,
      lost: this.missing,
      duplicated: this.#runs.filter((runs) => runs > 1).length,
      outOfOrder: this.#outOfOrder,
    }
  }
}

/** What a ledger shows when nothing went wrong. */
export const flawless = (size: number): Tally => ({
  sent: size,
  handledOnce: size,
  lost: 0,
  duplicated: 0,
  outOfOrder: 0,
})

/** Resolves when `condition` holds; rejects with `what` after `timeoutMs`. Waits on the real world, so it polls. */
export async function until(what: string, condition: () => boolean, timeoutMs = 20_000): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
