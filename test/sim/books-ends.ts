/**
 * The book of ends that storage has to hear of before anything is written behind them (rule 7, I3).
 *
 * Owns: which messages ended otherwise than as accepted, as their page was told, and may be on its disk all the same. A later page that
 * finds one there would take it for accepted, because the server counts what came behind it.
 */
import type { OutcomeState } from '../../src/index.js'
import { Violation } from '../../src/testing/simulation/index.js'
import type { LinkOwner } from './books-link.js'
import { splitId } from './books-messages.js'

export class EndBook {
  /** Numbers, by producer. */
  readonly #ended = new Map<string, Set<number>>()

  /** The page was told of an end, of a message of its own or of one that another page had left. */
  ended(id: string, outcome: OutcomeState): void {
    if (outcome === 'accepted') return
    const { producer, seq } = splitId(id)
    const numbers = this.#ended.get(producer) ?? new Set()
    this.#ended.set(producer, numbers.add(seq))
  }

  /** One of `producer` before `seq` that has ended and is still stored; `null`: there is none. */
  stillStored(producer: string, seq: number, isStored: (id: string) => boolean): string | null {
    const numbers = this.#ended.get(producer) ?? new Set()
    for (const number of numbers) {
      if (number >= seq) continue
      const id = `${producer}.${number}`
      if (isStored(id)) return id
      numbers.delete(number)
    }
    return null
  }
}

/** Number `seq` of `producer` is written, or numbers up to it are stated as void. */
export function checkEndsKnown(owner: LinkOwner, producer: string, seq: number): void {
  if (!owner.mustBeStored()) return
  const id = owner.endedAndStored(producer, seq)
  if (id === null) return
  throw new Violation(
    'I3',
    `${producer} was written up to ${seq}; ${id} had ended, and its disk did not know: the next page would take it for accepted`,
  )
}
