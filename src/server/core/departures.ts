/**
 * How connections, sessions and producers end, other than by a client's mistake.
 *
 * Owns: what is given back when a connection is gone, being superseded, lost state, kick, going away, shutdown.
 */
import { CloseCode } from '../../protocol/close-codes.js'
import { type AwayNotice, FrameType } from '../../protocol/frames.js'
import type { Connections } from './connections.js'
import type { Handshake } from './handshake.js'
import type { Heartbeats } from './heartbeat.js'
import type { Kernel } from './kernel.js'
import { type Connection, type Peer, type Phase, type Producer, peerOf } from './model.js'
import type { Presence } from './presence.js'
import type { Producers } from './producers.js'
import type { Pump } from './pump.js'

export interface DeparturesParts {
  readonly connections: Connections
  readonly producers: Producers
  readonly pump: Pump
  readonly presence: Presence
  readonly heartbeats: Heartbeats
  readonly handshake: Handshake
  /** Session id → its live connection. */
  readonly sessions: Map<string, Peer>
}

export class Departures {
  readonly #kernel: Kernel
  readonly #parts: DeparturesParts
  /** Set once the server goes away. */
  #away: AwayNotice | null = null

  constructor(kernel: Kernel, parts: DeparturesParts) {
    this.#kernel = kernel
    this.#parts = parts
  }

  /** The store does not know the producer as this process does. Its client resumes, or learns what is unknown. */
  lost(producer: Producer, why: 'fenced' | 'gone' | 'conflict'): void {
    const { connection, id } = producer
    this.#kernel.log('warn', 'producer lost', { producer: id, why })
    producer.connection = null
    this.#parts.producers.retire(producer, why === 'fenced' ? 'fenced' : 'state_lost')
    if (connection === null) return
    if (why === 'fenced') this.superseded(connection)
    else {
      const message = 'the server lost its memory of what this client had sent'
      this.#parts.connections.end(connection, {
        code: CloseCode.STATE_LOST,
        reason: 'state lost',
        say: { code: 'state_lost', message },
      })
    }
  }

  superseded(connection: Connection): void {
    this.#parts.connections.end(connection, {
      code: CloseCode.SUPERSEDED,
      reason: 'superseded',
      say: { code: 'superseded', message: 'a newer connection of this client took over' },
    })
  }

  /** Everything that a connection held is given back. */
  ended(connection: Connection, was: Phase): void {
    if (was.is === 'greeting') this.#parts.handshake.abandon(connection, was.greeting)
    if (was.is !== 'live') return
    const { peer } = was
    const { id, owner } = peer.session
    this.#parts.heartbeats.stop(peer)
    for (const follower of [...peer.followers.values()]) this.#parts.pump.unfollow(peer, follower)
    for (const producer of peer.producers)
      if (producer !== null) this.#parts.producers.detach(connection, producer)
    this.#parts.sessions.delete(id)
    this.#parts.presence.dropped(id)
    this.#kernel.tellStore({ method: 'detachSession', id, owner, ended: false })
  }

  /** Ends a session for good. */
  kick(sessionId: string, reason: string): void {
    const peer = this.#parts.sessions.get(sessionId)
    if (peer === undefined) return
    const { owner } = peer.session
    this.#parts.presence.leaveAll(sessionId)
    this.#parts.connections.end(peer.connection, {
      code: CloseCode.KICKED,
      reason: 'kicked',
      say: { code: 'kicked', message: reason },
    })
    this.#kernel.tellStore({ method: 'detachSession', id: sessionId, owner, ended: true })
  }

  /** Everyone is asked to go and come back; whoever comes now is sent away at once. */
  goAway(notice: AwayNotice): void {
    this.#away = notice
    for (const connection of [...this.#parts.connections.all.values()]) {
      if (peerOf(connection) === null) this.#sendAway(connection, notice)
      else this.#parts.connections.say(connection, [FrameType.AWAY, notice])
    }
  }

  /** A connection opened. */
  greet(connection: Connection): void {
    if (this.#away !== null) this.#sendAway(connection, this.#away)
  }

  #sendAway(connection: Connection, notice: AwayNotice): void {
    this.#parts.connections.say(connection, [FrameType.AWAY, notice])
    this.#parts.connections.end(connection, { code: CloseCode.AWAY, reason: notice.reason })
  }

  shutdown(): void {
    const reason = this.#away?.reason ?? 'shutdown'
    for (const connection of [...this.#parts.connections.all.values()]) {
      this.#parts.connections.end(connection, { code: CloseCode.AWAY, reason })
    }
    for (const producer of [...this.#parts.producers.all]) this.#parts.producers.retire(producer, 'shutdown')
  }
}
