/** What the server's handler got, counted by index: lost and duplicated are seen here, whatever the peer says. */
import type { Payload } from '../peers/peer.js'
import { wallClock } from './clock.js'

export interface BookTotals {
  /** Calls of the handler. */
  readonly handled: number
  /** Different indices among them. */
  readonly distinct: number
  /** Wall-clock time at which the last new index was handled, ms. */
  readonly lastAt: number
}

/** How many new messages apart the clock is read: it costs as much as the count does. */
const CLOCK_STEP = 64

export class Books {
  #seen = new Uint8Array(65_536)
  #handled = 0
  #distinct = 0
  #lastAt = 0
  #target = Number.POSITIVE_INFINITY

  /** The time is noted exactly when so many different ones have come. */
  expect(distinct: number): void {
    this.#target = distinct
  }

  readonly handled = ({ index }: Payload): void => {
    this.#handled++
    if (index >= this.#seen.length) this.#grow(index)
    if (this.#seen[index] === 1) return
    this.#seen[index] = 1
    this.#distinct++
    if (this.#distinct === this.#target || this.#distinct % CLOCK_STEP === 0) this.#lastAt = wallClock()
  }

  totals(): BookTotals {
    return { handled: this.#handled, distinct: this.#distinct, lastAt: this.#lastAt }
  }

  #grow(index: number): void {
    const larger = new Uint8Array(Math.max(index + 1, 2 * this.#seen.length))
    larger.set(this.#seen)
    this.#seen = larger
  }
}
