/**
 * The book of causes of one page: every end of a message has one (I3, I4).
 *
 * Owns: what the page was told on the wire about its producers, its user and its sessions, and what its application did, as far as
 * an end can follow from it. Acknowledgements and refusals count also at a connection that the page had given up: the book knows
 * less than the client, and then asks for less. Of losses counts what the client took in (books-losses.ts).
 */
import { FrameType, type ProducerState, type Welcome } from '../../src/protocol/frames.js'
import { Violation } from '../../src/testing/simulation/index.js'
import type { Frame, LinkBook } from './books-link.js'
import { LossBook } from './books-losses.js'
import { splitId } from './books-messages.js'
import { ownerOf } from './books-owners.js'
import type { Failure, Question } from './books-requests.js'
import type { SentMessage } from './books-sent.js'

/** A time limit may pass by this much less than it says, in floating point. */
const ROUNDING_MS = 1

/** What the page itself knows of why. */
export interface Doings {
  /** Whether close() was called. */
  isClosing(): boolean
  /** Whether it gave up on its storage. */
  storageFailed(): boolean
  now(): number
}

/** What may have ended with its producer. */
interface Lost {
  readonly id: string
  readonly sentAt: number
  /** `null`: of a request; its epochs are not kept. */
  readonly writtenIn: SentMessage['writtenIn'] | null
}

export class CauseBook {
  readonly #page: string
  readonly #doings: Doings
  readonly #epochs = new Map<string, string>()
  readonly losses = new LossBook()
  readonly #acknowledged = new Map<string, number>()
  /** Producers of requests, and up to where they are acknowledged on connections that the page held to. */
  readonly #requestsDone = new Map<string, number>()
  /** Messages that were refused, with the code. */
  readonly #refusals = new Map<string, string>()
  /** Tag of the newest message with a key that replaces. */
  readonly #newest = new Map<string, number>()
  /** Tags of messages at whose time the queue was full, and the newest of all. */
  readonly #full = new Set<number>()
  #lastFull = 0
  #user: string | null = null
  #session: string | null = null

  constructor(page: string, doings: Doings) {
    this.#page = page
    this.#doings = doings
  }

  /**
   * The page took a frame in: what this connection acknowledges takes no room in the queue any more. What arrived at one that
   * the page had given up says nothing here: to the client it is still open.
   */
  took({ lanes }: LinkBook): void {
    for (const { offer, ackArrived } of lanes) {
      if (offer.kind !== 'requests') continue
      this.#requestsDone.set(offer.id, Math.max(ackArrived, this.#requestsDone.get(offer.id) ?? 0))
    }
  }

  /** A frame arrived; `isTaken`: at a connection that the client has not let go of. `true`: the session that was before is over. */
  heard(link: LinkBook, frame: Frame, isTaken: boolean): boolean {
    const { lanes } = link
    switch (frame[0]) {
      case FrameType.WELCOME: {
        const welcome = frame[1] as Welcome
        for (const [index, state] of welcome.producers.entries()) this.#attached(link, index, state, isTaken)
        return isTaken && this.#welcomed(welcome)
      }
      case FrameType.ATTACHED:
        this.#attached(link, frame[1] as number, (frame[2] ?? null) as ProducerState | null, isTaken)
        return false
      case FrameType.ACCEPTED:
        this.#accepted(producerAt(lanes, frame[1] as number), frame[2] as number)
        return false
      case FrameType.REJECTED:
        this.#refusals.set(
          `${producerAt(lanes, frame[1] as number)}.${frame[2] as number}`,
          frame[3] as string,
        )
        return false
      case FrameType.GAP:
        if (isTaken && (frame[1] as string).startsWith('replies/'))
          this.losses.sessionEnded(this.#doings.now())
        return false
      default:
        return false
    }
  }

  /** Something is about to be queued, while the queue may be full or not. */
  sending(tag: number, replaces: string | null, isFull: boolean): void {
    if (replaces !== null) this.#newest.set(replaces, tag)
    if (!isFull) return
    this.#full.add(tag)
    this.#lastFull = tag
  }

  /** Whether the server has it, as far as this page was told. */
  isAcknowledged(id: string): boolean {
    const { producer, seq } = splitId(id)
    return (this.#acknowledged.get(producer) ?? 0) >= seq
  }

  /** Why the server refused it, as far as this page was told; `null`: it did not. */
  refusalOf(id: string): string | null {
    return this.#refusals.get(id) ?? null
  }

  /** Whether it gave up on its storage. */
  get storageFailed(): boolean {
    return this.#doings.storageFailed()
  }

  /** Whether close() was called. */
  get isClosing(): boolean {
    return this.#doings.isClosing()
  }

  /** How many requests do not wait any more, as far as the page knows for sure. */
  get requestsDone(): number {
    let sum = 0
    for (const seq of this.#requestsDone.values()) sum += seq
    return sum
  }

  /** A message ended, and its page lives to tell. */
  ended(message: SentMessage): void {
    const { id, outcome, code } = message
    const isExplained = this.#explains(message)
    if (isExplained) return
    const invariant = outcome === 'accepted' || outcome === 'rejected' ? 'I3' : 'I4'
    throw new Violation(
      invariant,
      `${this.#page}: ${id} ended as ${outcome} (${code}), and nothing explains it`,
    )
  }

  /** A request failed. One that was answered is judged by its answer (books-requests.ts). */
  requestFailed(question: Question, { code, outcome }: Failure): void {
    if (question.heard !== null || outcome === 'rejected' || this.#explainsFailure(question, code)) return
    throw new Violation(
      'I10',
      `${this.#page}: request ${question.id ?? question.tag} failed (${code}), and nothing explains it`,
    )
  }

  #explains(message: SentMessage): boolean {
    const { id, outcome, code, terms, tag } = message
    switch (outcome) {
      case 'accepted':
        return this.isAcknowledged(id)
      case 'rejected':
        return code !== null && this.#refusals.get(id) === code
      case 'expired':
        return terms.ttlMs !== null && this.#doings.now() - terms.sentAt >= terms.ttlMs - ROUNDING_MS
      case 'cancelled':
        return this.#explainsCancelled(message)
      case 'dropped':
        if (code === 'closed') return this.#doings.isClosing()
        return code === 'queue_full' && (this.#full.has(tag) || this.#lastFull > tag)
      case 'unknown':
        return (
          (code !== 'server_forgot' || message.policy === 'reject') &&
          this.#explainsLoss(lostOf(message), code)
        )
      default:
        return false
    }
  }

  #explainsCancelled(message: SentMessage): boolean {
    const { code, terms, tag, takenBack } = message
    switch (code) {
      case 'cancelled':
      case 'aborted':
        return takenBack || terms.signal?.aborted === true
      case 'replaced':
        return terms.replaces !== null && (this.#newest.get(terms.replaces) ?? 0) > tag
      default:
        return this.#explainsLoss(lostOf(message), code)
    }
  }

  /** The whole producer is given up, or forgotten. */
  #explainsLoss({ id, sentAt, writtenIn }: Lost, code: string | null): boolean {
    const { producer } = splitId(id)
    switch (code) {
      case 'server_forgot':
        return this.losses.explainsForgotten(producer, sentAt, writtenIn)
      case 'producer_refused':
        return this.losses.explainsRefused(producer, sentAt)
      case 'user_changed':
        return this.losses.explainsUserChanged(sentAt)
      case 'closed':
      case 'stored':
        return this.#doings.isClosing()
      default:
        return false
    }
  }

  #explainsFailure({ id, askedAt, timeoutMs, signal, tag }: Question, code: string): boolean {
    switch (code) {
      case 'timeout':
        return this.#doings.now() - askedAt >= timeoutMs - ROUNDING_MS
      case 'aborted':
        return signal?.aborted === true
      case 'queue_full':
        return this.#full.has(tag)
      case 'unknown':
        if (this.#doings.isClosing()) return true
        return this.losses.explainsSessionEnded(askedAt) && id !== null && this.isAcknowledged(id)
      case 'closed':
        return this.#doings.isClosing()
      case 'user_changed':
        return this.losses.explainsUserChanged(askedAt)
      default:
        // One that no wire showed may have been written to a socket that was closing, which takes everything in silence.
        if (id === null) return this.losses.explainsUnseen(code, askedAt)
        return this.#explainsLoss({ id, sentAt: askedAt, writtenIn: null }, code)
    }
  }

  /** Who the page was told to be. */
  get user(): string | null {
    return this.#user
  }

  /** The page was told that it is connected, and as whom. A WELCOME that a waking page lets go of unread changes nothing. */
  opened(user: string): void {
    this.#user = user
  }

  #welcomed({ session, user }: Welcome): boolean {
    const now = this.#doings.now()
    if (this.#user !== null && ownerOf(this.#user) !== ownerOf(user.id)) this.losses.userChanged(now)
    const isOver = this.#session !== null && !session.resumed
    if (isOver) this.losses.sessionEnded(now)
    this.#session = session.id
    return isOver
  }

  #attached(
    { lanes, welcome }: LinkBook,
    index: number,
    state: ProducerState | null,
    isTaken: boolean,
  ): void {
    const producer = producerAt(lanes, index)
    if (state === null) {
      if (isTaken) this.losses.refused(producer, this.#doings.now())
      return
    }
    if (isTaken) {
      this.#goesOn(producer, state.epoch, lanes[index]?.offer.epoch)
      const window = welcome?.window.messages ?? Number.POSITIVE_INFINITY
      this.losses.remembers(producer, state.epoch, state.last - window)
    }
    this.#accepted(producer, state.last)
    for (const [seq, code] of state.refused) this.#refusals.set(`${producer}.${seq}`, code)
  }

  /** `offered`: of what another page left, the epoch that the disk holds. */
  #goesOn(producer: string, epoch: string, offered: string | undefined): void {
    const before = this.#epochs.get(producer) ?? offered
    if (before !== undefined && before !== epoch) this.losses.forgot(producer, before, this.#doings.now())
    this.#epochs.set(producer, epoch)
  }

  #accepted(producer: string, seq: number): void {
    this.#acknowledged.set(producer, Math.max(seq, this.#acknowledged.get(producer) ?? 0))
  }
}

const producerAt = (lanes: LinkBook['lanes'], index: number): string => lanes[index]?.offer.id ?? ''

const lostOf = ({ id, terms: { sentAt }, writtenIn }: SentMessage): Lost => ({ id, sentAt, writtenIn })
