/**
 * What the wire showed across connections: counters that only ever rise (I8, I9).
 *
 * Owns: attach counters, highest written and acknowledged numbers, cursors.
 */
import { Violation } from '../../src/testing/simulation/index.js'
import type { Position } from './books-link.js'

export interface KnownProducer {
  /** The page that offered it first. */
  readonly page: string
  /** Highest number that was written, as message or as VOID. */
  written: number
  /** The same, as message: what a later page may know of. */
  sent: number
}

export class WireLedger {
  readonly #attaches = new Map<string, number>()
  readonly #producers = new Map<string, KnownProducer>()
  readonly #acked = new Map<string, number>()
  readonly #cursors = new Map<string, Position>()

  producer(id: string, page = ''): KnownProducer {
    const known = this.#producers.get(id) ?? { page, written: 0, sent: 0 }
    this.#producers.set(id, known)
    return known
  }

  /** A counter that has to be higher each time. */
  raise(whose: string, attach: number): void {
    const before = this.#attaches.get(whose) ?? 0
    if (attach <= before)
      throw new Violation('I9', `${whose} is offered with attach ${attach} after ${before}`)
    this.#attaches.set(whose, attach)
  }

  acked(producer: string, epoch: string): number {
    return this.#acked.get(`${producer} ${epoch}`) ?? 0
  }

  acknowledged(producer: string, epoch: string, seq: number): void {
    this.#acked.set(`${producer} ${epoch}`, Math.max(seq, this.acked(producer, epoch)))
  }

  /** A room that is joined anew starts where the application wants. */
  joined(page: string, room: string): void {
    this.#cursors.delete(`${page} room/${room}`)
  }

  /** A cursor as it is offered: within an epoch it never goes back. */
  cursor(page: string, log: string, position: Position): void {
    const key = `${page} ${log}`
    const before = this.#cursors.get(key)
    if (before?.epoch === position.epoch && position.offset < before.offset) {
      throw new Violation(
        'I8',
        `${page}: its cursor of ${log} went back from ${before.offset} to ${position.offset}`,
      )
    }
    this.#cursors.set(key, position)
  }
}
