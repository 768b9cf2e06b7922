/**
 * One direction of a link: what was put in comes out later, in order.
 *
 * Owns: latency, jitter, bandwidth, stalling, and what a cut leaves of the messages under way.
 * Does not own: what the items mean (link.ts).
 */
import type { Encoded } from '../protocol/codec.js'
import type { Clock } from '../runtime/ports.js'
import type { LinkFaults } from './network-types.js'
import type { SeededRandom } from './seeded-random.js'

/** What travels on a link. */
export type Item =
  | { readonly kind: 'dial' }
  | { readonly kind: 'opened'; readonly protocol: string }
  | { readonly kind: 'refused'; readonly error: Error }
  | { readonly kind: 'data'; readonly data: Encoded; readonly bytes: number }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }
  | { readonly kind: 'lost' }

interface Travelling {
  readonly item: Item
  readonly arrivesAt: number
  /** Bytes that count as buffered until it arrives. */
  readonly buffered: number
}

export interface PipeOptions {
  clock: Clock
  random: SeededRandom
  faults: () => LinkFaults
  deliver: (item: Item) => void
}

export class Pipe {
  readonly #options: PipeOptions
  #items: Travelling[] = []
  #cancelTimer: (() => void) | null = null
  #stalled = false
  #dead = false
  #lastDeparture = 0
  #lastArrival = 0
  #buffered = 0

  constructor(options: PipeOptions) {
    this.#options = options
  }

  /** Bytes that could not leave yet: a stall or the bandwidth holds them back. */
  get buffered(): number {
    return this.#buffered
  }

  get stalled(): boolean {
    return this.#stalled
  }

  /** Sends an item on its way; false if the pipe is dead and it will never arrive. */
  push(item: Item): boolean {
    const bytes = item.kind === 'data' ? item.bytes : 0
    if (this.#dead) {
      this.#buffered += bytes
      return false
    }
    const { clock, random } = this.#options
    const { latencyMs, jitterMs, bytesPerSecond } = this.#options.faults()
    const transferMs = bytesPerSecond === Infinity ? 0 : (bytes * 1_000) / bytesPerSecond
    this.#lastDeparture = Math.max(this.#lastDeparture, clock.now()) + transferMs
    const travelMs = latencyMs + (jitterMs > 0 ? random.next() * jitterMs : 0)
    this.#enqueue(item, this.#lastDeparture + travelMs, this.#stalled || transferMs > 0 ? bytes : 0)
    return true
  }

  stall(): void {
    this.#stalled = true
    this.#disarm()
  }

  heal(): void {
    this.#stalled = false
    this.#arm()
  }

  /**
   * The line breaks: of what is under way the first `keep` data items arrive, then, `noticeMs` from now, the loss is
   * noticed (`null`: never). Returns how many messages are lost.
   */
  breakAfter(keep: number, noticeMs: number | null): number {
    const kept = keepPrefix(this.#items, keep)
    const lost = countData(this.#items) - countData(kept)
    this.#items = kept
    this.#stalled = false
    if (noticeMs !== null) this.#enqueue({ kind: 'lost' }, this.#options.clock.now() + noticeMs, 0)
    this.#dead = true
    this.#arm()
    return lost
  }

  /** Data items under way. */
  get underWay(): number {
    return countData(this.#items)
  }

  /** Nothing comes out any more. Returns how many messages are lost. */
  discard(): number {
    const lost = countData(this.#items)
    this.#items = []
    this.#dead = true
    this.#disarm()
    return lost
  }

  #enqueue(item: Item, arrivesAt: number, buffered: number): void {
    this.#lastArrival = Math.max(this.#lastArrival, arrivesAt)
    this.#buffered += buffered
    this.#items.push({ item, arrivesAt: this.#lastArrival, buffered })
    this.#arm()
  }

  #arm(): void {
    const next = this.#items[0]
    if (this.#cancelTimer !== null || this.#stalled || next === undefined) return
    const delay = Math.max(0, next.arrivesAt - this.#options.clock.now())
    this.#cancelTimer = this.#options.clock.setTimer(() => this.#arrive(), delay)
  }

  #disarm(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
  }

  /** One item for each timer: a platform ends its turn between two messages too. */
  #arrive(): void {
    this.#cancelTimer = null
    const next = this.#items.shift()
    if (next === undefined) return
    this.#buffered -= next.buffered
    this.#arm()
    this.#options.deliver(next.item)
  }
}

function countData(items: readonly Travelling[]): number {
  let count = 0
  for (const { item } of items) if (item.kind === 'data') count++
  return count
}

/** The items up to and including the `keep`th data item; a close under way is lost with the line. */
function keepPrefix(items: readonly Travelling[], keep: number): Travelling[] {
  const kept: Travelling[] = []
  let data = 0
  for (const one of items) {
    if (one.item.kind === 'data' && ++data > keep) break
    if (keep === 0 || one.item.kind === 'close') break
    kept.push(one)
  }
  return kept
}
