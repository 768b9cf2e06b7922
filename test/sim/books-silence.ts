/**
 * The book of one client's silence: a connection on which nothing arrives any more is given up (I4).
 *
 * Owns: how long it may be quiet, from the interval that WELCOME named; it knows less than the client, and then waits for longer.
 */
import { Violation } from '../../src/testing/simulation/index.js'

/** Longest time from the last byte to the end: an interval and its grace, a question and its grace, timers, a bit. */
const GRACE_MS = 10_000

export class SilenceBook {
  readonly #name: string
  #pingMs = 0
  #since = 0

  constructor(name: string) {
    this.#name = name
  }

  /** A connection is live; its server pings in this interval. */
  opened(pingMs: number, now: number): void {
    this.#pingMs = pingMs
    this.#since = now
  }

  /** Something arrived, or kept the page from noticing that nothing does. */
  broken(now: number): void {
    this.#since = now
  }

  /** `isLive`: the client takes its connection for live, and its timers are exact. */
  check(isLive: boolean, now: number): void {
    const quietMs = now - this.#since
    if (!isLive || this.#pingMs === 0 || quietMs <= this.#pingMs + GRACE_MS) return
    throw new Violation(
      'I4',
      `${this.#name} has heard nothing for ${quietMs} ms, and takes its connection for live`,
    )
  }
}
