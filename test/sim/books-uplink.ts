/**
 * The wire-tap on what clients write (I1, I3, I4, I7, I8, I9).
 *
 * Owns: what may be written when, by what the same client was told on the wire.
 */
import { FrameType, type Hello, type ProducerOffer } from '../../src/protocol/frames.js'
import { Violation } from '../../src/testing/simulation/index.js'
import type { Batch, CountedBatch, Frame, Lane, LinkBook, Position } from './books-link.js'
import type { MessageBook, SentMessage } from './books-messages.js'
import type { WireLedger } from './books-ledger.js'
import { checkLeftovers, situationOfDraining } from './books-leftovers.js'
import { checkOwner } from './books-owners.js'
import type { ProducerBook } from './books-producers.js'

type Seq = number

export class UplinkBook {
  readonly #messages: MessageBook
  readonly #ledger: WireLedger
  readonly #producers: ProducerBook
  readonly #sometimes: (situation: string) => void

  constructor(
    messages: MessageBook,
    producers: ProducerBook,
    ledger: WireLedger,
    sometimes: (situation: string) => void,
  ) {
    this.#producers = producers
    this.#messages = messages
    this.#ledger = ledger
    this.#sometimes = sometimes
  }

  sent(link: LinkBook, batch: Batch): void {
    let using = 0
    let last: CountedBatch | null = null
    for (const frame of batch.frames) {
      switch (frame[0]) {
        case FrameType.HELLO:
          this.#hello(link, frame[1] as Hello)
          break
        case FrameType.ATTACH:
          this.#attach(link, frame[1] as number, frame[2] as ProducerOffer)
          break
        case FrameType.USE:
          using = frame[1] as number
          break
        case FrameType.SEND:
        case FrameType.REQUEST:
          last = { bytes: batch.bytes, lane: this.#number(link, using, frame), seq: frame[1] as Seq }
          break
        case FrameType.VOID:
          this.#void(link, using, frame[1] as Seq, frame[2] as Seq)
          break
        case FrameType.HANDLED:
          this.#handled(link, frame[1] as number, frame[2] as number)
          break
        case FrameType.JOIN:
          this.#ledger.joined(link.owner.name, frame[2] as string)
          break
        default:
      }
    }
    if (last !== null) this.#countBytes(link, last)
  }

  #hello(link: LinkBook, hello: Hello): void {
    link.hello = hello
    for (const offer of hello.producers) this.#offer(link, offer)
    const { session } = hello
    if (session !== undefined) {
      this.#ledger.raise(`session ${session.id}`, session.attach)
    }
    for (const [log, [epoch, offset]] of Object.entries(hello.cursors)) {
      this.#ledger.cursor(link.owner.name, log, { epoch, offset } satisfies Position)
    }
  }

  #attach(link: LinkBook, index: number, offer: ProducerOffer): void {
    if (index !== link.lanes.length) throw new Violation('I9', `link ${link.id}: ATTACH at index ${index}`)
    this.#offer(link, offer)
  }

  #offer(link: LinkBook, offer: ProducerOffer): void {
    const { id, attach, floor, written, epoch } = offer
    if (!link.owner.doubtful) this.#ledger.raise(`producer ${id}`, attach)
    if (written < floor)
      throw new Violation('I8', `producer ${id} is offered with floor ${floor} above written ${written}`)
    const known = this.#ledger.producer(id, link.owner.name)
    const before = known.page === link.owner.name ? known.written : known.sent
    if (written < before && !link.owner.doubtful && !link.owner.lostTail(id)) {
      throw new Violation(
        'I8',
        `producer ${id} is offered as written up to ${written}; it was up to ${before}`,
      )
    }
    link.lanes.push({
      offer,
      index: link.lanes.length,
      state: undefined,
      ackSent: 0,
      ackArrived: 0,
      written: 0,
      told: new Set(),
      ackBefore: epoch === undefined ? 0 : this.#ledger.acked(id, epoch),
    })
  }

  #number(link: LinkBook, using: number, frame: Frame): Lane {
    const seq = frame[1] as Seq
    const lane = this.#laneOf(link, using, seq)
    const { state, offer } = lane
    const id = `${offer.id}.${seq}`
    if (state === undefined || state === null)
      throw new Violation('I9', `${id} was written before its producer was attached`)
    if (seq <= state.held) {
      throw new Violation(
        'I1',
        `${id} was written again; the server had said that it holds up to ${state.held}`,
      )
    }
    const isSend = frame[0] === FrameType.SEND
    const { tag } = (isSend ? frame[4] : frame[3]) as { tag: number }
    const message = isSend ? this.#messages.get(id) : this.#messages.asked(id, tag, link.owner.name)
    if (message === undefined) throw new Violation('I4', `${id} was written, and nobody sent it`)
    if (tag !== message.tag) throw new Violation('I4', `${id} was written with the data of another message`)
    if (message.kind === 'message' && message.outcome === null) checkStored(link, lane, id)
    checkHole(lane, seq)
    checkOwner(message, link)
    checkLeftovers(link, this.#messages, message)
    this.#checkWindow(link, lane, seq)
    if (message.page !== link.owner.name) this.#sometimes(situationOfDraining(message))
    const known = this.#ledger.producer(offer.id)
    if (seq <= known.written) this.#sometimes('a message was written again')
    // What a closing socket took in silence the tap has not seen, but its client offers as written.
    this.#checkOrder(link, lane, message, seq <= Math.max(known.written, offer.written))
    if (!isSend) message.after = sendsBefore(link, this.#producers)
    known.written = Math.max(known.written, seq)
    known.sent = Math.max(known.sent, seq)
    lane.written = Math.max(lane.written, seq)
    message.written(state.epoch)
    return lane
  }

  /** What was written before comes first, as it was sent; then what is fresh (rule 4). */
  #checkOrder(link: LinkBook, lane: Lane, { id, tag, page }: SentMessage, again: boolean): void {
    if (page !== link.owner.name || lane.index >= (link.hello?.producers.length ?? 0)) return
    if (!again) {
      link.fresh = true
      return
    }
    if (link.fresh) throw new Violation('I2', `${id} was written again after something fresh`)
    if (tag < link.resent) throw new Violation('I2', `${id} was written again after what had been sent later`)
    link.resent = tag
  }

  #laneOf(link: LinkBook, using: number, seq: Seq): Lane {
    const lane = link.lanes[using]
    if (lane === undefined)
      throw new Violation(
        'I9',
        `link ${link.id}: number ${seq} in producer ${using}, which was never offered`,
      )
    return lane
  }

  #checkWindow(link: LinkBook, lane: Lane, seq: Seq): void {
    const size = link.welcome?.window.messages ?? 0
    const acknowledged = Math.max(lane.ackArrived, lane.state?.last ?? 0)
    if (seq > acknowledged + size) {
      throw new Violation(
        'I7',
        `link ${link.id}: number ${seq} was written; acknowledged is ${acknowledged}, the window ${size}`,
      )
    }
    if (seq === acknowledged + size) this.#sometimes('the window was full on the way up')
  }

  #countBytes(link: LinkBook, counted: CountedBatch): void {
    const size = link.welcome?.window.bytes ?? 0
    link.unacknowledged = link.unacknowledged.filter(
      ({ lane, seq }) => seq > Math.max(lane.ackArrived, lane.state?.last ?? 0),
    )
    const sum = link.unacknowledged.reduce((bytes, batch) => bytes + batch.bytes, counted.bytes)
    if (link.unacknowledged.length > 0 && sum > size) {
      throw new Violation('I7', `link ${link.id}: ${sum} bytes are unacknowledged; the window is ${size}`)
    }
    link.unacknowledged.push(counted)
  }

  #void(link: LinkBook, using: number, from: Seq, to: Seq): void {
    const lane = this.#laneOf(link, using, from)
    const known = this.#ledger.producer(lane.offer.id)
    checkHole(lane, from)
    if (lane.state != null && to <= lane.state.held && lane.state.held > 0) {
      throw new Violation(
        'I4',
        `${from} to ${to} of ${lane.offer.id} were declared void; the server holds up to ${lane.state.held}`,
      )
    }
    known.written = Math.max(known.written, to)
    lane.written = Math.max(lane.written, to)
    for (let seq = Math.max(from, (lane.state?.held ?? 0) + 1); seq <= to; seq++) {
      const message = this.#messages.get(`${lane.offer.id}.${seq}`)
      if (message === undefined) continue
      message.voided = true
      this.#messages.voided(message, link.owner.name, () => link.owner.alive)
    }
  }

  #handled(link: LinkBook, messages: number, bytes: number): void {
    const { handled, entriesArrived, running } = link
    if (messages < handled.messages || bytes < handled.bytes) {
      throw new Violation('I8', `link ${link.id}: HANDLED went back to ${messages} messages, ${bytes} bytes`)
    }
    if (messages > entriesArrived - running.size) {
      throw new Violation(
        'I7',
        `link ${link.id}: HANDLED says ${messages}; ${entriesArrived} entries came, and the handlers of ${running.size} run`,
      )
    }
    link.handled = { messages, bytes }
  }
}

/** Numbers of messages that came before on this connection. */
function sendsBefore({ lanes }: LinkBook, producers: ProducerBook): SentMessage['after'] {
  return lanes
    .filter(({ offer, written, state }) => offer.kind === 'messages' && written > 0 && state != null)
    .map(({ offer: { id }, written }) => ({ producer: id, owner: producers.ownerOf(id), seq: written }))
}

/** Numbers follow each other; what is missing has been stated as void (I2). */
function checkHole({ offer, state, written }: Lane, seq: Seq): void {
  const before = Math.max(written, state?.held ?? 0, state?.last ?? 0)
  if (seq <= before + 1) return
  throw new Violation('I2', `${offer.id}.${seq} was written after ${before}; the hole was not stated`)
}

/** With durable storage a message is written once it is stored, in an epoch that is, and whose it is (rules 5, 7 and 15). */
function checkStored({ owner }: LinkBook, { offer, state }: Lane, id: string): void {
  if (!owner.mustBeStored()) return
  if (!owner.isStored(id)) throw new Violation('I4', `${id} was written to the wire before it was stored`)
  if (owner.storedEpoch(offer.id) !== state?.epoch)
    throw new Violation('I1', `${id} was written in epoch ${state?.epoch}, which is not stored`)
  if (owner.storedUser(offer.id) === null)
    throw new Violation('I9', `${id} was written, and whose it is is not stored`)
}
