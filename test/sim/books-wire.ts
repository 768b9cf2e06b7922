/**
 * The wire-tap: every batch on every link, when it is sent and when it arrives.
 *
 * Owns: decoding once, which link is whose, what has arrived. It does not ask the library what a frame means.
 */
import { decode } from '@msgpack/msgpack'
import { FrameType, type ProducerState, type Welcome } from '../../src/protocol/frames.js'
import type { TraceEvent } from '../../src/testing/index.js'
import { Violation } from '../../src/testing/simulation/index.js'
import { wireSize } from '../../src/serializers/size.js'
import { DownlinkBook, isCounted } from './books-downlink.js'
import type { WireLedger } from './books-ledger.js'
import { type Batch, type Frame, LinkBook, type LinkOwner } from './books-link.js'
import type { LogTruth } from './books-logs.js'
import type { MessageBook } from './books-messages.js'
import type { ProducerBook } from './books-producers.js'
import { UplinkBook } from './books-uplink.js'

export interface WireWitness {
  sometimes(situation: string): void
  count(what: string, by?: number): void
  /** Something arrived at a client's end. */
  heard(link: LinkBook, frame: Frame): void
  /** The process at the server's end. */
  processOf(link: LinkBook): string
}

export interface WireParts {
  readonly messages: MessageBook
  readonly producers: ProducerBook
  readonly truth: LogTruth
  readonly ledger: WireLedger
  /** So many numbers of one producer may be in a server's hands. */
  readonly maxInFlight: number
}

export class WireTap {
  readonly #links = new Map<number, LinkBook>()
  readonly #uplink: UplinkBook
  readonly #downlink: DownlinkBook
  readonly #witness: WireWitness
  /** Session → the newest connection of it. */
  readonly #sessions = new Map<string, LinkBook>()
  /** Producer → the newest connection that carries it. */
  readonly #carriers = new Map<string, LinkBook>()
  #replaced: { readonly link: LinkBook; readonly what: string }[] = []

  constructor({ messages, producers, truth, ledger, maxInFlight }: WireParts, witness: WireWitness) {
    this.#witness = witness
    const sometimes = (situation: string): void => witness.sometimes(situation)
    this.#uplink = new UplinkBook(messages, producers, ledger, sometimes)
    this.#downlink = new DownlinkBook(truth, producers, ledger, sometimes, maxInFlight)
  }

  /** A page is about to dial. */
  dialed(id: number, owner: LinkOwner): LinkBook {
    const link = new LinkBook(id, owner)
    this.#links.set(id, link)
    return link
  }

  link(id: number): LinkBook | undefined {
    return this.#links.get(id)
  }

  happened(event: TraceEvent): void {
    const link = this.#links.get(event.link)
    if (link === undefined) return
    switch (event.what) {
      case 'send':
        return this.#sent(link, event)
      case 'arrive':
        return event.direction === 'up' ? this.#arrivedUp(link) : this.#arrivedDown(link)
      case 'learn':
        if (event.detail === 'server') link.endedAtServer = true
        return
      case 'close':
        if (event.direction !== 'down') {
          link.closedByClient = true
          return
        }
        link.closedByServer = Number(event.detail)
        if (link.closedByServer === 4401) this.#witness.sometimes('a connection was superseded (4401)')
        return
      default:
    }
  }

  #sent(link: LinkBook, { direction, data }: TraceEvent): void {
    if (data === undefined) return
    const { wire } = link.owner
    if ((typeof data === 'string') !== (wire === 'json'))
      throw new Violation('protocol', `link ${link.id}: ${wire} was agreed on, and ${typeof data} is sent`)
    const frames = (typeof data === 'string' ? JSON.parse(data) : decode(data)) as Frame[]
    const batch: Batch = { frames, bytes: wireSize(data) }
    if (direction === 'up') {
      link.up.push(batch)
      this.#uplink.sent(link, batch)
    } else {
      link.down.push(batch)
      this.#downlink.sent(link, batch)
      if (batch.frames[0]?.[0] === FrameType.WELCOME) this.#welcomed(link)
      if (batch.frames.some(([type]) => type === FrameType.WELCOME || type === FrameType.ATTACHED))
        this.#carries(link)
    }
  }

  /** A process that says WELCOME for a session has let go of every other connection of it. */
  #welcomed(link: LinkBook): void {
    link.process = this.#witness.processOf(link)
    const session = link.welcome?.session.id ?? ''
    const before = this.#sessions.get(session)
    this.#sessions.set(session, link)
    if (before !== undefined && before.process === link.process)
      this.#replaced.push({ link: before, what: `session ${session} has a newer connection` })
  }

  /** A process that attaches a producer has let go of every other connection that carried it. */
  #carries(link: LinkBook): void {
    for (const { offer, state } of link.lanes) {
      if (state == null) continue
      const before = this.#carriers.get(offer.id)
      if (before === link) continue
      this.#carriers.set(offer.id, link)
      if (before !== undefined && before.process === link.process)
        this.#replaced.push({ link: before, what: `producer ${offer.id} has a newer connection` })
    }
  }

  /** A process heard that the store knows a producer otherwise: its connection ends (rule 10). */
  lost(producer: string, epoch: string, process: string): void {
    const link = this.#carriers.get(producer)
    const isCarried = link?.lanes.some(({ offer, state }) => offer.id === producer && state?.epoch === epoch)
    if (link?.process === process && isCarried === true)
      this.#replaced.push({ link, what: `producer ${producer} is not as the store has it` })
  }

  check(): void {
    for (const { link, what } of this.#replaced.splice(0)) {
      if (link.closedByServer === null && !link.endedAtServer && !link.closedByClient) {
        throw new Violation('I9', `${what}; link ${link.id} stays open`)
      }
    }
  }

  #arrivedUp(link: LinkBook): void {
    for (const frame of link.up.shift()?.frames ?? []) {
      if (frame[0] !== FrameType.HANDLED) continue
      link.handledArrived = { messages: frame[1] as number, bytes: frame[2] as number }
    }
  }

  #arrivedDown(link: LinkBook): void {
    for (const frame of link.down.shift()?.frames ?? []) {
      this.#note(link, frame)
      this.#witness.heard(link, frame)
    }
  }

  #note(link: LinkBook, frame: Frame): void {
    switch (frame[0]) {
      case FrameType.WELCOME:
        link.welcomeArrived = true
        for (const [index, state] of (frame[1] as Welcome).producers.entries())
          this.#attachArrived(link, index, state)
        return
      case FrameType.ATTACHED:
        return this.#attachArrived(link, frame[1] as number, (frame[2] ?? null) as ProducerState | null)
      case FrameType.ACCEPTED: {
        const lane = link.lanes[frame[1] as number]
        if (lane !== undefined) lane.ackArrived = frame[2] as number
        return
      }
      case FrameType.ENTRY:
        this.#witness.count('entries')
        if (!isCounted(frame)) return
        link.entriesArrived++
        link.arrived.add(`${frame[1] as string}@${frame[2] as number}`)
        return
      default:
    }
  }

  #attachArrived(link: LinkBook, index: number, state: ProducerState | null): void {
    const lane = link.lanes[index]
    if (lane === undefined || state === null) return
    lane.ackArrived = Math.max(lane.ackArrived, state.last)
  }
}
