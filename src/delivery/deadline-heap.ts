/**
 * A priority queue of deadlines.
 *
 * Owns: order by time. Items are never taken out early: whoever takes a due item looks whether it still matters.
 */
interface Slot<Item> {
  readonly at: number
  readonly item: Item
}

export class DeadlineHeap<Item> {
  #heap: Slot<Item>[] = []

  get size(): number {
    return this.#heap.length
  }

  /** The earliest time, or `null`. */
  earliest(): number | null {
    return this.#heap[0]?.at ?? null
  }

  add(at: number, item: Item): void {
    const heap = this.#heap
    heap.push({ at, item })
    let child = heap.length - 1
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (this.#at(parent) <= this.#at(child)) break
      this.#swap(parent, child)
      child = parent
    }
  }

  /** Takes the earliest item that is due at `now`, or `null`. */
  takeDue(now: number): Item | null {
    const top = this.#heap[0]
    if (top === undefined || top.at > now) return null
    const last = this.#heap.pop()
    if (this.#heap.length > 0 && last !== undefined) {
      this.#heap[0] = last
      this.#sink()
    }
    return top.item
  }

  /** Drops the items that no longer matter, when they have become the most. */
  prune(matters: (item: Item) => boolean): void {
    const kept = this.#heap.filter((slot) => matters(slot.item))
    this.#heap = []
    for (const slot of kept) this.add(slot.at, slot.item)
  }

  #sink(): void {
    let parent = 0
    for (;;) {
      let smallest = parent
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (this.#at(child) < this.#at(smallest)) smallest = child
      }
      if (smallest === parent) return
      this.#swap(parent, smallest)
      parent = smallest
    }
  }

  /** Behind the end everything is later. */
  #at(index: number): number {
    return this.#heap[index]?.at ?? Number.POSITIVE_INFINITY
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap
    const slot = heap[a] as Slot<Item>
    heap[a] = heap[b] as Slot<Item>
    heap[b] = slot
  }
}
