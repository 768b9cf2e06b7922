/**
 * Which message goes on the wire next.
 *
 * Owns: the order of writing. First everything that was written before, in its original order across producers
 * (rule 4); then what is fresh, lanes taking turns by priority.
 * Does not own: windows; a producer that may not write now is passed in as not ready.
 */
import type { Outbox } from './outbox.js'
import type { OutboxEntry, Producer } from './producer.js'

/** Turns of each lane out of thirteen: a flood of one never starves another. */
const WEIGHTS = [
  ['high', 8],
  ['normal', 4],
  ['low', 1],
] as const

export class LaneOrder {
  readonly #outbox: Outbox
  #turns: { producer: Producer; left: number }[] = []
  /** Whether something written on an earlier connection may be waiting. */
  #resending = false

  constructor(outbox: Outbox) {
    this.#outbox = outbox
  }

  /** A producer was attached to a new connection: look for what it has to write again. */
  restart(): void {
    this.#resending = true
  }

  /** The next entry among producers that are `ready`; `null`: nothing may be written now. */
  next(ready: (producer: Producer) => boolean): OutboxEntry | null {
    if (this.#resending) {
      const again = this.#oldestResend()
      if (again !== null) return ready(again.producer) ? again : null
    }
    // What it holds up is still to be written in its old order, also if it is let go of.
    if (this.#outbox.leftovers.some((producer) => !producer.empty)) return null
    this.#resending = false
    return this.#nextRequest(ready) ?? this.#nextFresh(ready)
  }

  /** Of what was written on an earlier connection, the oldest that is not on this one's wire. */
  #oldestResend(): OutboxEntry | null {
    let oldest: OutboxEntry | null = null
    for (const producer of this.#outbox.producers()) {
      // What one page left stays before what the next one did, whichever is attached first.
      if (producer.leftover && producer.index === null && !producer.empty) return oldest
      const entry = producer.index === null ? null : producer.nextOnWire
      if (entry === null || entry.seq > producer.written) continue
      if (oldest === null || entry.order < oldest.order) oldest = entry
    }
    return oldest
  }

  /** A request goes once every earlier message of the normal and high lanes is on the wire. */
  #nextRequest(ready: (producer: Producer) => boolean): OutboxEntry | null {
    const producer = this.#outbox.lane('requests')
    const entry = producer?.nextOnWire ?? null
    if (producer === null || entry === null || producer.index === null || !ready(producer)) return null
    for (const lane of ['high', 'normal'] as const) {
      const other = this.#outbox.lane(lane)?.nextOnWire ?? null
      if (other !== null && other.order < entry.order) return null
    }
    return entry
  }

  #nextFresh(ready: (producer: Producer) => boolean): OutboxEntry | null {
    for (let round = 0; round < 2; round++) {
      for (const turn of this.#turns) {
        const entry = turn.producer.index === null ? null : turn.producer.nextOnWire
        if (turn.left === 0 || entry === null || !ready(turn.producer)) continue
        turn.left--
        return entry
      }
      this.#dealTurns()
    }
    return null
  }

  #dealTurns(): void {
    this.#turns = []
    for (const [lane, left] of WEIGHTS) {
      const producer = this.#outbox.lane(lane)
      if (producer !== null) this.#turns.push({ producer, left })
    }
  }
}
