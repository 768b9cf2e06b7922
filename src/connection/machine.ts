/**
 * The connection: one link at a time to a server, made again for as long as it should be.
 *
 * Owns: the states of state.ts, every deadline of a link, and which dial is the current one. Input of a retired dial is
 * ignored in one place, {@link Connection.handle}.
 * Does not own: what travels over the link; payloads and the greeting belong to the session.
 * SurewireSocket, which talks to any server, has a machine of its own (websocket/machine.ts).
 */
import { CloseCode } from '../protocol/close-codes.js'
import { ConnectError, type SurewireError, TimeoutError } from '../protocol/errors.js'
import { type Machine, type Sink, unreachable } from '../protocol/machine.js'
import { Heartbeat } from './heartbeat.js'
import {
  afterClose,
  afterFailure,
  causeOfClose,
  type LinkEnd,
  MAX_ADVISED_MS,
  type Next,
  upgradeAnswer,
} from './policy.js'
import { backoffDelay, type ReconnectConfig } from './reconnect.js'
import type { Cause, ConnectionEffect, ConnectionInput, ConnectionState } from './state.js'

export interface ConnectionConfig {
  /** Deadline of url, credentials, dial, upgrade and welcome together, in ms. */
  readonly connectTimeoutMs: number
  /** `null`: no heartbeat. */
  readonly heartbeat: { readonly intervalMs: number; readonly timeoutMs: number } | null
  /** `null`: never reconnect. */
  readonly reconnect: ReconnectConfig | null
  /** Credentials are read anew for every dial, so refused ones deserve one more. */
  readonly freshCredentials: boolean
}

export class Connection implements Machine<ConnectionInput> {
  #state: ConnectionState = { name: 'idle' }
  #config: ConnectionConfig
  readonly #emit: Sink<ConnectionEffect>
  readonly #random: () => number
  /** Number of the newest dial. */
  #dials = 0
  /** Dials since the last success. */
  #attempt = 0
  /** Retries since a connection was last stable; drives the backoff. */
  #retries = 0
  /**
   * The one more try that was granted after a refusal, and after a violation. A welcome takes back the first, a stable
   * connection both.
   */
  #granted: Set<'token' | 'afresh'> | null = null
  #fail: LinkEnd['fail'] = null
  /** Why the last dial failed. */
  #failure: SurewireError | null = null
  #bye = false
  #away: { afterMs: number; spreadMs: number } | null = null
  #nextUrl: string | null = null

  constructor(config: ConnectionConfig, random: () => number, emit: Sink<ConnectionEffect>) {
    this.#config = config
    this.#random = random
    this.#emit = emit
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Dials since the last success: 1 = the first, 0 when live or idle. */
  get attempt(): number {
    return this.#attempt
  }

  /** Changes the configuration; it holds from the next deadline on. */
  configure(config: ConnectionConfig): void {
    this.#config = config
  }

  deadline(): number | null {
    const state = this.#state
    switch (state.name) {
      case 'dialing':
      case 'handshaking':
        return state.deadline
      case 'live':
        return state.heartbeat.deadline()
      case 'waiting':
        return state.until
      case 'idle':
      case 'closed':
        return null
      default:
        return unreachable(state)
    }
  }

  handle(input: ConnectionInput, now: number): void {
    if ('dial' in input && input.dial !== this.#currentDial()) return
    switch (input.type) {
      case 'connect':
        return this.#connect(now)
      case 'disconnect':
        return this.#disconnect(input.cause, now)
      case 'close':
        return this.#close(input.code, input.reason, now)
      case 'restart':
        return this.#restart(input.cause, now)
      case 'opened':
        return this.#opened(input.dial)
      case 'failed':
        return this.#failed(input.error, now)
      case 'received':
        return this.#received(now)
      case 'welcomed':
        return this.#welcomed(input.pingMs, now)
      case 'closed':
        return this.#ended(
          { code: input.code, reason: input.reason, fail: this.#fail, afterBye: this.#bye },
          now,
        )
      case 'fail':
        this.#fail = { code: input.code, message: input.message }
        return
      case 'bye':
        this.#bye = true
        return
      case 'away':
        this.#away = { afterMs: input.notice.afterMs, spreadMs: input.notice.spreadMs }
        this.#nextUrl = input.notice.url ?? null
        return
      case 'violation':
        return this.#violation(input.error, input.closeCode, now)
      case 'replace':
        return this.#replace(CloseCode.REPLACED, input.cause, now)
      case 'doubt':
        return this.#doubt(now)
      case 'wake':
        return this.#wake(input.cause, now)
      case 'tick':
        return this.#tick(now)
      default:
        return unreachable(input)
    }
  }

  #currentDial(): number | null {
    return 'dial' in this.#state ? this.#state.dial : null
  }

  #connect(now: number): void {
    const state = this.#state
    if (state.name === 'waiting' && !state.advised) return this.#dial(CONNECT, now)
    if (state.name === 'idle' || (state.name === 'closed' && !state.final)) this.#redial(CONNECT, now)
  }

  #dial(cause: Cause, now: number): void {
    this.#dials++
    this.#attempt++
    this.#fail = null
    this.#failure = null
    this.#bye = false
    this.#away = null
    const deadline = now + this.#config.connectTimeoutMs
    this.#become({ name: 'dialing', dial: this.#dials, deadline }, cause)
    const url = this.#nextUrl
    this.#nextUrl = null
    this.#emit({ type: 'dial', dial: this.#dials, url })
  }

  #opened(dial: number): void {
    if (this.#state.name !== 'dialing') return
    this.#become(
      { name: 'handshaking', dial, deadline: this.#state.deadline },
      { code: 'opened', message: 'the socket is open; waiting for the welcome' },
    )
    this.#emit({ type: 'greet', dial })
  }

  #received(now: number): void {
    if (this.#state.name === 'live') this.#state.heartbeat.inbound(now)
  }

  #welcomed(pingMs: number, now: number): void {
    if (this.#state.name !== 'handshaking') return
    const { heartbeat } = this.#config
    const config = {
      intervalMs: heartbeat === null ? 0 : pingMs > 0 ? pingMs : heartbeat.intervalMs,
      timeoutMs: heartbeat?.timeoutMs ?? 0,
      peerPings: pingMs > 0,
    }
    this.#attempt = 0
    this.#granted?.delete('token')
    this.#become(
      { name: 'live', dial: this.#state.dial, since: now, heartbeat: new Heartbeat(config, now) },
      { code: 'welcome', message: 'the server welcomed the session' },
    )
  }

  /** The link of the current dial ended by itself or by the peer. */
  #ended(end: LinkEnd, now: number): void {
    const cause = causeOfClose(end)
    const wasLive = this.#leaveLive(end.code, end.reason, cause, now)
    const next = afterClose(end)
    if (!wasLive && next.do === 'retry')
      this.#emitError(new ConnectError(cause.message, { code: cause.code }))
    this.#proceed(next, cause, now)
  }

  /** The current dial did not lead to a live link. */
  #failed(error: SurewireError, now: number): void {
    this.#dropCurrent(CloseCode.REPLACED, 'the attempt failed')
    this.#failure = error
    const next = afterFailure(error)
    if (next.do === 'retry') this.#emitError(error)
    this.#proceed(next, causeOf(error), now)
  }

  #violation(error: SurewireError, closeCode: number, now: number): void {
    const cause = causeOf(error)
    this.#endLink(closeCode, error.message, cause, now)
    this.#proceed({ do: 'retry-once', what: 'afresh', error }, cause, now)
  }

  /** Detaches a link that cannot be trusted and dials again at once, or when AWAY said; nothing waits for its close. */
  #replace(code: number, cause: Cause, now: number): void {
    this.#endLink(code, cause.message, cause, now)
    this.#proceed({ do: 'retry', afterMs: 0 }, cause, now)
  }

  #proceed(next: Next, cause: Cause, now: number): void {
    switch (next.do) {
      case 'retry':
        if (next.forgetSession) this.#emit({ type: 'forget-session', cause })
        if (next.tooLarge) this.#emit({ type: 'too-large' })
        return this.#wait(next.afterMs ?? null, cause, now)
      case 'retry-once':
        return this.#retryOnce(next, cause, now)
      case 'stop':
        return this.#stop(next.error)
      default:
        return unreachable(next)
    }
  }

  #retryOnce(next: Next & { do: 'retry-once' }, cause: Cause, now: number): void {
    const pointless = next.what === 'token' && !this.#config.freshCredentials
    if (pointless || this.#granted?.has(next.what)) return this.#stop(next.error)
    this.#granted ??= new Set()
    this.#granted.add(next.what)
    this.#emitError(next.error)
    if (next.what === 'afresh') this.#emit({ type: 'forget-session', cause })
    this.#wait(0, cause, now)
  }

  /** `afterMs` `null`: with backoff. */
  #wait(afterMs: number | null, cause: Cause, now: number): void {
    const { reconnect } = this.#config
    if (reconnect === null || this.#attempt >= reconnect.maxAttempts) return this.#giveUp(cause)
    const away = this.#away
    const advised = away !== null || (afterMs ?? 0) > 0
    const delay = away === null ? this.#delay(afterMs, reconnect) : this.#awayDelay(away, reconnect)
    this.#retries++
    this.#become({ name: 'waiting', until: now + delay, advised }, cause)
  }

  #delay(afterMs: number | null, reconnect: ReconnectConfig): number {
    if (afterMs === 0) return 0
    return (afterMs ?? 0) + backoffDelay(reconnect, this.#retries, this.#random())
  }

  /** As advised; but a server that sends everyone away at once, and advises no time, must not be dialled without end. */
  #awayDelay(
    { afterMs, spreadMs }: { afterMs: number; spreadMs: number },
    reconnect: ReconnectConfig,
  ): number {
    const advised = Math.min(afterMs, MAX_ADVISED_MS) + Math.min(spreadMs, MAX_ADVISED_MS) * this.#random()
    if (this.#retries === 0) return advised
    return Math.max(advised, backoffDelay(reconnect, this.#retries, this.#random()))
  }

  #giveUp(cause: Cause): void {
    const why =
      this.#config.reconnect === null
        ? 'reconnecting is switched off'
        : `all ${this.#config.reconnect.maxAttempts} attempts failed`
    const error = new ConnectError(
      `${why}; the last cause: ${cause.message.replace(/\.$/, '')}. Call connect() to try again.`,
      {
        code: this.#config.reconnect === null ? cause.code : 'gave_up',
        retryable: false,
        cause: this.#failure,
        status: this.#failure === null ? null : upgradeAnswer(this.#failure).status,
      },
    )
    this.#stop(error)
  }

  #stop(error: SurewireError): void {
    this.#become({ name: 'closed', error, final: false }, causeOf(error))
    this.#emitError(error)
  }

  #disconnect(cause: Cause, now: number): void {
    if (this.#state.name === 'closed' && this.#state.final) return
    this.#endLink(CloseCode.NORMAL, '', cause, now)
    this.#attempt = 0
    if (this.#state.name !== 'idle') this.#become({ name: 'idle' }, cause)
  }

  #close(code: number, reason: string, now: number): void {
    if (this.#state.name === 'closed' && this.#state.final) return
    const cause = { code: 'close', message: 'close() was called' }
    this.#endLink(code, reason, cause, now)
    this.#attempt = 0
    this.#become({ name: 'closed', error: null, final: true }, cause)
  }

  #restart(cause: Cause, now: number): void {
    if (this.#state.name === 'closed' && this.#state.final) return
    this.#endLink(CloseCode.REPLACED, cause.message, cause, now)
    this.#redial(cause, now)
  }

  /** Dials as if nothing had been tried before. */
  #redial(cause: Cause, now: number): void {
    this.#attempt = 0
    this.#retries = 0
    this.#granted = null
    this.#dial(cause, now)
  }

  #doubt(now: number): void {
    if (this.#state.name === 'live' && this.#state.heartbeat.probe(now)) this.#emit({ type: 'ping' })
  }

  #wake(cause: Cause, now: number): void {
    if (this.#state.name === 'live') return this.#doubt(now)
    if (this.#state.name === 'waiting' && !this.#state.advised) this.#dial(cause, now)
  }

  #tick(now: number): void {
    const state = this.#state
    // Where there is no deadline, each state says by itself that nothing is due.
    if (now < (this.deadline() ?? now)) return
    switch (state.name) {
      case 'dialing':
      case 'handshaking':
        return this.#failed(this.#timedOut(state.name), now)
      case 'live':
        return this.#checkHeartbeat(state.heartbeat, now)
      case 'waiting':
        return this.#dial(RETRY, now)
      case 'idle':
      case 'closed':
        return
      default:
        return unreachable(state)
    }
  }

  #checkHeartbeat(heartbeat: Heartbeat, now: number): void {
    switch (heartbeat.check(now)) {
      case 'alive':
        return
      case 'ask':
        return this.#emit({ type: 'ping' })
      case 'dead':
        return this.#replace(
          CloseCode.TIMEOUT,
          { code: 'heartbeat_timeout', message: 'nothing was heard from the server in time' },
          now,
        )
    }
  }

  #timedOut(phase: 'dialing' | 'handshaking'): TimeoutError {
    const what = phase === 'dialing' ? 'the socket did not open' : 'the server did not send its welcome'
    return new TimeoutError(
      `${what} within ${this.#config.connectTimeoutMs} ms (connectTimeoutMs). Check the address, the path, that url() and auth() come to an end, and whether a proxy lets WebSockets through.`,
      { code: 'connect_timeout' },
    )
  }

  /** If live: counts its stability and reports the loss. */
  #leaveLive(code: number, reason: string, cause: Cause, now: number): boolean {
    if (this.#state.name !== 'live') return false
    const { reconnect } = this.#config
    if (reconnect !== null && now - this.#state.since >= reconnect.stableAfterMs) {
      this.#retries = 0
      this.#granted = null
    }
    this.#emit({ type: 'lost', code, reason, cause })
    return true
  }

  /** Lets go of the current link, if any; nothing waits for its close. */
  #endLink(code: number, reason: string, cause: Cause, now: number): void {
    this.#dropCurrent(code, reason)
    this.#leaveLive(code, reason, cause, now)
  }

  #dropCurrent(code: number, reason: string): void {
    const dial = this.#currentDial()
    if (dial !== null) this.#emit({ type: 'drop', dial, code, reason })
  }

  #emitError(error: SurewireError): void {
    this.#emit({ type: 'error', error })
  }

  #become(next: ConnectionState, cause: Cause): void {
    const previous = this.#state
    this.#state = next
    this.#emit({ type: 'state', next, previous, cause })
  }
}

const CONNECT: Cause = { code: 'connect', message: 'connect() was called' }
const RETRY: Cause = { code: 'retry', message: 'the wait before the next attempt is over' }

const causeOf = ({ code, message }: SurewireError): Cause => ({ code, message })
