/**
 * What the application of one page does inside its callbacks: it calls back into the client, throws, takes its time.
 *
 * Owns: a listener of the application for every kind of callback, and the draw of what it does. Does not own: what the books hear
 * (member-ears.ts, which listens first), and what has to become of an error that was thrown (books-callbacks.ts).
 */
import type { Client, Receipt } from '../../src/index.js'
import type { ManualClock, SeededRandom } from '../../src/testing/index.js'
import type { Books } from './books.js'
import { CallbackBook } from './books-callbacks.js'
import { type CallbackKind, THROWN, type Thrown } from './callbacks.js'
import type { Member } from './member.js'
import { DOWN_TYPES, ROOMS } from './parameters.js'

export interface CallbackParts {
  readonly member: Member
  readonly client: Client
  readonly clock: ManualClock
  readonly random: SeededRandom
  readonly books: Books
  /** The client is closed from within a callback: somebody has to open the next page. */
  readonly closed: () => void
}

type Subscribe = (callback: (told?: unknown) => void) => () => void

const LIFECYCLE = ['status', 'open', 'close', 'settled', 'gap', 'error', 'warning'] as const
/** What comes seldom does something more often. */
const EAGERNESS: Partial<Record<CallbackKind, number>> = {
  warning: 50,
  gap: 4,
  open: 8,
  close: 8,
  error: 4,
  status: 4,
  room: 4,
  presence: 6,
  reply: 4,
}
/** Receipts that a callback may take back. */
const RECENT = 8

export class MemberCallbacks {
  readonly book: CallbackBook
  readonly #parts: CallbackParts
  readonly #recent: Receipt[] = []
  #reentry: number
  #throwing: number
  #slowness: number
  /** Takes out a listener, or puts it back. */
  #toggle: () => void = () => undefined

  constructor(parts: CallbackParts) {
    const { name, habits } = parts.member
    const { reentry, throwing, slowness } = habits
    this.book = new CallbackBook(name, (situation) => parts.books.sometimes(situation))
    this.#parts = parts
    this.#reentry = reentry
    this.#throwing = throwing
    this.#slowness = slowness.chance
  }

  listen(): void {
    const { client } = this.#parts
    const { lifecycle } = client
    for (const event of LIFECYCLE)
      this.#follow(event, (callback) => {
        const listener = (...told: unknown[]): void => callback(told[0])
        lifecycle.on(event, listener)
        return () => void lifecycle.off(event, listener)
      })
    this.#follow('snapshot', (callback) => client.subscribe(callback))
    for (const id of ROOMS) {
      const room = client.room(id)
      this.#follow('room', (callback) => room.subscribe(callback))
      this.#follow('presence', (callback) => room.presence.subscribe(callback))
    }
    for (const type of DOWN_TYPES) {
      this.#follow('handler', (callback) => client.on(type, callback))
      for (const id of ROOMS) this.#follow('room handler', (callback) => client.room(id).on(type, callback))
    }
  }

  /** Callbacks do nothing any more, and handlers hurry: a reader that lags far behind would be long in coming to rest. */
  calm(): void {
    this.#reentry = 0
    this.#throwing = 0
    this.#slowness = 0
  }

  /** A message that a callback may take back. */
  sent(receipt: Receipt): void {
    this.#recent.push(receipt)
    if (this.#recent.length > RECENT) this.#recent.shift()
  }

  /** What a handler does; a promise if it takes its time. */
  handle(): void | Promise<void> {
    const { random } = this.#parts
    if (this.#slowness > 0 && random.chance(this.#slowness)) return this.#takeTime()
  }

  /** A callback that belongs to a promise: what it throws is nobody's but its own. */
  after(kind: 'outcome' | 'reply'): void {
    this.#reenter(kind)
  }

  /** Now and then because it asks the server something. Some fail after all. */
  async #takeTime(): Promise<void> {
    const { member, random, clock, books } = this.#parts
    if (random.chance(0.2) && !member.closing) {
      books.sometimes('a handler awaited a request')
      await member.request('echo', 0, { timeoutMs: 2_000 })
    } else {
      const ms = random.chance(0.02)
        ? random.integer(1, 20_000)
        : random.integer(1, member.habits.slowness.maxMs)
      await new Promise<void>((resolve) => void clock.setTimer(resolve, ms))
    }
    if (this.#throwing > 0 && random.chance(this.#throwing)) throw this.book.thrown('slow handler')
  }

  /** The application's listener of a kind, one behind it, and one that comes and goes. */
  #follow(kind: CallbackKind, subscribe: Subscribe): void {
    const row = this.book.row(kind)
    let stop: (() => void) | null = null
    const toggle = (): void => {
      if (stop === null) stop = subscribe(row.visitor())
      else {
        stop()
        stop = null
        row.visitorLeft()
      }
    }
    this.#toggle = toggle
    subscribe((told) => {
      row.first()
      // The news of a listener that failed is the last that is told.
      const isLast = kind === 'error' && (told as { code: string }).code === 'listener_failed'
      this.#inside(kind, isLast, toggle)
    })
    subscribe(() => row.behind())
  }

  /** The application's own code. `hidden`: an error that it throws has nobody left to be told to but the log. */
  #inside(kind: CallbackKind, hidden: boolean, toggle: () => void): void {
    this.#reenter(kind, toggle)
    if (this.#throwing === 0 || !isThrown(kind)) return
    if (this.#parts.random.chance(this.#throwing * (EAGERNESS[kind] ?? 1)))
      throw this.book.thrown(kind, hidden)
  }

  /** Callbacks may call back in. */
  #reenter(kind: CallbackKind, toggle = this.#toggle): void {
    const { member, random } = this.#parts
    if (this.#reentry === 0 || !random.chance(this.#reentry * (EAGERNESS[kind] ?? 1))) return
    if (member.closing || !member.alive) return
    this.#callBack(kind, toggle)
  }

  #callBack(kind: CallbackKind, toggle: () => void): void {
    const { member, random } = this.#parts
    const room = random.pick(ROOMS)
    // Warnings are too seldom for what is usual.
    switch (kind === 'warning' ? random.pick([5, 9, 9, 10]) : random.integer(0, 11)) {
      case 0:
        return member.disconnect()
      case 1:
        // Its status may be of before the turn that calls back: what it gave up a moment ago is tried again.
        member.dials.asked()
        return member.connect()
      case 2:
        return member.join(room, { from: 'start' })
      case 3:
        return member.leave(room)
      case 4:
        return member.restart(true)
      case 5:
      case 6:
        toggle()
        return this.book.did('unsubscribed', kind)
      case 7:
        this.book.tookBack()
        return member.cancel(this.#recent.pop() ?? member.send(null, 'plain', 0, {}))
      case 8:
        return void member.request('echo', 0, { timeoutMs: 2_000 })
      case 9:
        return this.#close(kind)
      default:
        member.send(null, 'fan', 0, {})
        this.book.did('sent', kind)
    }
  }

  /** Seldom: the page is over then. */
  #close(kind: CallbackKind): void {
    const { member, random, closed } = this.#parts
    if (!random.chance(kind in EAGERNESS ? 0.8 : 0.3)) return
    member.close(random.pick([0, 1_000]))
    this.book.did('closed', kind)
    closed()
  }
}

const isThrown = (kind: CallbackKind): kind is CallbackKind & Thrown =>
  (THROWN as readonly string[]).includes(kind)
