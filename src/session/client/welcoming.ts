/**
 * WELCOME: a link becomes a connection.
 *
 * Owns: the order of what a WELCOME settles: producers, identity, the old session's end, the logs to follow.
 * Does not own: how each part does it (resume.ts, handshake.ts, downlink.ts, rooms.ts).
 */
import { ProtocolError } from '../../protocol/errors.js'
import type { Welcome } from '../../protocol/frames.js'
import { repliesLog, roomLog, roomOf, sessionLog } from '../../protocol/logs.js'
import type { Producer } from '../../delivery/producer.js'
import type { SessionParts } from './parts.js'
import type { Attached } from './uplink.js'

export class Welcoming {
  readonly #parts: SessionParts

  constructor(parts: SessionParts) {
    this.#parts = parts
  }

  /** WELCOME settles: identity, then producers, then logs, in one synchronous step (rule 4). */
  welcomed(welcome: Welcome, now: number): void {
    const { state } = this.#parts.connection
    if (state.name !== 'handshaking') {
      throw new ProtocolError('a second WELCOME on one connection', { code: 'unexpected_frame' })
    }
    // A WELCOME that breaks the protocol is noticed here, before anybody hears of a connection.
    const attached = this.#parts.uplink.welcomed(welcome, now)
    const { resumed, user, ended, userChanged } = this.#parts.handshake.welcomed(welcome)
    this.#parts.connection.handle({ type: 'welcomed', dial: state.dial, pingMs: welcome.pingMs }, now)
    this.#parts.downlink.start(state.dial)
    this.#belongTo(user.id, userChanged)
    for (const answer of attached) if (!userChanged || answer.producer.leftover) this.attached(answer)
    if (ended !== null) this.#endSession(ended)
    this.#followLogs(welcome)
    this.#countConnect()
    this.#parts.persistence?.welcomed(this.#parts.outbox)
    this.#parts.emit({ type: 'opened-session', resumed, user })
  }

  #endSession(id: string): void {
    this.#parts.downlink.end(sessionLog(id), 'the session was not resumed')
    this.#parts.downlink.unfollow(repliesLog(id))
    this.#parts.requests.loseReplies('the session that the reply belonged to was not resumed')
  }

  #followLogs(welcome: Welcome): void {
    for (const log of this.#parts.downlink.logs()) {
      if (roomOf(log) === null && !this.#parts.handshake.owns(log)) this.#parts.downlink.unfollow(log)
    }
    for (const [log, position] of Object.entries(welcome.logs)) {
      const room = roomOf(log)
      if (room === null || this.#parts.rooms.follows(room)) this.#parts.downlink.follow(log, position)
      else this.#parts.rooms.offeredInVain(room)
    }
    for (const room of this.#parts.rooms.notResumed((id) => Object.hasOwn(welcome.logs, roomLog(id)))) {
      this.#parts.rooms.left(0, room, 'forbidden')
      this.#parts.downlink.unfollow(roomLog(room))
    }
  }

  /** What became of a producer that was offered. */
  attached({ producer, fate }: Attached): void {
    if (fate === 'refused') return this.#refused(producer)
    producer.user = this.#parts.outbox.user
    if (fate === 'tail-lost') this.#parts.persistence?.tailLost(this.#parts.outbox, producer)
  }

  /** The server refused a producer: taken by another page, or another user's (rules 3, 15). */
  #refused(producer: Producer): void {
    if (producer.leftover) return this.#parts.persistence?.notOurs(this.#parts.outbox, producer)
    this.#parts.outbox.retire(
      producer,
      'producer_refused',
      'the server refused this client’s sequence of messages',
    )
    this.#parts.emit({
      type: 'warning',
      code: 'producer_refused',
      message:
        'the server refused a sequence of messages of this client; another page or user owns it. Its unsettled messages ended as cancelled or unknown',
    })
  }

  /** Nobody inherits another's messages (rule 15): what was queued for the one before ends; the rest is this user's. */
  #belongTo(user: string, changed: boolean): void {
    const { outbox } = this.#parts
    outbox.user = user
    for (const producer of outbox.producers()) {
      if (producer.leftover) continue
      producer.user = user
      if (changed) outbox.retire(producer, 'user_changed', 'the connection now belongs to another user')
    }
  }

  #countConnect(): void {
    this.#parts.counters.connects++
    if (this.#parts.counters.connects > 1) this.#parts.counters.reconnects++
  }
}
