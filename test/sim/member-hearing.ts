/**
 * What one page hears on its connections, and what follows from it for the books.
 *
 * Owns: which connection is its own, when it dials (I11), when it must give one up, why messages may end (I4), how many may wait (I7).
 * Does not own: what the application hears (member-ears.ts).
 */
import type { Client } from '../../src/index.js'
import { FrameType } from '../../src/protocol/frames.js'
import type { Append } from '../../src/server/core/store.js'
import type { ManualClock } from '../../src/testing/index.js'
import type { Books } from './books.js'
import { CauseBook } from './books-causes.js'
import { ClaimBook } from './books-claims.js'
import { DialBook } from './books-dials.js'
import { answerOf } from './books-effects.js'
import type { Frame, LinkBook, LinkOwner } from './books-link.js'
import { SilenceBook } from './books-silence.js'
import type { Disk } from './disk.js'
import { MemberQueue } from './member-queue.js'
import type { Page } from './page.js'
import type { Habits } from './parameters.js'

export interface HearingParts {
  readonly name: string
  readonly page: Page
  readonly clock: ManualClock
  readonly books: Books
  readonly habits: Habits
  readonly disk: Disk
  /** Whose connections they are. */
  readonly owner: LinkOwner
  readonly isClosing: () => boolean
  readonly status: () => Client['snapshot']['status']
}

export class MemberHearing {
  readonly dials: DialBook
  readonly silence: SilenceBook
  /** Why messages may have ended as they did, and how many may wait. */
  readonly causes: CauseBook
  readonly queue: MemberQueue
  /** What it lets go of, and has to ask for again. */
  readonly claims: ClaimBook
  readonly #parts: HearingParts
  #link: LinkBook | null = null

  constructor(parts: HearingParts) {
    const { name, habits, disk, clock, books, isClosing, owner } = parts
    const storageFailed = (): boolean => habits.durable && !owner.mustBeStored()
    this.#parts = parts
    this.dials = new DialBook(name, habits.reconnect)
    this.silence = new SilenceBook(name)
    this.causes = new CauseBook(name, { isClosing, storageFailed, now: () => clock.now() })
    this.queue = new MemberQueue({ name, habits, disk, messages: books.messages, causes: this.causes })
    this.claims = new ClaimBook({ name, disk, messages: books.messages, link: () => this.#link })
    this.#watchPage()
  }

  /** The connection that it dialled last. */
  get link(): LinkBook | null {
    return this.#link
  }

  /** A frame arrived at its end of a link. */
  heard(link: LinkBook, frame: Frame): void {
    const { clock, books, page } = this.#parts
    const isTaken = (): boolean => link === this.#link && !link.closedByClient
    // What a frozen page got is heard later, and then holds from then on.
    if (page.frozen) {
      page.whenAwake(() => this.causes.heard(link, frame, isTaken()))
      if (isTaken()) this.dials.clockJumped(clock.now())
      return
    }
    const isOver = this.causes.heard(link, frame, isTaken())
    if (!isTaken()) return
    this.causes.took(link)
    this.silence.broken(clock.now())
    const [type] = frame
    if (type === FrameType.AWAY) {
      books.sometimes('AWAY was heard')
      this.dials.away(clock.now() + (frame[1] as { afterMs: number }).afterMs)
    } else if (type === FrameType.ENTRY) this.#heardEntry(frame)
    else if (isOver)
      books.messages.requests.sessionEnded(this.#parts.name, (id) => this.causes.isAcknowledged(id))
    else if (type === FrameType.PRESENCE && frame[3] === 'sync' && link.welcome?.session.resumed === true)
      books.sometimes('presence was synchronised after a resume')
  }

  /** Silence on a connection that is up, and whether one is wanted at all. */
  check(): void {
    const { page, clock, owner } = this.#parts
    const now = clock.now()
    const status = this.#parts.status()
    const isExact = !page.frozen && !page.throttled
    this.silence.check(isExact && status === 'connected', now)
    if (status === 'idle' || status === 'closed') this.dials.rests(now)
    if (owner.mustBeStored() && isExact && status === 'connected') this.claims.check(now)
  }

  #heardEntry(frame: Frame): void {
    const meta = frame[5] as Append['meta']
    if (meta.re === undefined) return
    this.#parts.books.messages.requests.heard(meta.re, answerOf({ data: frame[4], meta }))
  }

  #dialed(id: number): void {
    const { books, clock, page, disk, owner, status } = this.#parts
    this.#link = books.wire.dialed(id, owner)
    if (page.throttled || disk.latencyMs > 0) this.dials.excused()
    books.guard(() => this.dials.dialed(status(), clock.now()))
  }

  #watchPage(): void {
    const { clock, books, page } = this.#parts
    page.dialed = (id) => this.#dialed(id)
    page.disturbed = (hereafter) => {
      const now = clock.now()
      this.claims.disturbed(now)
      if (hereafter === true) {
        this.silence.coarse(now)
        this.dials.clockJumped(now)
      } else {
        this.silence.broken(now)
        this.dials.excused()
      }
    }
    page.locked = () => books.sometimes('a page found its outbox locked by another')
    page.released = (producer) => this.claims.released(producer)
    page.claimed = (outboxes) => {
      if (outboxes.some((outbox) => this.claims.isOwn(outbox)))
        books.sometimes('an outbox that was let go of was claimed at a later WELCOME')
    }
    page.lateEvent = () => books.sometimes('a socket that was let go of still spoke')
  }
}
