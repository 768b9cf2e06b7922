/**
 * The book of one client's silence: a connection on which nothing arrives any more is given up (I4).
 *
 * Owns: how long it may be quiet, from the interval that WELCOME named; it knows less than the client, and then waits for longer.
 */
import { Violation } from '../../src/testing/simulation/index.js'

/** Longest time from the last byte to the end: an interval and its grace, a question and its grace, timers, a bit. */
const GRACE_MS = 10_000
/** By so much a timer may be late that was set while they were coarse. */
const COARSEST_MS = 60_000

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
    this.broken(now)
  }

  /** Something arrived, or kept the page from noticing that nothing does: it was frozen, its machine slept. */
  broken(now: number): void {
    this.#since = Math.max(this.#since, now)
  }

  /** Timers were coarse until now. One that was set meanwhile still runs late. */
  coarse(now: number): void {
    this.broken(now + COARSEST_MS)
  }

  /** `isLive`: the client takes its connection for live, runs, and its timers are exact. */
  check(isLive: boolean, now: number): void {
    const quietMs = now - this.#since
    if (!isLive || this.#pingMs === 0 || quietMs <= this.#pingMs + GRACE_MS) return
    throw new Violation(
      'I4',
      `${this.#name} has heard nothing for ${quietMs} ms, and takes its connection for live`,
    )
  }
}
