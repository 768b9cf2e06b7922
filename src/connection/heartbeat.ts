/**
 * Signs of life of one live link.
 *
 * Owns: when silence becomes a question and when it becomes death.
 * Does not own: sending the PING (the session) or replacing the link (machine.ts).
 *
 * The server pings an idle client; any inbound byte counts. Deadlines follow from network events, so that throttled
 * timers only delay detection and never break it.
 */

/** Grace after a probe: two round trips over a bad mobile network. */
export const PROBE_GRACE_MS = 3_000

/**
 * A check later than this after its deadline means that this process slept, not the peer: bytes may wait unread, so ask
 * once before judging.
 */
const OWN_STALL_MS = 500

export interface HeartbeatConfig {
  /** Expected interval of inbound bytes in ms; 0: none expected. */
  readonly intervalMs: number
  /** Grace after the interval in ms. */
  readonly timeoutMs: number
  /** The peer pings by itself; otherwise this side asks after each interval of silence. */
  readonly peerPings: boolean
}

/** What the driver of a heartbeat has to do now. */
export type Verdict = 'alive' | 'ask' | 'dead'

export class Heartbeat {
  readonly #config: HeartbeatConfig
  #lastInbound: number
  /** When an unanswered probe means death; `null`: nothing asked. */
  #probeDeadline: number | null = null

  constructor(config: HeartbeatConfig, now: number) {
    this.#config = config
    this.#lastInbound = now
  }

  /** Any byte arrived. */
  inbound(now: number): void {
    this.#lastInbound = now
    this.#probeDeadline = null
  }

  /** Asks for a sign of life; `false` if a question is open already. */
  probe(now: number, graceMs = PROBE_GRACE_MS): boolean {
    if (this.#probeDeadline !== null) return false
    this.#probeDeadline = now + graceMs
    return true
  }

  /** When {@link check} is due next. */
  deadline(): number | null {
    if (this.#probeDeadline !== null) return this.#probeDeadline
    return this.#config.intervalMs === 0 ? null : this.#silenceDeadline()
  }

  /** Judges the silence so far. `ask`: a probe was noted, send a PING. */
  check(now: number): Verdict {
    if (this.#probeDeadline !== null) return now >= this.#probeDeadline ? 'dead' : 'alive'
    const deadline = this.deadline()
    if (deadline === null || now < deadline) return 'alive'
    if (!this.#config.peerPings) {
      this.probe(now, this.#config.timeoutMs)
      return 'ask'
    }
    if (now - deadline <= OWN_STALL_MS) return 'dead'
    this.probe(now)
    return 'ask'
  }

  #silenceDeadline(): number {
    const { intervalMs, timeoutMs, peerPings } = this.#config
    return this.#lastInbound + intervalMs + (peerPings ? timeoutMs : 0)
  }
}
