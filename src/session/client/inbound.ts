/**
 * From the wire: each frame to the part that it is for.
 *
 * Owns: which frames may come when, and what a violation of the protocol does.
 * Does not own: what a frame means; that is the parts'.
 */
import { CloseCode } from '../../protocol/close-codes.js'
import type { Encoded } from '../../protocol/codec.js'
import { isSurewireError, ProtocolError } from '../../protocol/errors.js'
import {
  type AwayFrame,
  type ByeFrame,
  type EntryFrame,
  type FailFrame,
  FrameType,
  type GapFrame,
  type ServerFrame,
  type VolatileFrame,
  type WelcomeFrame,
} from '../../protocol/frames.js'
import { roomLog, roomOf } from '../../protocol/logs.js'
import { unreachable } from '../../protocol/machine.js'
import { parseServerFrame } from '../../protocol/parse.js'
import type { BatchTicket } from '../../delivery/receive-window.js'
import type { SessionParts } from './parts.js'
import type { Welcoming } from './welcoming.js'
import type { Wire } from './wire.js'

/** Entries go another way. */
type ControlFrame = Exclude<ServerFrame, EntryFrame>
/** What may come after the welcome only. */
type LiveFrame = Exclude<ControlFrame, WelcomeFrame | AwayFrame | FailFrame | ByeFrame>

export class Inbound {
  readonly #parts: SessionParts
  readonly #wire: Wire
  readonly #welcoming: Welcoming
  /** A gap in the replies log came in the message that is being read. */
  #repliesLost = false
  #now = 0

  constructor(parts: SessionParts, wire: Wire, welcoming: Welcoming) {
    this.#parts = parts
    this.#wire = wire
    this.#welcoming = welcoming
  }

  /** One message of the wire. */
  received(dial: number, data: Encoded, now: number): void {
    this.#now = now
    if (!this.#isCurrent(dial)) return
    this.#parts.connection.handle({ type: 'received', dial }, now)
    const bytes = this.#parts.serializer.size(data)
    this.#parts.counters.bytesReceived += bytes
    try {
      this.#takeFrames(this.#wire.incoming(data), bytes)
    } catch (error) {
      this.#violation(error, now)
    }
  }

  /** Time has passed: what the translator says by itself, which may be that the server did not answer it. */
  tick(now: number): void {
    this.#now = now
    try {
      this.#takeFrames(this.#wire.tick(now), 0)
    } catch (error) {
      this.#violation(error, now)
    }
  }

  #isCurrent(dial: number): boolean {
    const { state } = this.#parts.connection
    return (state.name === 'handshaking' || state.name === 'live') && state.dial === dial
  }

  #violation(error: unknown, now: number): void {
    const known = isSurewireError(error)
    const violation = known
      ? error
      : new ProtocolError('the server sent something that cannot be read', {
          code: 'malformed',
          cause: error,
        })
    const closeCode = violation instanceof ProtocolError ? violation.closeCode : CloseCode.PROTOCOL_ERROR
    this.#parts.connection.handle({ type: 'violation', error: violation, closeCode }, now)
  }

  /** Frames of one message, in order. */
  #takeFrames(frames: readonly unknown[], bytes: number): void {
    let ticket: BatchTicket | null = null
    for (const raw of frames) {
      const frame = parseServerFrame(raw)
      if (frame === null) continue
      if (frame[0] === FrameType.ENTRY) ticket = this.#takeEntry(frame, ticket, bytes)
      else this.#take(frame)
    }
    if (ticket !== null) this.#parts.downlink.closeBatch(ticket)
    this.#parts.rooms.settleJoins()
    // Not before: the log that began anew may have brought replies already.
    if (this.#repliesLost)
      this.#parts.requests.loseReplies('the server no longer has the reply to this request')
    this.#repliesLost = false
  }

  #takeEntry(frame: EntryFrame, ticket: BatchTicket | null, bytes: number): BatchTicket | null {
    this.#mustBeLive(frame)
    const meta = frame[5]
    if (frame[1] === this.#parts.handshake.repliesLog) {
      if (this.#parts.downlink.reply(frame))
        this.#parts.requests.reply(meta.re ?? '', frame[4], meta.error === true)
      return ticket
    }
    const open = ticket ?? this.#parts.downlink.openBatch(bytes)
    this.#parts.downlink.entry(frame, open)
    return open
  }

  /** Only WELCOME, FAIL, BYE and AWAY may come before the welcome. */
  #mustBeLive(frame: ServerFrame): void {
    if (this.#parts.connection.state.name === 'live') return
    throw new ProtocolError(`frame ${frame[0]} came before WELCOME`, { code: 'unexpected_frame' })
  }

  #take(frame: ControlFrame): void {
    switch (frame[0]) {
      case FrameType.WELCOME:
        return this.#welcoming.welcomed(frame[1], this.#now)
      case FrameType.FAIL:
        return this.#parts.connection.handle({ type: 'fail', code: frame[1], message: frame[2] }, this.#now)
      case FrameType.BYE:
        return this.#parts.connection.handle({ type: 'bye' }, this.#now)
      case FrameType.AWAY:
        return this.#parts.connection.handle({ type: 'away', notice: frame[1] }, this.#now)
      default:
        this.#mustBeLive(frame)
        return this.#takeLive(frame)
    }
  }

  #takeLive(frame: LiveFrame): void {
    switch (frame[0]) {
      case FrameType.ACCEPTED:
        return this.#parts.uplink.accepted(frame[1], frame[2], this.#now)
      case FrameType.REJECTED:
        return this.#parts.uplink.rejected(frame[1], frame[2], frame[3], frame[4])
      case FrameType.ATTACHED:
        this.#welcoming.attached(this.#parts.uplink.attached(frame[1], frame[2]))
        return this.#parts.persistence?.attached(this.#parts.outbox)
      case FrameType.SKIP:
        return this.#parts.downlink.skip(frame)
      case FrameType.GAP:
        return this.#gap(frame)
      case FrameType.JOINED:
        if (this.#parts.rooms.joined(frame[1], frame[2], [frame[3], frame[4]], frame[5] ?? [])) {
          this.#parts.downlink.followFrom(roomLog(frame[2]), [frame[3], frame[4]])
        }
        return
      case FrameType.LEFT:
        if (this.#parts.rooms.left(frame[1], frame[2], frame[3]))
          this.#parts.downlink.unfollow(roomLog(frame[2]))
        return
      case FrameType.VOLATILE:
        return this.#volatile(frame)
      case FrameType.PRESENCE:
        return this.#parts.rooms.presence(frame)
      case FrameType.PING:
        this.#wire.push([FrameType.PONG, frame[1]])
        return
      case FrameType.PONG:
        this.#parts.roundTrip.add(Math.max(0, this.#now - frame[1]))
        return
      case FrameType.AUTHED:
        return this.#parts.handshake.authenticated(frame[1])
      default:
        return unreachable(frame)
    }
  }

  #gap(frame: GapFrame): void {
    const log = frame[1]
    if (!this.#parts.downlink.gap(frame)) return
    const room = roomOf(log)
    if (room !== null) this.#parts.rooms.notRecovered(room)
    if (log === this.#parts.handshake.repliesLog) this.#repliesLost = true
  }

  #volatile([, room, type, data, from]: VolatileFrame): void {
    if (room !== null && !this.#parts.rooms.follows(room)) return
    this.#parts.counters.messagesReceived++
    this.#parts.emit({
      type: 'deliver-volatile',
      message: { id: '', type, data, room, from: from ?? null, offset: null, sentAt: 0, redelivered: false },
    })
  }
}
