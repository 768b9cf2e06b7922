/**
 * The book of one client's dials: whether it may dial, and when (I11).
 *
 * Owns: how long it has to wait, from what it was told; it knows less than the client, and then asks for less.
 */
import { Violation } from '../../src/testing/simulation/index.js'
import type { Habits } from './parameters.js'

/** Url, credentials and disk take their time between the end of a wait and the dial. */
const SLACK_MS = 500
/** A timer of a client that does not rest ran by then: it pings more often than that. */
const NOTICED_AFTER_MS = 90_000
/** In floating point a wait may seem shorter by this. */
const ROUNDING_MS = 1

export class DialBook {
  readonly #name: string
  readonly #reconnect: Habits['reconnect']
  /** Until then the server asked to stay away. */
  #awayUntil = 0
  #isAdvised = false
  #jumpDueUntil = 0
  #isResting = false
  /** Why it must not dial by itself. */
  #forbidden: string | null = null
  #refusals = 0
  #retries = 0
  /** The application asked, and no dial followed yet: failures that are told now are of before. */
  #isAsked = false
  #liveSince: number | null = null
  /** The wait that should be under way. */
  #wait: { readonly from: number; readonly atLeastMs: number } | null = null

  constructor(name: string, reconnect: Habits['reconnect']) {
    this.#name = name
    this.#reconnect = reconnect
  }

  /** The application wants a connection now, whatever was before. */
  asked(): void {
    this.#isAsked = true
    this.#awayUntil = 0
    this.#forbidden = null
    this.#refusals = 0
    this.#retries = 0
    this.#wait = null
  }

  /** Something that lets a wait end early, or late: a signal, a page that was frozen. */
  excused(): void {
    this.#wait = null
  }

  /** The clock jumped. The client notices when its next timer runs, which may be in a wait that is still to come. */
  clockJumped(now: number): void {
    this.#wait = null
    this.#jumpDueUntil = this.#isResting ? Infinity : now + NOTICED_AFTER_MS
  }

  /** It is idle or closed, and has no timer: what it has not noticed yet it notices after it has dialled again. */
  rests(now: number): void {
    this.#isResting = true
    if (now < this.#jumpDueUntil) this.#jumpDueUntil = Infinity
  }

  away(until: number): void {
    this.#awayUntil = until
    this.#isAdvised = true
    this.#wait = null
  }

  opened(now: number): void {
    this.#liveSince = now
    this.#refusals = 0
    this.#wait = null
  }

  /** A live connection ended. */
  closed(code: number, cause: string, now: number): void {
    if (now - (this.#liveSince ?? now) >= this.#reconnect.stableAfterMs) this.#retries = 0
    if (code >= 4400 && code < 4500) this.#forbidden = `was ended with ${code}`
    if (cause === 'close_1006') this.#expect(now)
    else this.#retries = 0
  }

  /** A dial failed, and there will be another. */
  failed(error: { readonly name: string; readonly code: string }, willRetry: boolean, now: number): void {
    if (this.#isAsked) return
    if (error.name === 'AuthError') {
      this.#refusals++
      if (this.#refusals >= 2) this.#forbidden = 'was refused twice'
      this.#wait = null
    } else if (willRetry && error.name === 'ConnectError') this.#expect(now)
  }

  dialed(status: string, now: number): void {
    if (status === 'closed' || status === 'idle')
      throw new Violation('I11', `${this.#name} is ${status} and dials`)
    if (this.#forbidden !== null)
      throw new Violation('I11', `${this.#name} ${this.#forbidden}, and dials by itself`)
    if (now < this.#awayUntil) {
      throw new Violation(
        'I11',
        `${this.#name} was told to stay away for ${this.#awayUntil - now} ms more, and dials`,
      )
    }
    this.#awayUntil = 0
    this.#isAdvised = false
    this.#isAsked = false
    this.#isResting = false
    this.#checkWait(now)
    this.#wait = null
    if (this.#jumpDueUntil === Infinity) this.#jumpDueUntil = now + NOTICED_AFTER_MS
  }

  #expect(now: number): void {
    const { initialDelayMs, maxDelayMs, factor, jitter } = this.#reconnect
    const longest = Math.min(maxDelayMs, initialDelayMs * factor ** Math.min(this.#retries, 64))
    const share = { none: 1, equal: 0.5, full: 0 }[jitter]
    this.#retries++
    if (this.#isAdvised || now < this.#jumpDueUntil) return
    this.#wait = { from: now, atLeastMs: longest * share }
  }

  #checkWait(now: number): void {
    if (this.#wait === null) return
    const waited = now - this.#wait.from
    if (waited < this.#wait.atLeastMs - ROUNDING_MS) {
      throw new Violation(
        'I11',
        `${this.#name} dials after ${waited} ms; it had to wait for ${this.#wait.atLeastMs}`,
      )
    }
    if (waited > this.#reconnect.maxDelayMs + SLACK_MS) {
      throw new Violation(
        'I11',
        `${this.#name} dials after ${waited} ms; the longest wait is ${this.#reconnect.maxDelayMs}`,
      )
    }
  }
}
