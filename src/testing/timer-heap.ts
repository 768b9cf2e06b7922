/**
 * Timers in the order they are due: a binary heap.
 *
 * Owns: the order. Timers due at the same time come out in the order they were set, so that a run can be repeated.
 * Does not own: time (manual-clock.ts).
 */

/** A timer that was set. */
export interface PendingTimer {
  readonly at: number
  /** Number of the timer: breaks ties. */
  readonly order: number
  /** `null` once cancelled or run. */
  callback: (() => void) | null
}

/** Below this many cancelled timers sweeping them out is not worth the walk. */
const SWEEP_THRESHOLD = 64

export class TimerHeap {
  #heap: PendingTimer[] = []
  #cancelled = 0

  /** Timers set and neither run nor cancelled. */
  get size(): number {
    return this.#heap.length - this.#cancelled
  }

  add(timer: PendingTimer): void {
    this.#heap.push(timer)
    this.#rise(this.#heap.length - 1)
  }

  /** The timer due next, without taking it out. */
  peek(): PendingTimer | null {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined) return null
      if (first.callback !== null) return first
      this.#removeFirst()
      this.#cancelled--
    }
  }

  /** Takes out the timer due next. */
  take(): PendingTimer | null {
    const first = this.peek()
    if (first !== null) this.#removeFirst()
    return first
  }

  cancel(timer: PendingTimer): void {
    if (timer.callback === null) return
    timer.callback = null
    this.#cancelled++
    if (this.#cancelled > SWEEP_THRESHOLD && this.#cancelled * 2 > this.#heap.length) this.#sweep()
  }

  /** Drops cancelled timers, so that a run that sets and cancels far deadlines keeps no memory of them. */
  #sweep(): void {
    this.#heap = this.#heap.filter((timer) => timer.callback !== null).sort(compare)
    this.#cancelled = 0
  }

  #removeFirst(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink(0)
  }

  #rise(start: number): void {
    let child = start
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (!this.#swapIfEarlier(child, parent)) return
      child = parent
    }
  }

  #sink(start: number): void {
    let parent = start
    for (;;) {
      const left = 2 * parent + 1
      const right = left + 1
      const least = this.#isEarlier(right, left) ? right : left
      if (!this.#swapIfEarlier(least, parent)) return
      parent = least
    }
  }

  #isEarlier(one: number, other: number): boolean {
    const a = this.#heap[one]
    const b = this.#heap[other]
    return a !== undefined && b !== undefined && compare(a, b) < 0
  }

  #swapIfEarlier(one: number, other: number): boolean {
    const a = this.#heap[one]
    const b = this.#heap[other]
    if (a === undefined || b === undefined || compare(a, b) >= 0) return false
    this.#heap[one] = b
    this.#heap[other] = a
    return true
  }
}

function compare(a: PendingTimer, b: PendingTimer): number {
  return a.at - b.at || a.order - b.order
}
