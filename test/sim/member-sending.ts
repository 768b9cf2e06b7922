/**
 * What one page sends and asks, and what it is told became of it.
 *
 * Owns: entering messages and requests into the books, their outcomes, which of them were announced as settled (I4, I10).
 */
import type { Client, Receipt } from '../../src/index.js'
import { Violation } from '../../src/testing/simulation/index.js'
import type { Books } from './books.js'
import { SentMessage } from './books-messages.js'
import { HANDLED } from './handlers.js'
import type { MemberCallbacks } from './member-callbacks.js'
import type { Habits } from './parameters.js'
import type { Pending } from './pending.js'

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
}

export class MemberSending {
  readonly #parts: SendingParts
  /** Messages that lifecycle 'settled' told of. */
  readonly #told = new Set<string>()

  constructor(parts: SendingParts) {
    this.#parts = parts
  }

  send(room: string | null, type: string, ms: number, options: Parameters<Client['send']>[2]): Receipt {
    const { books, client, habits, name, pending, callbacks } = this.#parts
    const tag = books.newTag()
    const target = room === null ? client : client.room(room)
    const receipt = target.send(type, { tag, ms, to: '' }, options)
    if (options?.volatile === true) return receipt
    const handled = room === null ? (HANDLED as readonly string[]).includes(type) : type === 'chat'
    const message = new SentMessage(receipt.id, 'message', habits.policy, tag, handled, name)
    books.guard(() => books.messages.sent(message))
    callbacks.sent(receipt)
    pending.track(receipt.settled.then(({ outcome, code }) => this.#settled(message, outcome, code)))
    return receipt
  }

  request(type: string, ms: number, options: { timeoutMs: number; signal?: AbortSignal }): Promise<void> {
    const { books, client, habits, pending, callbacks } = this.#parts
    const tag = books.newTag()
    books.messages.ask(tag, habits.policy)
    const asked = client.request(type, { tag, ms }, options).then(
      (answer) => {
        callbacks.after('reply')
        if ((answer as { tag: number }).tag === tag) return
        books.guard(() => {
          throw new Violation('I10', `request ${tag} got the reply to ${(answer as { tag: number }).tag}`)
        })
      },
      (error: { outcome?: string }) => {
        if (error.outcome === 'unknown') books.sometimes('a request ended as unknown')
      },
    )
    pending.track(asked)
    return asked
  }

  /** lifecycle 'settled' told of a message. */
  announced(id: string): void {
    this.#parts.books.guard(() => {
      if (this.#told.has(id)) throw new Violation('I4', `${id} was announced as settled twice`)
      this.#told.add(id)
    })
  }

  #settled(message: SentMessage, outcome: Parameters<SentMessage['settled']>[0], code: string | null): void {
    const { books, habits, isClosing, callbacks } = this.#parts
    books.guard(() => message.settled(outcome, code))
    callbacks.after('outcome')
    if (code === 'replaced') books.sometimes('a message was replaced in the queue')
    else if (outcome === 'cancelled') books.sometimes('a message was cancelled before it was written')
    if (outcome === 'expired') books.sometimes('a message expired before it was written')
    if (outcome === 'dropped') books.sometimes('a message was dropped by a full queue')
    if (outcome === 'rejected') books.sometimes('a message was refused')
    if (outcome === 'unknown' && habits.policy === 'reject' && !isClosing())
      books.sometimes('a message of an unknown fate was not sent again')
  }
}
