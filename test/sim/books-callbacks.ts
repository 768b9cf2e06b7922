/**
 * The book of one page's callbacks: what the application throws in them is told, and disturbs nobody.
 *
 * Owns: errors that were thrown and not told of yet; who was called beside a listener that throws.
 */
import { Violation } from '../../src/testing/simulation/index.js'
import type { CallbackDeed, CallbackKind, Thrown } from './callbacks.js'
import type { Situation } from './situations.js'

const HANDLERS: readonly Thrown[] = ['handler', 'room handler', 'slow handler']

/** The listeners of one place: the application's, the one behind it, one that comes and goes. */
export class CallbackRow {
  #first = 0
  #behind = 0
  /** Calls that were under way when the visitor left, one within the other; `null`: it is there. */
  #underWay: number | null = null

  constructor(
    readonly kind: CallbackKind,
    readonly book: { late(kind: CallbackKind): void; missing: number },
  ) {}

  first(): void {
    if (this.missed === 0 && this.#underWay !== null) this.#underWay = 0
    this.#first++
    this.book.missing++
  }

  behind(): void {
    this.#behind++
    this.book.missing--
  }

  /** A new listener for each visit. The calls under way may still reach one that leaves: news of an error may bring more of it. */
  visitor(): () => void {
    this.#underWay = null
    return () => {
      if (this.#underWay === 0) this.book.late(this.kind)
      else if (this.#underWay !== null) this.#underWay--
    }
  }

  visitorLeft(): void {
    this.#underWay = this.missed
  }

  get missed(): number {
    return this.#first - this.#behind
  }
}

export class CallbackBook {
  readonly #page: string
  readonly #sometimes: (situation: Situation) => void
  readonly #rows: CallbackRow[] = []
  readonly #untold = new Map<unknown, { readonly kind: Thrown; readonly hidden: boolean }>()
  readonly #called: string[] = []
  /** Calls of those behind that are due, of all rows. */
  missing = 0

  constructor(page: string, sometimes: (situation: Situation) => void) {
    this.#page = page
    this.#sometimes = sometimes
  }

  row(kind: CallbackKind): CallbackRow {
    const row = new CallbackRow(kind, this)
    this.#rows.push(row)
    return row
  }

  late(kind: CallbackKind): void {
    this.#called.push(`a listener of '${kind}' was called after it had been taken out`)
  }

  /** Makes the error that a callback throws. `hidden`: it can only be logged. */
  thrown(kind: Thrown, hidden = false): Error {
    const error = new Error(`thrown inside '${kind}'`)
    this.#untold.set(error, { kind, hidden })
    return error
  }

  did(deed: CallbackDeed, kind: CallbackKind): void {
    this.#sometimes(`inside '${kind}' a callback ${deed}`)
  }

  tookBack(): void {
    this.#sometimes('a callback took a message back')
  }

  /** The client's lifecycle told an error, or (`hidden`) its log did. */
  told(code: string, cause: unknown, hidden: boolean): void {
    if (code !== 'listener_failed' && code !== 'handler_failed') return
    const thrown = this.#untold.get(cause)
    if (thrown === undefined || thrown.hidden !== hidden)
      throw new Violation(
        'callbacks',
        `${this.#page}: ${code} is told of what nobody threw: ${String(cause)}`,
      )
    const expected = HANDLERS.includes(thrown.kind) ? 'handler_failed' : 'listener_failed'
    if (code !== expected)
      throw new Violation('callbacks', `${this.#page}: ${thrown.kind} threw, and ${code} is told`)
    this.#untold.delete(cause)
    if (hidden) this.#sometimes('a listener of errors threw at the news of an error of its own')
    else this.#sometimes(`what a callback threw was told: ${thrown.kind}`)
  }

  check(): void {
    for (const { kind } of this.#untold.values())
      throw new Violation('callbacks', `${this.#page}: '${kind}' threw, and nobody was told`)
    const [called] = this.#called
    if (called !== undefined) throw new Violation('callbacks', `${this.#page}: ${called}`)
    if (this.missing === 0) return
    for (const { kind, missed } of this.#rows)
      if (missed !== 0)
        throw new Violation(
          'callbacks',
          `${this.#page}: the listener behind one of '${kind}' missed ${missed} calls`,
        )
  }
}
