/**
 * The book of volatile messages: neither numbered nor kept, but each comes to nobody twice, and unchanged.
 */
import { Violation } from '../../src/testing/simulation/index.js'
import { checkPayload, type Payload } from './payload.js'
import type { Situation } from './situations.js'

export class VolatileBook {
  readonly #sometimes: (situation: Situation) => void
  /** Tag → pages that got it. */
  readonly #sent = new Map<number, Set<string>>()

  constructor(sometimes: (situation: Situation) => void) {
    this.#sometimes = sometimes
  }

  sent(tag: number): void {
    this.#sent.set(tag, new Set())
  }

  got(page: string, { data }: { readonly data: unknown }): void {
    const { tag } = data as Payload
    const pages = this.#sent.get(tag)
    if (pages === undefined) throw new Violation('volatile', `${page} got ${tag}, which nobody sent`)
    if (pages.has(page)) throw new Violation('volatile', `${page} got the volatile message ${tag} twice`)
    pages.add(page)
    checkPayload(data)
    this.#sometimes('a volatile message arrived')
  }
}
