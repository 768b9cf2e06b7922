/**
 * The inbox: every byte that clients send comes through here.
 *
 * Owns: decoding, the size of batches, which frames are allowed when, what ends a connection that breaks the rules
 * (rule 13).
 * Does not own: what a frame does; that is the part named after it.
 */
import { CloseCode } from '../../protocol/close-codes.js'
import type { Encoded } from '../../protocol/codec.js'
import { ProtocolError } from '../../protocol/errors.js'
import { type ClientFrame, FrameType, type HandledFrame, type VolatileFrame } from '../../protocol/frames.js'
import { unreachable } from '../../protocol/machine.js'
import { parseClientFrame } from '../../protocol/parse.js'
import type { Acceptance } from './acceptance.js'
import type { Connections } from './connections.js'
import type { Handshake } from './handshake.js'
import type { Kernel } from './kernel.js'
import { type Connection, type Peer, peerOf, type Phase } from './model.js'
import type { Presence } from './presence.js'
import { decode, producerFor, type Reading, tooLarge, use } from './reading.js'
import type { Requests } from './requests.js'
import type { Rooms } from './rooms.js'
import type { SideFrames } from './side-frames.js'
import type { Volatiles } from './volatiles.js'

export interface InboxParts {
  readonly handshake: Handshake
  readonly acceptance: Acceptance
  readonly requests: Requests
  readonly rooms: Rooms
  readonly presence: Presence
  readonly volatiles: Volatiles
  readonly side: SideFrames
}

export class Inbox {
  readonly #kernel: Kernel
  readonly #connections: Connections
  readonly #parts: InboxParts

  constructor(kernel: Kernel, connections: Connections, parts: InboxParts) {
    this.#kernel = kernel
    this.#connections = connections
    this.#parts = parts
  }

  received(connection: Connection, data: Encoded, bytes: number): void {
    connection.lastReceived = this.#kernel.now
    this.#kernel.counters.bytesIn += bytes
    try {
      this.#read(connection, data, bytes)
    } catch (error) {
      this.#refuse(connection, error)
    }
  }

  #read(connection: Connection, data: Encoded, bytes: number): void {
    const { limits } = this.#kernel
    const limit = connection.phase.is === 'waiting' ? limits.maxHelloBytes : limits.maxFrameBytes
    if (bytes > limit) throw tooLarge(bytes, limit)
    const batch = decode(connection, data)
    const reading: Reading = { using: peerOf(connection)?.producers[0] ?? null, used: true, last: null }
    if (batch.length === 0) this.#charge(connection)
    for (const element of batch) {
      const { phase } = connection
      if (phase.is === 'closed') return
      const frame = parseClientFrame(element)
      if (frame === null) this.#charge(connection)
      else this.#frame(connection, phase, reading, frame)
    }
    const peer = peerOf(connection)
    if (peer === null) return
    if (!reading.used) this.#charge(connection)
    const { last } = reading
    if (last !== null) this.#parts.acceptance.countBatch(peer, last.producer, last.seq, bytes)
  }

  #frame(
    connection: Connection,
    phase: Exclude<Phase, { is: 'closed' }>,
    reading: Reading,
    frame: ClientFrame,
  ): void {
    switch (phase.is) {
      case 'live':
        this.#live(phase.peer, reading, frame)
        return
      case 'waiting':
        if (frame[0] === FrameType.HELLO) this.#parts.handshake.hello(connection, phase, frame[1])
        else this.#early(connection, frame)
        return
      case 'greeting':
        this.#early(connection, frame)
        return
      default:
        unreachable(phase)
    }
  }

  /** Before WELCOME a client can only give up. */
  #early(connection: Connection, frame: ClientFrame): void {
    if (frame[0] !== FrameType.BYE) {
      throw new ProtocolError(`frame type ${frame[0]} came before WELCOME`, { code: 'too_early' })
    }
    this.#connections.end(connection, { code: CloseCode.NORMAL, reason: 'bye' })
  }

  #live(peer: Peer, reading: Reading, frame: ClientFrame): void {
    const { acceptance, requests } = this.#parts
    switch (frame[0]) {
      case FrameType.SEND: {
        const producer = producerFor(reading, 'messages')
        reading.last = { producer, seq: frame[1] }
        reading.used = true
        if (frame[1] <= producer.held) this.#charge(peer.connection)
        acceptance.send(peer, producer, frame)
        return
      }
      case FrameType.REQUEST: {
        const producer = producerFor(reading, 'requests')
        reading.last = { producer, seq: frame[1] }
        reading.used = true
        if (frame[1] <= producer.held) this.#charge(peer.connection)
        requests.receive(peer, producer, frame)
        return
      }
      case FrameType.USE:
        if (!reading.used) this.#charge(peer.connection)
        reading.used = false
        reading.using = use(peer, frame[1])
        return
      case FrameType.HANDLED:
        this.#handled(peer, frame)
        return
      default:
        if (frame[0] === FrameType.VOLATILE) this.#volatile(peer, frame)
        else {
          this.#charge(peer.connection)
          this.#control(peer, reading, frame)
        }
    }
  }

  /** What no window bounds: control frames, and frames that say nothing new. */
  #charge(connection: Connection): void {
    if (!this.#connections.allow(connection)) throw this.#tooMany()
  }

  #volatile(peer: Peer, frame: VolatileFrame): void {
    const allowed = this.#connections.allowVolatile(peer.connection)
    if (allowed === 'excess') throw this.#tooMany()
    if (allowed === 'pass') this.#parts.volatiles.receive(peer, frame)
  }

  #tooMany(): ProtocolError {
    const { controlFramesPerSecond } = this.#kernel.limits
    // 1013, try again later: no credentials were refused, so nothing that a client should stop for.
    return new ProtocolError(`more than ${controlFramesPerSecond} control frames a second`, {
      code: 'too_many_frames',
      closeCode: 1013,
    })
  }

  #control(peer: Peer, reading: Reading, frame: Exclude<ClientFrame, { 0: 5 | 6 | 7 | 15 | 20 }>): void {
    const { acceptance, requests, rooms, presence, side } = this.#parts
    switch (frame[0]) {
      case FrameType.VOID: {
        const producer = producerFor(reading, null)
        acceptance.void(producer, frame)
        if (producer.kind === 'messages') acceptance.advance(producer)
        else requests.advance(producer)
        return
      }
      case FrameType.CANCEL:
        requests.cancel(producerFor(reading, 'requests'), frame[1])
        return
      case FrameType.ATTACH:
        side.attach(peer, frame)
        return
      case FrameType.JOIN:
        rooms.join(peer, frame)
        return
      case FrameType.LEAVE:
        rooms.leave(peer, frame)
        return
      case FrameType.PRESENCE:
        presence.received(peer, frame)
        return
      case FrameType.PING:
        this.#connections.say(peer.connection, [FrameType.PONG, frame[1]])
        return
      case FrameType.PONG:
        return
      case FrameType.AUTH:
        side.auth(peer, frame)
        return
      case FrameType.BYE:
        side.bye(peer)
        return
      case FrameType.HELLO:
        throw new ProtocolError('HELLO came twice', { code: 'second_hello' })
      default:
        unreachable(frame)
    }
  }

  /** Counts only grow, and never beyond what was sent (rule 12). */
  #handled(peer: Peer, [, messages, bytes]: HandledFrame): void {
    const { sent, handled } = peer
    if (
      messages > sent.messages ||
      bytes > sent.bytes ||
      messages < handled.messages ||
      bytes < handled.bytes
    ) {
      throw new ProtocolError(
        `HANDLED ${messages} messages and ${bytes} bytes, but ${sent.messages} and ${sent.bytes} were sent`,
        { code: 'handled_unsent' },
      )
    }
    if (messages === handled.messages && bytes === handled.bytes) this.#charge(peer.connection)
    handled.messages = messages
    handled.bytes = bytes
    this.#connections.dirty.add(peer.connection)
  }

  #refuse(connection: Connection, error: unknown): void {
    if (error instanceof ProtocolError) {
      this.#kernel.counters.protocolErrors++
      const { code, message, closeCode } = error
      this.#connections.end(connection, { code: closeCode, reason: code, say: { code, message } })
      return
    }
    // Ours, not the client's: one connection ends instead of the process.
    this.#kernel.log('error', 'defect while reading from a client', { connection: connection.id, error })
    this.#connections.end(connection, { code: 1011, reason: 'internal error' })
  }
}
