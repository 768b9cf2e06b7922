/**
 * What one page sends and asks, and what it is told became of it.
 *
 * Owns: entering messages and requests into the books, their outcomes, which of them were announced as settled (I4, I10).
 */
import type { Client, DeliveryError, OutcomeState, Receipt } from '../../src/index.js'
import type { ManualClock } from '../../src/testing/index.js'
import { Violation } from '../../src/testing/simulation/index.js'
import type { Books } from './books.js'
import type { CauseBook } from './books-causes.js'
import { checkGiven } from './books-defects.js'
import { checkLeftoverEnded, checkLeftoverRemoved } from './books-leftovers.js'
import type { LinkBook } from './books-link.js'
import { ownerNow } from './books-owners.js'
import type { Question } from './books-requests.js'
import { SentMessage, type Terms } from './books-sent.js'
import { HANDLED } from './handlers.js'
import type { MemberCallbacks } from './member-callbacks.js'
import type { MemberQueue } from './member-queue.js'
import type { StoredOutbox } from '../../src/protocol/storage.js'
import type { Habits } from './parameters.js'
import { payload } from './payload.js'
import type { Pending } from './pending.js'

type RoomSendOptions = NonNullable<Parameters<ReturnType<Client['room']>['send']>[2]>

export interface SendingParts {
  /** The page's. */
  readonly name: string
  readonly client: Client
  readonly books: Books
  readonly habits: Habits
  readonly pending: Pending
  /** Whether close() was called. */
  readonly isClosing: () => boolean
  readonly callbacks: MemberCallbacks
  readonly isAlive: () => boolean
  readonly clock: ManualClock
  readonly queue: MemberQueue
  readonly causes: CauseBook
  readonly link: () => LinkBook | null
}

export class MemberSending {
  readonly #parts: SendingParts
  /** Messages that lifecycle 'settled' told of, and as what. */
  readonly #told = new Map<string, OutcomeState>()

  constructor(parts: SendingParts) {
    this.#parts = parts
  }

  send(room: string | null, type: string, ms: number, options: Parameters<Client['send']>[2] = {}): Receipt {
    const { books, causes, client, habits, name, pending, queue, callbacks } = this.#parts
    const tag = books.newTag()
    const data = payload(tag, ms, habits.binary || (room === null && habits.wire === 'msgpack'))
    const target = room === null ? client : client.room(room)
    if (options.volatile === true) {
      books.volatiles.sent(tag)
      return target.send(type, data, options)
    }
    const terms = this.#terms(room, options)
    const bytes = queue.before(tag, terms.replaces, [room, type, data])
    const receipt = target.send(type, data, options)
    queue.sent(receipt, bytes)
    const handled = room === null ? (HANDLED as readonly string[]).includes(type) : type === 'chat'
    const message = new SentMessage(receipt.id, 'message', habits.policy, tag, handled, name, terms)
    message.owner = ownerNow(causes.user, this.#parts.link())
    books.guard(() => books.messages.sent(message))
    callbacks.sent(receipt)
    const told = receipt.settled.then(({ outcome, code }) => this.#settled(message, outcome, code))
    pending.track(told, (error) => books.guard(() => checkGiven(name, 'request', error)))
    return receipt
  }

  /** The application takes a message back, if it still can. */
  cancel(receipt: Receipt): void {
    const message = this.#parts.books.messages.get(receipt.id)
    if (message !== undefined) message.takenBack = true
    receipt.cancel()
  }

  request(type: string, ms: number, options: { timeoutMs: number; signal?: AbortSignal }): Promise<void> {
    const { books, client, habits, name, clock, queue, pending } = this.#parts
    const tag = books.newTag()
    const data = payload(tag, ms, habits.wire === 'msgpack')
    const { timeoutMs, signal = null } = options
    const asked = { tag, policy: habits.policy, page: name, askedAt: clock.now(), timeoutMs, signal }
    const question = books.messages.requests.ask(asked)
    queue.asked(queue.before(tag, null, [type, data, timeoutMs]))
    const ended = client.request(type, data, options).then(
      (answer) => this.#fulfilled(question, (answer as { tag: number }).tag),
      (error: Error) => this.#failed(question, error),
    )
    pending.track(ended, (error) => books.guard(() => checkGiven(name, 'request', error)))
    return ended
  }

  #terms(room: string | null, options: RoomSendOptions): Terms {
    const { ttlMs = null, replaces = null, signal = null, echo = true } = options
    return { room, echo, replaces, ttlMs, signal, sentAt: this.#parts.clock.now() }
  }

  #fulfilled(question: Question, tag: number): void {
    const { books, callbacks } = this.#parts
    books.note(`request ${question.tag} fulfilled`)
    books.guard(() => books.messages.requests.fulfilled(question, tag))
    callbacks.after('reply')
  }

  #failed(question: Question, error: Error): void {
    const { name, books, causes, isAlive } = this.#parts
    const { code = '', outcome = null } = error as Partial<DeliveryError>
    books.note(`request ${question.tag} ${code}`)
    if (outcome === 'unknown') books.sometimes('a request ended as unknown')
    books.guard(() => {
      checkGiven(name, 'request', error)
      const { requests } = books.messages
      if (isAlive() && !requests.isAnswered(question, code)) causes.requestFailed(question, { code, outcome })
      requests.failed(question, { code, outcome })
    })
  }

  hasTold(id: string): boolean {
    return this.#told.has(id)
  }

  /** lifecycle 'settled' told of a message: one of its own has a receipt as well, one that another page left has not. */
  announced({ id, state, settled }: Receipt): void {
    const { books, pending, name } = this.#parts
    books.guard(() => {
      if (this.#told.has(id)) throw new Violation('I4', `${id} was announced as settled twice`)
      this.#told.set(id, state as OutcomeState)
    })
    const message = books.messages.get(id)
    if (message === undefined || message.page === name) return
    const told = settled.then(({ outcome, code }) => this.#leftoverSettled(message, outcome, code))
    pending.track(told, (error) => books.guard(() => checkGiven(name, 'request', error)))
  }

  /** What it let go of, and told to be unknown for that, it has again, and will tell of again. */
  claimed(outboxes: readonly StoredOutbox[]): void {
    for (const { producer, messages } of outboxes)
      for (const { seq } of messages) {
        const id = `${producer.id}.${seq}`
        if (this.#told.get(id) === 'unknown') this.#told.delete(id)
      }
  }

  #leftoverSettled(message: SentMessage, outcome: OutcomeState, code: string | null): void {
    const { name, books, causes, isAlive } = this.#parts
    books.note(`${message.id} of ${message.page} ${outcome} ${code}`)
    books.guard(() => {
      if (isAlive()) checkLeftoverEnded(name, causes, message, outcome, code)
      if (outcome === 'accepted') message.checkAccepted()
    })
  }

  /** A message is on the disk no more: its end was told before. */
  removed(id: string): void {
    const { books, causes, name } = this.#parts
    const message = books.messages.get(id)
    if (message === undefined) return
    books.guard(() => {
      if (!this.#told.has(id))
        throw new Violation('I4', `${name}: ${id} was taken off the disk, and no end of it was told`)
      if (message.page !== name) checkLeftoverRemoved(name, causes, message)
    })
  }

  #settled(message: SentMessage, outcome: Parameters<SentMessage['settled']>[0], code: string | null): void {
    const { books, habits, causes, isAlive, isClosing, callbacks } = this.#parts
    books.note(`${message.id} ${outcome} ${code}`)
    books.guard(() => {
      message.settled(outcome, code)
      if (isAlive()) causes.ended(message)
    })
    callbacks.after('outcome')
    if (code === 'replaced') books.sometimes('a message was replaced in the queue')
    else if (outcome === 'cancelled') books.sometimes('a message was cancelled before it was written')
    if (code === 'user_changed') books.sometimes('the user changed with messages in the queue')
    if (outcome === 'expired') books.sometimes('a message expired before it was written')
    if (code === 'queue_full') books.sometimes('a message was dropped by a full queue')
    if (outcome === 'rejected') books.sometimes('a message was refused')
    if (code === 'server_forgot' && habits.policy === 'reject' && !isClosing())
      books.sometimes('a message of an unknown fate was not sent again')
  }
}
