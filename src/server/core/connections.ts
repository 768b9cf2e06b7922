/**
 * The open connections: their opening, what is said to them, their end.
 *
 * Owns: the map of connections, which of them have something to write, how one is ended.
 * Does not own: what becomes of producers, followers and presence then (`onEnded`, server-core.ts), nor the order of
 * what is written (pump.ts).
 */
import { CloseCode } from '../../protocol/close-codes.js'
import type { Encoded, Serializer } from '../../protocol/codec.js'
import { FrameType, type ServerFrame } from '../../protocol/frames.js'
import { EntryFrames } from './entry-frames.js'
import type { Kernel } from './kernel.js'
import type { Connection, Phase } from './model.js'

/** Why a connection ends. `say`: what the client is told first, in FAIL. */
export interface Ending {
  readonly code: number
  readonly reason: string
  readonly say?: { readonly code: string; readonly message: string }
}

/** Close reasons travel in a frame of at most 123 bytes of UTF-8. */
const MAX_REASON_CHARACTERS = 40

/** A burst of so many seconds' worth of control frames is fine. */
const BURST_SECONDS = 5

/** So many times as many volatile messages are read and dropped before the connection ends. */
const DROPPED = 10

/** How soon a full socket is looked at again. */
const CONGESTION_CHECK_MS = 50

export class Connections {
  readonly all = new Map<number, Connection>()
  /** Those with something to write at the end of the turn. */
  readonly dirty = new Set<Connection>()
  readonly #kernel: Kernel
  readonly #onEnded: (connection: Connection, was: Phase) => void
  readonly #frames = new Map<Serializer, EntryFrames>()

  constructor(kernel: Kernel, onEnded: (connection: Connection, was: Phase) => void) {
    this.#kernel = kernel
    this.#onEnded = onEnded
  }

  open(id: number, serializer: Serializer): void {
    const { now, limits, deadlines } = this.#kernel
    const until = deadlines.arm(now + limits.helloMs, () =>
      this.end(connection, {
        code: CloseCode.TIMEOUT,
        reason: 'no HELLO in time',
        say: { code: 'hello_timeout', message: `no HELLO within ${limits.helloMs} ms` },
      }),
    )
    const connection: Connection = {
      id,
      serializer,
      frames: this.framesOf(serializer),
      phase: { is: 'waiting', until },
      out: [],
      lastReceived: now,
      lastSent: now,
      congested: null,
      allowance: limits.controlFramesPerSecond * BURST_SECONDS,
      droppable: limits.controlFramesPerSecond * BURST_SECONDS * DROPPED,
      refilledAt: now,
    }
    this.all.set(id, connection)
  }

  framesOf(serializer: Serializer): EntryFrames {
    const known = this.#frames.get(serializer)
    if (known !== undefined) return known
    const frames = new EntryFrames(serializer)
    this.#frames.set(serializer, frames)
    return frames
  }

  say(connection: Connection, frame: ServerFrame): void {
    if (connection.phase.is === 'closed') return
    const encoded = this.#encode(connection, frame)
    if (encoded !== null) this.sayEncoded(connection, encoded)
  }

  /** To a connection that is open. */
  sayEncoded(connection: Connection, encoded: Encoded): void {
    connection.out.push(encoded)
    this.dirty.add(connection)
  }

  /** Takes one control frame from the connection's allowance; `false`: it is used up. */
  allow(connection: Connection): boolean {
    this.#refill(connection)
    if (connection.allowance < 1) return false
    connection.allowance--
    return true
  }

  /**
   * Whether a volatile message may pass: those may be dropped, so they leave half of the allowance to the others. `excess`:
   * even reading what is dropped has its bound.
   */
  allowVolatile(connection: Connection): 'pass' | 'drop' | 'excess' {
    this.#refill(connection)
    const half = (this.#kernel.limits.controlFramesPerSecond * BURST_SECONDS) / 2
    if (connection.allowance >= half + 1) {
      connection.allowance--
      return 'pass'
    }
    if (connection.droppable < 1) return 'excess'
    connection.droppable--
    return 'drop'
  }

  #refill(connection: Connection): void {
    const { now, limits } = this.#kernel
    const perSecond = limits.controlFramesPerSecond
    const burst = perSecond * BURST_SECONDS
    const refill = ((now - connection.refilledAt) / 1_000) * perSecond
    connection.allowance = Math.min(burst, connection.allowance + refill)
    connection.droppable = Math.min(burst * DROPPED, connection.droppable + refill * DROPPED)
    connection.refilledAt = now
  }

  /** Says what is still to be said and closes. Nothing waits for the socket's own end. */
  end(connection: Connection, ending: Ending): void {
    const was = connection.phase
    if (was.is === 'closed') return
    if (ending.say !== undefined) {
      this.say(connection, [FrameType.FAIL, ending.say.code, ending.say.message])
      if (!this.all.has(connection.id)) return // Not even FAIL could be encoded, and that has ended it.
    }
    if (connection.out.length > 0) {
      const data = connection.serializer.batch(connection.out)
      this.#kernel.counters.bytesOut += connection.serializer.size(data)
      this.#kernel.emit({ type: 'send', connection: connection.id, data })
    }
    const reason = ending.reason.slice(0, MAX_REASON_CHARACTERS)
    this.#kernel.emit({ type: 'close', connection: connection.id, code: ending.code, reason })
    this.#forget(connection, was, ending)
  }

  /** The socket told how much it has not put on the wire. */
  buffered(connection: Connection, bytes: number): void {
    const { limits, deadlines, now } = this.#kernel
    deadlines.cancel(connection.congested)
    connection.congested = null
    if (bytes > limits.maxBufferedBytes) {
      this.end(connection, { code: CloseCode.TIMEOUT, reason: 'reads too slowly' })
    } else if (bytes > limits.highWaterBytes) {
      connection.congested = deadlines.arm(now + CONGESTION_CHECK_MS, () =>
        this.#kernel.emit({ type: 'measure', connection: connection.id }),
      )
    } else this.dirty.add(connection)
  }

  /** The socket ended by itself or by its client. */
  lost(connection: Connection, code: number, reason: string): void {
    this.#forget(connection, connection.phase, { code, reason })
  }

  #forget(connection: Connection, was: Phase, ending: Ending): void {
    const { deadlines } = this.#kernel
    if (was.is === 'waiting' || was.is === 'greeting') deadlines.cancel(was.until)
    deadlines.cancel(connection.congested)
    connection.phase = { is: 'closed' }
    connection.out = []
    this.all.delete(connection.id)
    this.dirty.delete(connection)
    this.#kernel.log(ending.say === undefined ? 'info' : 'warn', 'connection closed', {
      connection: connection.id,
      session: was.is === 'live' ? was.peer.session.id : null,
      code: ending.code,
      reason: ending.say?.message ?? ending.reason,
    })
    this.#onEnded(connection, was)
  }

  #encode(connection: Connection, frame: ServerFrame): Encoded | null {
    try {
      return connection.serializer.encode(frame)
    } catch (error) {
      const message = `a frame cannot be encoded; what the application gave to it is not plain data`
      this.#kernel.log('error', message, { connection: connection.id, frame: frame[0], error })
      this.end(connection, { code: 1011, reason: 'cannot be encoded' })
      return null
    }
  }
}
