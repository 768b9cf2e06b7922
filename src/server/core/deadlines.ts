/**
 * What is due when: one binary heap for all deadlines of the server.
 *
 * Owns: order and cancelling. An entry knows its place, so that cancelling is O(log n) and leaves nothing behind.
 */

/** Something due; made by {@link Deadlines.arm}. */
export interface Due {
  readonly at: number
  readonly run: () => void
  /** Place in the heap; −1 when it is in none. */
  place: number
}

export class Deadlines {
  readonly #heap: Due[] = []

  arm(at: number, run: () => void): Due {
    const due: Due = { at, run, place: this.#heap.length }
    this.#heap.push(due)
    this.#rise(due)
    return due
  }

  /** Does nothing for `null` and for what ran or was cancelled. */
  cancel(due: Due | null): void {
    if (due === null || due.place < 0) return
    const { place } = due
    due.place = -1
    const last = this.#heap.pop()
    if (last === undefined || last === due) return
    this.#put(last, place)
    this.#rise(last)
    this.#sink(last)
  }

  next(): number | null {
    return this.#heap[0]?.at ?? null
  }

  /** Runs all that is due at `now`, earliest first. */
  runDue(now: number): void {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || first.at > now) return
      this.cancel(first)
      first.run()
    }
  }

  #put(due: Due, place: number): void {
    this.#heap[place] = due
    due.place = place
  }

  #rise(due: Due): void {
    while (due.place > 0) {
      const parent = this.#heap[(due.place - 1) >> 1]
      if (parent === undefined || parent.at <= due.at) return
      this.#swap(due, parent)
    }
  }

  #sink(due: Due): void {
    for (;;) {
      const left = this.#heap[2 * due.place + 1]
      const right = this.#heap[2 * due.place + 2]
      const child = right !== undefined && left !== undefined && right.at < left.at ? right : left
      if (child === undefined || child.at >= due.at) return
      this.#swap(due, child)
    }
  }

  #swap(a: Due, b: Due): void {
    const place = a.place
    this.#put(a, b.place)
    this.#put(b, place)
  }
}
