/**
 * From the connection's states to what applications see.
 *
 * Owns: the mapping to the five public statuses, the immutable snapshot, and the time spent in each status.
 */
import type { ConnectionState } from '../connection/state.js'
import type { SurewireError } from '../protocol/errors.js'
import { unreachable } from '../protocol/machine.js'
import type { ClientSession } from '../session/client/session.js'
import type { Clock } from '../runtime/ports.js'
import type { Subscribers } from './subscribers.js'
import type { Snapshot, Status } from './types.js'

/** Exhaustive: a new state of the connection has to say how it looks from outside. */
export function statusOf(state: ConnectionState, openedBefore: boolean): Status {
  switch (state.name) {
    case 'idle':
      return 'idle'
    case 'dialing':
    case 'handshaking':
    case 'waiting':
      return openedBefore ? 'reconnecting' : 'connecting'
    case 'live':
      return 'connected'
    case 'closed':
      return 'closed'
    default:
      return unreachable(state)
  }
}

export class StatusView {
  readonly #session: ClientSession
  readonly #clock: Clock
  readonly #timeByStatus: Record<Status, number> = {
    idle: 0,
    connecting: 0,
    connected: 0,
    reconnecting: 0,
    closed: 0,
  }
  #openedBefore = false
  #error: SurewireError | null = null
  #since: number
  #status: Status = 'idle'
  #retry: { readonly until: number; readonly at: number } | null = null
  #snapshot: Snapshot
  /** The snapshot that subscribers were last told of. */
  #told: Snapshot

  constructor(session: ClientSession, clock: Clock) {
    this.#session = session
    this.#clock = clock
    this.#since = clock.now()
    this.#snapshot = Object.freeze(this.#make())
    this.#told = this.#snapshot
  }

  get status(): Status {
    return this.#status
  }

  /** The same object until something changed. */
  get snapshot(): Snapshot {
    const next = this.#make()
    // Frozen only if it is kept: freezing costs more than all the rest, and this is asked at the end of every turn.
    if (!sameSnapshot(this.#snapshot, next)) this.#snapshot = Object.freeze(next)
    return this.#snapshot
  }

  /** Tells the client's subscribers, if something changed since they were last told. */
  publish(subscribers: Subscribers): void {
    const { snapshot } = this
    if (snapshot === this.#told) return
    this.#told = snapshot
    subscribers.notify(null)
  }

  /** The connection changed state; returns the status before and after. */
  changed(next: ConnectionState): { next: Status; previous: Status } {
    const previous = this.#status
    if (next.name === 'live') {
      this.#openedBefore = true
      this.#error = null
    } else if (next.name === 'idle' || next.name === 'closed') {
      this.#openedBefore = false
      this.#error = next.name === 'closed' ? next.error : null
    }
    this.#status = statusOf(next, this.#openedBefore)
    this.#countTime(previous)
    return { next: this.#status, previous }
  }

  failed(error: SurewireError): void {
    this.#error = error
  }

  times(): Readonly<Record<Status, number>> {
    this.#countTime(this.#status)
    return { ...this.#timeByStatus }
  }

  #countTime(status: Status): void {
    const now = this.#clock.now()
    this.#timeByStatus[status] += now - this.#since
    this.#since = now
  }

  #make(): Snapshot {
    const session = this.#session
    return {
      status: this.#status,
      attempt: session.connection.name === 'closed' ? 0 : session.attempt,
      retryAt: this.#retryAt(session.connection),
      queued: session.queued,
      inFlight: session.inFlight,
      session: session.session,
      error: this.#error,
    }
  }

  /** Wall-clock time of the next dial, computed once per wait: clocks drift against each other. */
  #retryAt(state: ConnectionState): number | null {
    if (state.name !== 'waiting') return null
    if (this.#retry?.until !== state.until) {
      this.#retry = {
        until: state.until,
        at: Math.round(this.#clock.wall() + state.until - this.#clock.now()),
      }
    }
    return this.#retry.at
  }
}

const sameSnapshot = (a: Snapshot, b: Snapshot): boolean =>
  (Object.keys(a) as (keyof Snapshot)[]).every((field) => a[field] === b[field])
