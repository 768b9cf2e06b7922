/**
 * What the proxy does to the connection during the run.
 *
 * Owns: the schedule: which fault, when, for how long. The same seed gives the same faults in the same order.
 * Does not own: how a fault is made (tools/fault-proxy.ts).
 */
import { type SeededRandom, seededRandom } from '../src/testing/index.js'
import type { FaultProxy, Way } from '../tools/fault-proxy.js'

/** Pause between the end of one fault and the next. */
const PAUSE_MS = { min: 200, max: 400 }
/** Silence in which nobody learns that nothing arrives; the longer ones outlast the client's patience. */
const STALL_MS = { min: 300, max: 2_500 }

export interface FaultCounts {
  /** RST to both sides. */
  resets: number
  /** Ended in the middle of a frame. */
  cuts: number
  /** One direction ended, the other left open. */
  halfCloses: number
  /** Both directions, or one, silently swallowed. */
  stalls: number
}

export class FaultSchedule {
  readonly counts: FaultCounts = { resets: 0, cuts: 0, halfCloses: 0, stalls: 0 }
  readonly #proxy: FaultProxy
  readonly #random: SeededRandom
  #timer: NodeJS.Timeout | null = null
  #cutting = false
  #stopped = false

  constructor(proxy: FaultProxy, seed: number) {
    this.#proxy = proxy
    this.#random = seededRandom(seed)
  }

  start(): void {
    this.#after(this.#random.integer(PAUSE_MS.min, PAUSE_MS.max), () => this.#strike())
  }

  /** No more faults; what was held back flows. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    await this.#proxy.heal()
  }

  /** Of 20 faults: 13 resets, 4 cuts, 1 half-close, 2 stalls. */
  #strike(): void {
    const dice = this.#random.integer(1, 20)
    const way: Way = this.#random.chance(0.5) ? 'up' : 'down'
    if (dice > 2) {
      this.#break(dice, way)
      return this.start()
    }
    this.counts.stalls++
    this.#proxy.blackhole(dice === 1 ? 'both' : way)
    this.#after(this.#random.integer(STALL_MS.min, STALL_MS.max), () => void this.#recover())
  }

  #break(dice: number, way: Way): void {
    // Between two connections there is nothing to break, and nothing to boast of.
    if (this.#proxy.connections === 0) return
    if (dice === 3) {
      this.counts.halfCloses++
      this.#proxy.halfClose(way)
    } else if (dice <= 7 && !this.#cutting) {
      void this.#cut(way)
    } else {
      this.counts.resets++
      this.#proxy.reset()
    }
  }

  /** Happens when the next data passes. */
  async #cut(way: Way): Promise<void> {
    this.#cutting = true
    await this.#proxy.cutInsideFrame(way)
    this.#cutting = false
    this.counts.cuts++
  }

  async #recover(): Promise<void> {
    await this.#proxy.heal()
    if (!this.#stopped) this.start()
  }

  #after(ms: number, then: () => void): void {
    this.#timer = setTimeout(then, ms)
  }
}
