/**
 * Round trips: how long from a write to its acknowledgement.
 *
 * Owns: the last samples and their statistics. Bounded: old samples make way.
 */
const KEPT_SAMPLES = 256

export class RoundTrip {
  readonly #samples: number[] = []
  #next = 0
  #count = 0
  #sum = 0
  #last: number | null = null

  add(milliseconds: number): void {
    this.#samples[this.#next] = milliseconds
    this.#next = (this.#next + 1) % KEPT_SAMPLES
    this.#count++
    this.#sum += milliseconds
    this.#last = milliseconds
  }

  get last(): number | null {
    return this.#last
  }

  get mean(): number | null {
    return this.#count === 0 ? null : this.#sum / this.#count
  }

  /** 95th percentile of the last 256 samples. */
  get p95(): number | null {
    const sorted = [...this.#samples].sort((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? null
  }
}
