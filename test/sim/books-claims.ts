/**
 * What a page let go of on its disk, and what it has to ask for again: outboxes of whoever it is connected as do not wait while it
 * has room for them (rules 6 and 15, I4).
 *
 * Owns: at which WELCOME a page has to claim: at each but its first, whoever let go of the outbox.
 */
import type { StoredOutbox } from '../../src/protocol/storage.js'
import { Violation } from '../../src/testing/simulation/index.js'
import type { LinkBook } from './books-link.js'
import type { MessageBook } from './books-messages.js'
import { ownerOf } from './books-owners.js'
import type { Disk } from './disk.js'

/** Writes before it may each take what the disk takes. */
const PATIENCE_MS = 15_000
/** A page takes over so many outboxes at a time, and none beyond so many producers of a connection (guarantees.md). */
const MOST_LEFTOVERS = 8
const MOST_PRODUCERS = 12

export interface ClaimParts {
  /** The page's. */
  readonly name: string
  readonly disk: Disk
  readonly messages: MessageBook
  /** The connection that it dialled last. */
  readonly link: () => LinkBook | null
}

/** What follows from a WELCOME. */
interface Due {
  readonly user: string
  readonly link: LinkBook | null
  /** Whether it has to claim what had been let go of before this moment of the disk. */
  readonly claims: boolean
  readonly moment: number
  /** Since when it has had its time. */
  at: number
}

export class ClaimBook {
  readonly #parts: ClaimParts
  /** Outboxes that it let go of, and at which moment of the disk. */
  readonly #letGo = new Map<string, number>()
  /** What the server refused, and to whom: it is not theirs, whatever the disk says. */
  readonly #refused = new Set<string>()
  #user: string | null = null
  #due: Due | null = null

  constructor(parts: ClaimParts) {
    this.#parts = parts
  }

  /** What the server refused was not its own to begin with: it is no reason to ask again. */
  released(producer: string): void {
    const { disk, link } = this.#parts
    const key = `${producer} ${this.#user}`
    if (link()?.lanes.some(({ offer, state }) => offer.id === producer && state === null) === true)
      this.#refused.add(key)
    if (!this.#refused.has(key)) this.#letGo.set(producer, disk.moment)
  }

  /** The page was told that it is connected, and as whom. */
  opened(user: string, now: number): void {
    const { disk, link } = this.#parts
    const owner = ownerOf(user)
    const claims = this.#user !== null
    this.#user = owner
    this.#due = { user: owner, link: link(), claims, moment: disk.moment, at: now }
  }

  /** Whether it is of whom the page was told last, and holds anything. */
  isOwn({ producer: { user }, messages }: StoredOutbox): boolean {
    return messages.length > 0 && user !== null && ownerOf(user) === this.#user
  }

  /** It may have been asleep, or slow. */
  disturbed(now: number): void {
    if (this.#due !== null) this.#due.at = now
  }

  /** Of a page that is awake and connected, and keeps its outbox. */
  check(now: number): void {
    const due = this.#due
    if (due === null || now - due.at < PATIENCE_MS) return
    this.#due = null
    const { name, disk } = this.#parts
    for (const [producer, since] of disk.free) {
      const user = disk.userOf(producer)
      if (user !== null && ownerOf(user) !== due.user) continue
      if (since <= due.moment ? due.claims : this.#hadRoomFor(producer, since, due))
        throw new Violation(
          'I4',
          `${name} is connected as ${due.user}, and outbox ${producer} of ${user ?? 'nobody'} was let go of and waits`,
        )
    }
  }

  /** It let go of this one itself, since it was connected, and for no reason. */
  #hadRoomFor(producer: string, since: number, { link }: Due): boolean {
    if (this.#letGo.get(producer) !== since || link === null || link !== this.#parts.link()) return false
    const { lanes, owner } = link
    const { messages } = this.#parts
    const left = lanes.filter(({ offer }) => {
      const page = messages.get(`${offer.id}.${offer.written}`)?.page
      return page !== undefined && page !== owner.name
    })
    return left.length < MOST_LEFTOVERS && lanes.length < MOST_PRODUCERS
  }
}
