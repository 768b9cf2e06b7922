/**
 * The way down: from log entries to deliveries.
 *
 * Owns: a reader for every log this client follows, the receive window, and the order of offsets (rules 8, 9, 11).
 * Does not own: running handlers, or which rooms should be followed (rooms.ts).
 */
import { ProtocolError } from '../../protocol/errors.js'
import type {
  EntryFrame,
  GapFrame,
  LogPosition,
  LogPositions,
  SkipFrame,
  Window,
} from '../../protocol/frames.js'
import { roomOf } from '../../protocol/logs.js'
import type { Sink } from '../../protocol/machine.js'
import type { Message } from '../../protocol/messages.js'
import { LogReader } from '../../delivery/reader.js'
import { type BatchTicket, ReceiveWindow } from '../../delivery/receive-window.js'
import type { Delivery, SessionCounters, SessionEffect } from './inputs.js'

export class Downlink {
  readonly #readers = new Map<string, LogReader>()
  /** Last readers of rooms that the server ended: what came before may still wait for its handlers. */
  #unfollowed: Map<string, LogReader> | null = null
  readonly #window: ReceiveWindow
  readonly #counters: SessionCounters
  readonly #emit: Sink<SessionEffect>

  constructor(window: Window, counters: SessionCounters, emit: Sink<SessionEffect>) {
    this.#window = new ReceiveWindow(window)
    this.#counters = counters
    this.#emit = emit
  }

  get window(): Window {
    return this.#window.window
  }

  /** Cursors for HELLO. */
  positions(): LogPositions {
    return Object.fromEntries([...this.#readers.values()].map((reader) => [reader.log, reader.position]))
  }

  reader(log: string): LogReader | null {
    return this.#readers.get(log) ?? null
  }

  /** A connection begins: windows count from nothing. */
  start(dial: number): void {
    this.#window.start(dial)
  }

  /** Follows a log that the server names; a reader that is there keeps its own cursor until a GAP moves it. */
  follow(log: string, position: LogPosition): void {
    if (!this.#readers.has(log)) this.#readers.set(log, new LogReader(log, position))
  }

  /** Follows a log from this position, wherever it stood before. */
  followFrom(log: string, position: LogPosition): void {
    this.#readers.set(log, new LogReader(log, position))
  }

  unfollow(log: string): void {
    const reader = this.#readers.get(log)
    if (reader === undefined) return
    this.#readers.delete(log)
    if (roomOf(log) === null) return
    this.#unfollowed ??= new Map()
    this.#unfollowed.set(log, reader)
  }

  /** The application turns away from a log: what it has not handled yet is dropped. */
  abandon(log: string): void {
    for (const readers of [this.#readers, this.#unfollowed]) {
      const reader = readers?.get(log)
      if (reader !== undefined) reader.abandoned = true
      readers?.delete(log)
    }
  }

  /** A log that can never be read again, such as that of an ended session. */
  end(log: string, why: string): void {
    const reader = this.#readers.get(log)
    if (reader === undefined) return
    this.#readers.delete(log)
    const [epoch, offset] = reader.position
    this.#announceGap(reader, epoch, { from: offset + 1, to: null }, why)
  }

  logs(): string[] {
    return [...this.#readers.keys()]
  }

  /** A batch of `bytes` that holds entries. */
  openBatch(bytes: number): BatchTicket {
    return this.#window.open(bytes)
  }

  closeBatch(ticket: BatchTicket): void {
    this.#window.release(ticket)
  }

  /** Takes an entry for handlers. */
  entry(frame: EntryFrame, ticket: BatchTicket): void {
    const [, log, offset, type, data, meta] = frame
    ticket.remaining++
    const reader = this.#readerFor(log)
    if (reader === null || !reader.entry(offset)) {
      if (reader !== null) this.#counters.duplicatesDropped++
      this.#window.handled(ticket)
      return
    }
    this.#counters.messagesReceived++
    const message: Message = {
      id: meta.id,
      type,
      data,
      room: roomOf(log),
      from: meta.from ?? null,
      offset,
      sentAt: meta.at,
      redelivered: meta.redelivered ?? false,
    }
    this.#emit({ type: 'deliver', delivery: { log, reader, epoch: reader.epoch, offset, ticket, message } })
  }

  /** Takes an entry of the replies log; `false`: seen before. */
  reply(frame: EntryFrame): boolean {
    return this.#readerFor(frame[1])?.entry(frame[2]) === true
  }

  skip([, log, to]: SkipFrame): void {
    this.#readerFor(log)?.skip(to)
  }

  /** Takes a gap; `true` if something is missing for this client. */
  gap([, log, epoch, from, to, why]: GapFrame): boolean {
    const reader = this.#readerFor(log)
    const missing = reader?.gap(epoch, from, to) ?? null
    if (reader === null || missing === null) return false
    this.#announceGap(reader, epoch, missing, why)
    return true
  }

  /** The handlers of a delivery are done. */
  handled(delivery: Delivery): void {
    this.#window.handled(delivery.ticket)
    delivery.reader.markHandled(delivery.epoch, delivery.offset)
  }

  /** Totals for HANDLED, when they are worth a frame. */
  report(): [messages: number, bytes: number] | null {
    return this.#window.report()
  }

  /** `null` for a room that was left: what is still under way is nobody's. */
  #readerFor(log: string): LogReader | null {
    const reader = this.#readers.get(log)
    if (reader !== undefined) return reader
    if (roomOf(log) !== null) return null
    throw new ProtocolError(`the server sent something of log ${log}, which this client doesn't follow`, {
      code: 'unknown_log',
    })
  }

  #announceGap(
    reader: LogReader,
    epoch: string,
    range: { from: number; to: number | null },
    why: string,
  ): void {
    const { log } = reader
    this.#counters.gaps++
    this.#emit({ type: 'gap', gap: { room: roomOf(log), log, epoch, ...range, why }, reader })
  }
}
