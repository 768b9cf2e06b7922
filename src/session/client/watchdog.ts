/**
 * Watches for acknowledgements, and answers to ATTACH, that don't come.
 *
 * Owns: when unacknowledged data makes a live connection suspect, and when answers to PING no longer count.
 * Does not own: silence as such (connection/heartbeat.ts).
 */
import type { Cause } from '../../connection/state.js'
import type { RoundTrip } from './round-trip.js'
import type { Uplink } from './uplink.js'

/** Data unacknowledged for four round trips is suspect, but never before this: handlers take their time. */
const MIN_SUSPECT_MS = 5_000

/**
 * A server that answers PING but acknowledges nothing for this long is wedged (failure 16): twice the default
 * `limits.handlerMs`, after which a healthy server has refused the message.
 */
const WEDGED_MS = 60_000

const SUSPECT: Cause = {
  code: 'ack_overdue',
  message: 'messages are unacknowledged for too long; asking the server',
}
const WEDGED: Cause = {
  code: 'acks_stalled',
  message: 'the server answers pings but acknowledges nothing; replacing the connection',
}

export class Watchdog {
  readonly #uplink: Uplink
  readonly #roundTrip: RoundTrip
  /** When the current doubt was raised; one question for one silence. */
  #askedAt = 0

  constructor(uplink: Uplink, roundTrip: RoundTrip) {
    this.#uplink = uplink
    this.#roundTrip = roundTrip
  }

  deadline(): number | null {
    const since = this.#uplink.owedSince()
    if (since === null) return null
    const suspectAt = since + this.#suspectAfter()
    return this.#askedAt >= suspectAt ? since + WEDGED_MS : suspectAt
  }

  /** What the connection is told; `null`: nothing. */
  check(now: number): { readonly type: 'doubt' | 'replace'; readonly cause: Cause } | null {
    const since = this.#uplink.owedSince()
    if (since === null) return null
    if (now >= since + WEDGED_MS) return { type: 'replace', cause: WEDGED }
    const suspectAt = since + this.#suspectAfter()
    if (now < suspectAt || this.#askedAt >= suspectAt) return null
    this.#askedAt = now
    return { type: 'doubt', cause: SUSPECT }
  }

  #suspectAfter(): number {
    return Math.max(4 * (this.#roundTrip.last ?? 0), MIN_SUSPECT_MS)
  }
}
