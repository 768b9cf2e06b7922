/**
 * The line of a link: a pipe each way, and what the line suffers.
 *
 * Owns: faults of this link, stalls, cuts, chance, counters of what was sent.
 * Does not own: what the two ends make of what arrives (link.ts).
 */
import type { Encoded } from '../protocol/codec.js'
import type { Clock } from '../runtime/ports.js'
import type { Direction, LinkFaults, NetworkStats, TraceEvent } from './network-types.js'
import { type Item, Pipe } from './pipe.js'
import type { SeededRandom } from './seeded-random.js'
import { wireSize } from '../serializers/size.js'

/** What a line needs of its network. */
export interface LineHost {
  readonly clock: Clock
  readonly stats: NetworkStats
  faults(): LinkFaults
  note(event: Omit<TraceEvent, 'at'>): void
}

export interface LineOptions {
  id: number
  host: LineHost
  random: SeededRandom
  deliver: Readonly<Record<Direction, (item: Item) => void>>
  /** Chance cuts the line: the link decides what that means. */
  cutByChance: (clientAfterMs: number, serverAfterMs: number) => void
}

export class Line {
  readonly sent = { up: { messages: 0, bytes: 0 }, down: { messages: 0, bytes: 0 } }
  readonly #options: LineOptions
  readonly #pipes: Readonly<Record<Direction, Pipe>>
  #ownFaults: Partial<LinkFaults> | null = null
  #broken = false

  constructor(options: LineOptions) {
    this.#options = options
    this.#pipes = { up: this.#makePipe('up'), down: this.#makePipe('down') }
  }

  /** Cut: nothing that is sent from now on arrives. */
  get broken(): boolean {
    return this.#broken
  }

  buffered(direction: Direction): number {
    return this.#pipes[direction].buffered
  }

  faults(): LinkFaults {
    const common = this.#options.host.faults()
    return this.#ownFaults === null ? common : { ...common, ...this.#ownFaults }
  }

  set(faults: Partial<LinkFaults>): void {
    this.#ownFaults = { ...this.#ownFaults, ...faults }
  }

  /** Drops this line's own settings of the faults named. */
  unset(names: readonly (keyof LinkFaults)[]): void {
    const kept = { ...this.#ownFaults }
    for (const name of names) delete kept[name]
    this.#ownFaults = kept
  }

  stall(direction: Direction | 'both'): void {
    this.#options.host.stats.stalls++
    this.note('stall', { detail: direction })
    for (const one of directions(direction)) this.#pipes[one].stall()
  }

  heal(direction: Direction | 'both'): void {
    for (const one of directions(direction)) {
      if (!this.#pipes[one].stalled) continue
      this.note('heal', { direction: one })
      this.#pipes[one].heal()
    }
  }

  /** Breaks the line; an end learns of it after its delay, `null`: never. */
  cut(deliver: 'none' | 'some' | number, clientAfterMs: number | null, serverAfterMs: number | null): void {
    this.#broken = true
    this.#options.host.stats.cuts++
    this.note('cut')
    this.#break('up', deliver, serverAfterMs)
    this.#break('down', deliver, clientAfterMs)
  }

  /** Puts something on the line that is not a message of an end: handshakes, injected data. */
  push(direction: Direction, item: Item): void {
    this.#pipes[direction].push(item)
  }

  /** Sends a message of an end. */
  transmit(direction: Direction, data: Encoded): void {
    const item: Item = { kind: 'data', data, bytes: wireSize(data) }
    const { stats } = this.#options.host
    for (const traffic of [this.sent[direction], stats[direction]]) {
      traffic.messages++
      traffic.bytes += item.bytes
    }
    this.note('send', { direction, data })
    if (!this.#pipes[direction].push(item)) stats.lost++
    else this.#sufferChance(direction, item)
  }

  /** The end that this direction leads to is gone. */
  discard(direction: Direction): void {
    this.#options.host.stats.lost += this.#pipes[direction].discard()
  }

  note(what: TraceEvent['what'], more: Partial<TraceEvent> = {}): void {
    this.#options.host.note({ ...more, what, link: this.#options.id })
  }

  #sufferChance(direction: Direction, item: Item): void {
    const { random, host, cutByChance } = this.#options
    const { cutChance, cutNoticeMs, stallChance, stallMs, duplicateChance } = this.faults()
    if (duplicateChance > 0 && random.chance(duplicateChance)) {
      host.stats.duplicated++
      this.#pipes[direction].push(item)
    }
    if (cutChance > 0 && random.chance(cutChance)) {
      cutByChance(random.integer(...cutNoticeMs), random.integer(...cutNoticeMs))
      return
    }
    if (stallChance > 0 && random.chance(stallChance)) {
      const which = random.pick(['up', 'down', 'both'] as const)
      this.stall(which)
      host.clock.setTimer(() => this.heal(which), random.integer(...stallMs))
    }
  }

  #break(direction: Direction, deliver: 'none' | 'some' | number, noticeMs: number | null): void {
    const pipe = this.#pipes[direction]
    const keep =
      deliver === 'none' ? 0 : deliver === 'some' ? this.#options.random.integer(0, pipe.underWay) : deliver
    this.#options.host.stats.lost += pipe.breakAfter(keep, noticeMs)
  }

  #makePipe(direction: Direction): Pipe {
    const { host, random, deliver } = this.#options
    return new Pipe({
      clock: host.clock,
      random: random.fork(direction),
      faults: () => this.faults(),
      deliver: deliver[direction],
    })
  }
}

function directions(which: Direction | 'both'): readonly Direction[] {
  return which === 'both' ? ['up', 'down'] : [which]
}
