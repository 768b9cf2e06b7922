/**
 * The wire-tap on what servers say (I3, I5, I6, I7, I8).
 *
 * Owns: what may be said when, held against what the store committed and appended.
 */
import { FrameType, type ProducerState, type Welcome } from '../../src/protocol/frames.js'
import { Violation } from '../../src/testing/simulation/index.js'
import type { Batch, Frame, Lane, LinkBook, Position } from './books-link.js'
import type { WireLedger } from './books-ledger.js'
import { isForOthers, type LogTruth } from './books-logs.js'
import { checkRefused } from './books-owners.js'
import type { ProducerBook } from './books-producers.js'

export class DownlinkBook {
  readonly #truth: LogTruth
  readonly #producers: ProducerBook
  readonly #ledger: WireLedger
  readonly #sometimes: (situation: string) => void
  readonly #maxInFlight: number

  constructor(
    truth: LogTruth,
    producers: ProducerBook,
    ledger: WireLedger,
    sometimes: (situation: string) => void,
    maxInFlight = Number.POSITIVE_INFINITY,
  ) {
    this.#maxInFlight = maxInFlight
    this.#truth = truth
    this.#producers = producers
    this.#ledger = ledger
    this.#sometimes = sometimes
  }

  sent(link: LinkBook, batch: Batch): void {
    const entries = batch.frames.filter((frame) => frame[0] === FrameType.ENTRY && isCounted(frame)).length
    if (entries > 0) this.#countBytes(link, batch)
    for (const frame of batch.frames) this.#frame(link, frame)
  }

  #frame(link: LinkBook, frame: Frame): void {
    switch (frame[0]) {
      case FrameType.WELCOME:
        return this.#welcome(link, frame[1] as Welcome)
      case FrameType.ATTACHED:
        return this.#attached(link, frame[1] as number, (frame[2] ?? null) as ProducerState | null)
      case FrameType.ACCEPTED:
        return this.#accepted(link, frame[1] as number, frame[2] as number)
      case FrameType.REJECTED:
        return this.#rejected(link, frame[1] as number, frame[2] as number)
      case FrameType.ENTRY:
        return this.#entry(link, frame)
      case FrameType.SKIP:
        return this.#skip(link, frame[1] as string, frame[2] as number)
      case FrameType.GAP:
        return this.#gap(link, frame)
      case FrameType.JOINED:
        link.logs.set(`room/${frame[2] as string}`, { epoch: frame[3] as string, offset: frame[4] as number })
        return
      case FrameType.LEFT:
        link.logs.delete(`room/${frame[2] as string}`)
        return
      default:
    }
  }

  #welcome(link: LinkBook, welcome: Welcome): void {
    link.welcome = welcome
    for (const [log, [epoch, offset]] of Object.entries(welcome.logs)) {
      link.logs.set(log, { epoch, offset })
      const offered = link.hello?.cursors[log]
      if (offered !== undefined && offered[0] === epoch && offered[1] !== offset) {
        throw new Violation(
          'I5',
          `link ${link.id}: ${log} was offered at ${offered[1]}, WELCOME says ${offset}`,
        )
      }
    }
    for (const [index, state] of welcome.producers.entries()) this.#attached(link, index, state)
  }

  #attached(link: LinkBook, index: number, state: ProducerState | null): void {
    const lane = this.#lane(link, index)
    lane.state = state
    if (state === null) return checkRefused(lane.offer, link, this.#producers)
    const { id, epoch, floor } = lane.offer
    const { last, held, refused } = state
    if (held < last || held - last > this.#maxInFlight)
      throw new Violation(
        'I7',
        `producer ${id}: committed is ${last}, in hand ${held}; the window ${this.#maxInFlight}`,
      )
    lane.ackSent = last
    for (const [seq] of refused) lane.told.add(seq)
    this.#checkAck(lane, state.epoch, last)
    if (state.epoch === epoch && last < lane.ackBefore) {
      throw new Violation('I8', `producer ${id} was acknowledged up to ${lane.ackBefore}, now up to ${last}`)
    }
    this.#checkRefusalsTold(link, lane, floor, last)
    if (epoch !== undefined && epoch !== state.epoch) this.#sometimes('a producer began a new epoch')
  }

  #accepted(link: LinkBook, index: number, seq: number): void {
    const lane = this.#lane(link, index)
    const { id } = lane.offer
    if (seq < lane.ackSent)
      throw new Violation('I8', `producer ${id}: acknowledged ${seq} after ${lane.ackSent}`)
    const { written } = this.#ledger.producer(id)
    if (seq > Math.max(written, lane.offer.written)) {
      throw new Violation('I8', `producer ${id}: acknowledged ${seq}, written is ${written}`)
    }
    this.#checkAck(lane, lane.state?.epoch ?? '', seq)
    this.#checkRefusalsTold(link, lane, lane.ackSent, seq)
    lane.ackSent = seq
  }

  /** What is acknowledged is committed. */
  #checkAck(lane: Lane, epoch: string, seq: number): void {
    const { id, floor } = lane.offer
    const committed = this.#producers.committed(id, epoch)
    if (seq > Math.max(committed, lane.state?.epoch === epoch ? 0 : floor)) {
      throw new Violation('I8', `producer ${id}: acknowledged ${seq}, committed is ${committed}`)
    }
    this.#ledger.acknowledged(id, epoch, seq)
  }

  #rejected(link: LinkBook, index: number, seq: number): void {
    const lane = this.#lane(link, index)
    lane.told.add(seq)
    if (!this.#producers.refused(lane.offer.id, lane.state?.epoch ?? '').has(seq)) {
      throw new Violation('I3', `${lane.offer.id}.${seq} is said to be rejected, and was not committed so`)
    }
  }

  #checkRefusalsTold(link: LinkBook, lane: Lane, after: number, upTo: number): void {
    const { id } = lane.offer
    const window = link.welcome?.window.messages ?? 0
    for (const seq of this.#producers.refused(id, lane.state?.epoch ?? '')) {
      if (seq <= after || seq > upTo || seq <= upTo - window || lane.told.has(seq)) continue
      throw new Violation('I3', `${id}.${seq} was refused, and is acknowledged without a word of it`)
    }
  }

  #entry(link: LinkBook, frame: Frame): void {
    const [, log, offset] = frame as readonly [number, string, number]
    const position = this.#position(link, log, `entry ${offset}`)
    const place = `link ${link.id}: ${log}/${position.epoch}`
    if (offset !== position.offset + 1)
      throw new Violation('I5', `${place}: entry ${offset} was sent after ${position.offset}`)
    const truth = this.#truth.at(log, position.epoch, offset)
    const { id } = frame[5] as { id: string }
    if (truth?.id !== id) throw new Violation('I6', `${place}@${offset} is ${truth?.id}, sent was ${id}`)
    if (isForOthers(truth, link.reading())) throw new Violation('I5', `${place}@${offset} is for others`)
    position.offset = offset
    if (!isCounted(frame)) return
    const size = link.hello?.window.messages ?? 0
    const open = link.entriesSent - link.handledArrived.messages
    if (open >= size)
      throw new Violation('I7', `${place}: an entry was sent with ${open} unhandled; the window is ${size}`)
    link.entriesSent++
    if (open + 1 === size) this.#sometimes('the window was full on the way down')
  }

  #countBytes(link: LinkBook, { bytes }: Batch): void {
    const size = link.hello?.window.bytes ?? 0
    const open = link.bytesSent - link.handledArrived.bytes
    if (open >= size)
      throw new Violation('I7', `link ${link.id}: ${open} bytes are unhandled; the window is ${size}`)
    link.bytesSent += bytes
  }

  #skip(link: LinkBook, log: string, to: number): void {
    const position = this.#position(link, log, `SKIP to ${to}`)
    for (let offset = position.offset + 1; offset <= to; offset++) {
      const truth = this.#truth.at(log, position.epoch, offset)
      if (truth === undefined || !isForOthers(truth, link.reading())) {
        throw new Violation('I5', `link ${link.id}: ${log}@${offset} was skipped, and is for this reader`)
      }
    }
    position.offset = Math.max(position.offset, to)
    this.#sometimes('an entry for others was skipped')
  }

  #gap(link: LinkBook, frame: Frame): void {
    const [, log, epoch, from, to, why] = frame as readonly [
      number,
      string,
      string,
      number,
      number | null,
      string,
    ]
    const position = this.#position(link, log, `GAP from ${from}`)
    if (to === null) {
      position.epoch = epoch
      position.offset = 0
      return
    }
    if (from !== position.offset + 1 || epoch !== position.epoch) {
      throw new Violation(
        'I5',
        `link ${link.id}: ${log}: GAP from ${from} of ${epoch} at ${position.offset} of ${position.epoch}`,
      )
    }
    if (why === 'history') this.#truth.checkTrimmed(log, epoch, to)
    position.offset = to
  }

  #position(link: LinkBook, log: string, what: string): Position {
    const position = link.logs.get(log)
    if (position === undefined)
      throw new Violation('I5', `link ${link.id}: ${what} of ${log}, which it does not follow`)
    return position
  }

  #lane(link: LinkBook, index: number): Lane {
    const lane = link.lanes[index]
    if (lane === undefined)
      throw new Violation(
        'I8',
        `link ${link.id}: the server names producer ${index}, which was never offered`,
      )
    return lane
  }
}

/** Replies go beside the window. */
export function isCounted(frame: Frame): boolean {
  return !(frame[1] as string).startsWith('replies/')
}
