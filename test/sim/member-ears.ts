/**
 * What one page is told: every listener of its client, and the books that hear through them.
 *
 * Owns: the listeners of the books. Those of the page's application come after them (member-callbacks.ts).
 */
import type { Client, Message } from '../../src/index.js'
import type { ManualClock } from '../../src/testing/index.js'
import { Violation } from '../../src/testing/simulation/index.js'
import { checkPayload } from './payload.js'
import type { Books } from './books.js'
import { HELD_TO } from './books-defects.js'
import type { MemberCallbacks } from './member-callbacks.js'
import type { Member } from './member.js'
import type { MemberSending } from './member-sending.js'
import { DOWN_TYPES, ROOMS } from './parameters.js'

const CLOSES: Readonly<Record<number, Parameters<Books['sometimes']>[0]>> = {
  4200: 'a token of another user ended a connection (4200)',
  4202: 'the memory of a live connection was lost (4202)',
  4301: 'a token expired (4301)',
  4400: 'a session was kicked (4400)',
}

export interface EarParts {
  readonly member: Member
  readonly client: Client
  readonly clock: ManualClock
  readonly books: Books
  readonly callbacks: MemberCallbacks
  readonly sending: MemberSending
  /** Session → node that had it last. */
  readonly sessionNodes: Map<string, string>
}

export function listen(parts: EarParts): void {
  const ears = new Ears(parts)
  ears.listenToLifecycle()
  ears.listenToMessages()
  parts.callbacks.listen()
}

class Ears {
  readonly #parts: EarParts
  /** The last connection ended because its token did. */
  #isExpired = false

  constructor(parts: EarParts) {
    this.#parts = parts
  }

  listenToLifecycle(): void {
    const { member, client, clock, books, sending } = this.#parts
    const { lifecycle } = client
    lifecycle.on('open', (info) => {
      member.dials.opened(clock.now())
      member.causes.opened(info.user.id)
      member.claims.opened(info.user.id, clock.now())
      this.#opened(info)
    })
    lifecycle.on('gap', (gap) => member.logs.gap(gap))
    lifecycle.on('error', (error) => this.#error(error))
    lifecycle.on('warning', ({ code }) => {
      if (code === 'storage_degraded') member.storageFailed()
      if (code === 'outbox_of_another_user') books.sometimes('what another user left waited for them')
    })
    lifecycle.on('close', ({ code, cause }) => this.#connectionClosed(code, cause.code))
    lifecycle.on('settled', (receipt) => sending.announced(receipt))
    member.page.removed = (id) => sending.removed(id)
    const { claimed } = member.page
    member.page.claimed = (outboxes) => {
      claimed(outboxes)
      sending.claimed(outboxes)
    }
  }

  listenToMessages(): void {
    const { member, client } = this.#parts
    for (const type of DOWN_TYPES) {
      client.on(type, (data, message) => this.#delivered((data as { to: string }).to, message))
      for (const id of ROOMS)
        client.room(id).on(type, (_data, message) => this.#delivered(`room/${id}`, message))
    }
    for (const id of ROOMS) {
      member.logs.watch(client, id, () => {
        // Whoever joins anew says anew whether to appear.
        if (client.room(id).snapshot.status === 'out') member.present.delete(id)
      })
    }
  }

  #delivered(log: string, message: Message): void | Promise<void> {
    const { member, callbacks, books } = this.#parts
    if (message.offset === null) return books.guard(() => books.volatiles.got(member.name, message))
    books.count('entries handled')
    books.guard(() => {
      if (checkPayload(message.data)) books.sometimes('bytes came to a page')
    })
    const ended = member.logs.delivered(log, message, member.link)
    const handling = callbacks.handle()
    if (handling !== undefined) return handling.finally(ended)
    ended()
  }

  #opened({ resumed }: { resumed: boolean }): void {
    const { member, books, sessionNodes } = this.#parts
    const welcome = member.link?.welcome
    if (welcome == null) return
    const { id } = welcome.session
    if (resumed && (sessionNodes.get(id) ?? member.node) !== member.node)
      books.sometimes('a session was resumed on another node')
    if (resumed && this.#isExpired) books.sometimes('a session went on with a new token')
    this.#isExpired = false
    sessionNodes.set(id, member.node)
    member.silence.opened(welcome.pingMs, this.#parts.clock.now())
    member.logs.opened(welcome)
  }

  #connectionClosed(code: number, cause: string): void {
    const { member, books, clock } = this.#parts
    member.dials.closed(code, cause, clock.now())
    if (code === 4301) this.#isExpired = true
    const situation = CLOSES[code]
    if (situation !== undefined) books.sometimes(situation)
  }

  #error(error: Error & { code: string }): void {
    const { member, client, books, clock, callbacks } = this.#parts
    books.guard(() => callbacks.book.told(error.code, error.cause, false))
    member.dials.failed(error, client.snapshot.retryAt !== null, clock.now())
    if (error.name !== 'ProtocolError') return
    books.guard(() => {
      throw new Violation(HELD_TO[error.code] ?? 'protocol', `${member.name}: ${error.message}`)
    })
  }
}
