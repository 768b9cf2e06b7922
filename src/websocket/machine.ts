/**
 * The life of a SurewireSocket: dial, open, lose, wait, dial again.
 *
 * Owns: its states and deadlines, and which events an application sees, in which order. Pure: time is an argument, and
 * what is to be done goes to {@link Hands}.
 * Does not own: sockets, addresses, buffered messages (surewire-socket.ts). Not connection/machine.ts, because any
 * server is dialled here: no greeting, no welcome, no session, no meaning of close codes; and that one alone would be
 * most of the bytes a page is asked for.
 *
 *   idle ── reconnect ──► dialing ── opened ──► open ── close ──► closing ──► closed
 *                          ▲   │ ended           │ ended, silent               ▲
 *                          │   ▼                 ▼                             │
 *                         waiting ◄──────────────┘ ── or never again ──────────┘
 */
import { Heartbeat, type HeartbeatConfig } from '../connection/heartbeat.js'
import { NORMAL, TIMEOUT } from './target.js'

/** How a connection ended, as a `close` event tells it. */
export interface End {
  readonly code: number
  readonly reason: string
  readonly wasClean: boolean
}

/** Why a dial, or an open connection, failed. */
export interface Failure {
  readonly message: string
  /** What the platform threw or told; `null`: nothing. */
  readonly error: unknown
}

/** The dial that follows by itself. */
export interface Retry {
  /** Time until then in ms. */
  readonly delayMs: number
  /** 1 for the first retry since a connection was last stable. */
  readonly attempt: number
}

/** By the names of the options. Times in ms. */
export interface SocketConfig extends HeartbeatConfig {
  /** Chance, from 0 to below 1. */
  readonly random: () => number
  /** Deadline of address, subprotocols, dial and upgrade together. */
  readonly connectionTimeout: number
  /** Shortest delay before a retry; the longest, if that is shorter. */
  readonly minReconnectionDelay: number
  /** Longest delay before a retry. */
  readonly maxReconnectionDelay: number
  /** How the longest possible delay grows with each retry. */
  readonly reconnectionDelayGrowFactor: number
  readonly maxRetries: number
  /** A connection that held so long lets the count of retries start over. */
  readonly minUptime: number
}

/**
 * What is done for the machine. Nothing of it throws, and nothing may call the machine before it has returned, but
 * `mayReconnect`.
 */
export interface Hands {
  dial(dial: number): void
  /** Close the socket. `detach`: nothing of it is heard any more. `code` `undefined`: none is sent. */
  end(code: number | undefined, reason: string, detach: boolean): void
  /** Send what is buffered. */
  flush(): void
  /** What is buffered will never be sent. */
  discard(): void
  /** Ask the peer for a sign of life. */
  ping(): void
  /** Tell the application, once the machine has returned. */
  tell(event: 'open' | 'error' | 'close' | 'retry', fields?: Failure | End | Retry): void
  /** Whether the application allows another dial after this end. */
  mayReconnect(end: End): boolean
  /** Whether the loss of an open connection is final, and a dial that will be repeated is not told as a failure. */
  untilOpen(): boolean
}

export type SocketState =
  /** Never dialled. */
  | { readonly name: 'idle' }
  | { readonly name: 'dialing'; readonly dial: number; readonly until: number }
  | { readonly name: 'open'; readonly dial: number; readonly since: number; readonly heartbeat: Heartbeat }
  | { readonly name: 'waiting'; readonly until: number; readonly end: End }
  /** `close()` was called. `end` holds if the peer does not say otherwise in time. */
  | {
      readonly name: 'closing'
      readonly dial: number
      readonly until: number
      readonly end: End
      readonly failure: Failure | null
    }
  | { readonly name: 'closed' }

/** How long a peer may take to answer our close frame; browsers would wait a minute for a dead one. */
const CLOSE_GRACE_MS = 5_000

const NO_DIAL = 0

/** The end of a connection without a closing handshake. */
export const lost = (reason = ''): End => ({ code: 1006, reason, wasClean: false })

export class SocketMachine {
  readonly #config: SocketConfig
  readonly #hands: Hands
  #state: SocketState = { name: 'idle' }
  #dials = NO_DIAL
  /** Retries since a connection was last stable. */
  #retries = 0

  constructor(config: SocketConfig, hands: Hands) {
    this.#config = config
    this.#hands = hands
  }

  get state(): SocketState {
    return this.#state
  }

  /** Whether `dial` is the one that counts; whatever another one reports is stale. */
  isCurrent(dial: number): boolean {
    return (this.#state as { readonly dial?: number }).dial === dial
  }

  /** Retries since a connection was last stable; 0 once this one is. */
  retries(now: number): number {
    const state = this.#state
    return state.name === 'open' && now - state.since >= this.#config.minUptime ? 0 : this.#retries
  }

  /** Whether another dial follows a loss now, or the wait after one, if the application does not refuse. */
  dialsAgain(now: number): boolean {
    const { name } = this.#state
    if (name === 'dialing' || (name === 'open' && !this.#hands.untilOpen()))
      return this.retries(now) < this.#config.maxRetries
    return name === 'waiting'
  }

  /** When {@link tick} is due. */
  deadline(): number | null {
    const state = this.#state
    if (state.name === 'open') return state.heartbeat.deadline()
    return 'until' in state ? state.until : null
  }

  /** The socket of the current dial is open. */
  opened(now: number): void {
    if (this.#state.name !== 'dialing') return
    const heartbeat = new Heartbeat(this.#config, now)
    this.#state = { name: 'open', dial: this.#state.dial, since: now, heartbeat }
    this.#hands.flush()
    this.#hands.tell('open')
  }

  /** Anything arrived on the current socket. */
  received(now: number): void {
    if (this.#state.name === 'open') this.#state.heartbeat.inbound(now)
  }

  /** The current socket closed, or never opened. */
  ended(end: End, failure: Failure | null, now: number): void {
    this.#retries = this.retries(now)
    if (!this.dialsAgain(now)) return this.#final(end, failure)
    const attempt = ++this.#retries
    const delayMs = this.#delay(attempt)
    this.#state = { name: 'waiting', until: now + delayMs, end }
    if (!this.#hands.mayReconnect(end)) return this.#final(end, failure)
    if (!this.#hands.untilOpen()) this.#tellEnd(end, failure)
    this.#hands.tell('retry', { delayMs, attempt })
  }

  /** The current dial, or its socket, is of no use. Nothing waits for its close. */
  giveUp(code: number, reason: string, failure: Failure | null, now: number): void {
    this.#hands.end(code, reason, true)
    this.ended(lost(reason), failure, now)
  }

  /** Ends what there is; before the first dial only what waits for it. */
  close(code: number | undefined, reason: string, now: number): void {
    const state = this.#state
    if (state.name === 'open') {
      this.#hands.end(code, reason, false)
      this.#closing(now + CLOSE_GRACE_MS, state.dial)
    } else if (state.name === 'dialing') {
      this.#hands.end(NORMAL, '', true)
      this.#closing(now, NO_DIAL, lost(), { message: 'closed before it was open', error: null })
    } else if (state.name === 'waiting') {
      this.#closing(now, NO_DIAL, state.end)
    } else if (state.name === 'idle') {
      this.#shut()
    }
  }

  /** Dials as if nothing had been tried before. */
  reconnect(code: number, reason: string, now: number): void {
    const { name } = this.#state
    this.#hands.end(code, reason, true)
    this.#retries = 0
    this.#dial(now)
    if (name === 'open' || name === 'closing') this.#tellEnd({ code, reason, wasClean: false }, null)
  }

  tick(now: number): void {
    const state = this.#state
    if (now < (this.deadline() ?? Infinity)) return
    if (state.name === 'dialing') {
      const message = `not open after ${this.#config.connectionTimeout} ms`
      this.giveUp(NORMAL, message, { message, error: null }, now)
    } else if (state.name === 'open') {
      const verdict = state.heartbeat.check(now)
      if (verdict === 'ask') this.#hands.ping()
      if (verdict === 'dead') this.giveUp(TIMEOUT, 'no answer to the heartbeat', null, now)
    } else if (state.name === 'waiting') {
      this.#dial(now)
    } else if (state.name === 'closing') {
      this.#hands.end(NORMAL, '', true)
      this.#final(state.end, state.failure)
    }
  }

  #dial(now: number): void {
    const dial = ++this.#dials
    this.#state = { name: 'dialing', dial, until: now + this.#config.connectionTimeout }
    this.#hands.dial(dial)
  }

  /** Between the shortest delay and the backoff's next step: never too early, and clients of one server spread out. */
  #delay(attempt: number): number {
    const config = this.#config
    const max = config.maxReconnectionDelay
    const shortest = Math.min(config.minReconnectionDelay, max)
    const longest = Math.min(max, shortest * config.reconnectionDelayGrowFactor ** attempt)
    // Not a number: of endless delays, or of none that grow endlessly.
    return shortest + (longest - shortest) * config.random() || shortest
  }

  #closing(until: number, dial: number, end = lost(), failure: Failure | null = null): void {
    this.#state = { name: 'closing', dial, until, end, failure }
  }

  #final(end: End, failure: Failure | null): void {
    this.#shut()
    this.#tellEnd(end, failure)
  }

  #shut(): void {
    this.#state = { name: 'closed' }
    this.#hands.discard()
  }

  #tellEnd(end: End, failure: Failure | null): void {
    if (failure !== null) this.#hands.tell('error', failure)
    this.#hands.tell('close', end)
  }
}
