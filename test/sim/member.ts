/**
 * One page with its client, as an application uses it.
 *
 * Owns: what the page is and does.
 * Does not own: what it sends (member-sending.ts), what its connections bring (member-hearing.ts), what it is told
 * (member-ears.ts), what its callbacks do (member-callbacks.ts), the logs that it reads (member-logs.ts).
 */
import type { Client, Receipt } from '../../src/index.js'
import type { ManualClock, SeededRandom, TestNetwork } from '../../src/testing/index.js'
import type { Books } from './books.js'
import { checkGiven, expectedOfClient, type Place, watchingLogger } from './books-defects.js'
import type { DialBook } from './books-dials.js'
import type { Frame, LinkBook, LinkOwner } from './books-link.js'
import type { Disk } from './disk.js'
import { checkLetGo, checkQueue } from './member-bounds.js'
import { MemberCallbacks } from './member-callbacks.js'
import { makeClient } from './member-client.js'
import { listen } from './member-ears.js'
import { MemberHearing } from './member-hearing.js'
import { MemberLogs } from './member-logs.js'
import { MemberSending } from './member-sending.js'
import { Page } from './page.js'
import type { Habits } from './parameters.js'
import { Pending } from './pending.js'
import { Servers } from './servers.js'
import { newToken, type Token } from './token.js'

export interface MemberParts {
  readonly name: string
  readonly clock: ManualClock
  readonly network: TestNetwork<ManualClock>
  readonly random: SeededRandom
  readonly books: Books
  readonly habits: Habits
  readonly disk: Disk
  readonly nodes: readonly string[]
  /** Session → node that had it last. */
  readonly sessionNodes: Map<string, string>
  /** How long its tokens hold; `null`: for ever. */
  readonly tokenMs: number | null
  /** Its client was closed by its own application. */
  readonly closed: (member: Member) => void
}

export class Member implements LinkOwner {
  readonly name: string
  readonly page: Page
  readonly client: Client
  readonly habits: Habits
  readonly disk: Disk
  /** Who its credentials name; may change. */
  user: string
  readonly logs: MemberLogs
  readonly pending = new Pending()
  /** Rooms that it appears in. */
  readonly present = new Set<string>()
  /** Set once close() was called, and once it had ended. */
  closing = false
  closed = false
  durable: boolean
  /** Where it dialled last. */
  node = ''
  readonly #parts: MemberParts
  readonly #hearing: MemberHearing
  readonly #sending: MemberSending
  readonly #callbacks: MemberCallbacks

  constructor(parts: MemberParts) {
    const { name, clock, network, random, books, habits, disk, sessionNodes } = parts
    this.#parts = parts
    this.name = name
    this.habits = habits
    this.disk = disk
    this.user = habits.user
    this.durable = habits.durable
    this.logs = new MemberLogs(name, habits.device, books)
    this.page = new Page(name, clock, network)
    const { page, pending } = this
    const isClosing = (): boolean => this.closing
    const status = (): Client['snapshot']['status'] => this.client.snapshot.status
    this.#hearing = new MemberHearing({
      name,
      page,
      clock,
      books,
      habits,
      disk,
      owner: this,
      isClosing,
      status,
    })
    const client = this.#makeClient()
    this.client = client
    const closed = (): void => parts.closed(this)
    const callbacks = new MemberCallbacks({ member: this, client, clock, random, books, closed })
    this.#callbacks = callbacks
    const isAlive = (): boolean => this.alive
    const { causes, queue } = this.#hearing
    const sending = new MemberSending({
      name,
      client,
      books,
      habits,
      pending,
      isClosing,
      isAlive,
      clock,
      queue,
      causes,
      callbacks,
      link: () => this.link,
    })
    this.#sending = sending
    listen({ member: this, client, clock, books, callbacks, sending, sessionNodes })
  }

  get dials(): DialBook {
    return this.#hearing.dials
  }

  get causes(): MemberHearing['causes'] {
    return this.#hearing.causes
  }

  get claims(): MemberHearing['claims'] {
    return this.#hearing.claims
  }

  get silence(): MemberHearing['silence'] {
    return this.#hearing.silence
  }

  get queue(): MemberHearing['queue'] {
    return this.#hearing.queue
  }

  get alive(): boolean {
    return this.page.alive
  }

  get doubtful(): boolean {
    return this.disk.doubtful
  }

  get wire(): Habits['wire'] {
    return this.habits.wire
  }

  get link(): LinkBook | null {
    return this.#hearing.link
  }

  mustBeStored(): boolean {
    return this.durable
  }

  isStored(id: string): boolean {
    return this.disk.has(id)
  }

  lostTail(producer: string): boolean {
    return this.disk.lost.has(producer)
  }

  storedEpoch(producer: string): string | null {
    return this.disk.epochOf(producer)
  }

  storedUser(producer: string): string | null {
    return this.disk.userOf(producer)
  }

  storedOf(producer: string): readonly string[] {
    return this.disk.of(producer)
  }

  given(): readonly string[] {
    return this.page.given
  }

  hasTold(id: string): boolean {
    return this.#sending.hasTold(id)
  }

  // ── what it does ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whoever calls these takes back what the server had asked for. */
  connect(): void {
    const { status } = this.client.snapshot
    // One that waits, and was not told to, dials at once.
    if (status === 'idle' || status === 'closed') this.dials.asked()
    else this.dials.excused()
    this.#track('connect', this.client.connect())
  }

  disconnect(): void {
    this.dials.asked()
    this.#track('disconnect', this.client.disconnect())
  }

  restart(force: boolean): void {
    this.dials.asked()
    this.#track('restart', this.client.restart({ force }))
  }

  /** Its user has logged in again, or somebody else has. */
  renewToken(): void {
    this.dials.asked()
    this.client.update({ auth: () => this.#newToken() })
  }

  #newToken(): Token {
    const { clock, tokenMs } = this.#parts
    return newToken(this.user, clock.now(), tokenMs)
  }

  send(...of: Parameters<MemberSending['send']>): Receipt {
    return this.#sending.send(...of)
  }

  cancel(receipt: Receipt): void {
    this.#sending.cancel(receipt)
  }

  request(...of: Parameters<MemberSending['request']>): Promise<void> {
    return this.#sending.request(...of)
  }

  join(room: string, options: Parameters<ReturnType<Client['room']>['join']>[0]): void {
    // One that is being closed takes no more joins; those it took go on.
    if (!this.closing) {
      if (options?.presence !== undefined) this.present.add(room)
      this.logs.asks(room, options?.from, this.client.room(room).snapshot.status === 'joining')
    }
    this.#track('join', this.client.room(room).join(options))
    if (this.client.room(room).snapshot.status === 'joining') this.logs.turnsAway(room)
  }

  leave(room: string): void {
    this.present.delete(room)
    this.logs.leaves(room)
    this.#track('leave', this.client.room(room).leave())
    this.logs.turnsAway(room)
  }

  close(drainMs: number): void {
    if (this.closing) return
    if (this.client.snapshot.inFlight > 0)
      this.#parts.books.sometimes('a client was closed with messages in flight')
    this.closing = true
    this.#leaveMessages()
    this.#track(
      'close',
      this.client.close({ drainMs }).then(() => {
        this.closed = true
      }),
    )
  }

  /** Gone without a word. */
  kill(): void {
    this.page.kill()
    this.#leaveMessages()
  }

  /** What is on its disk is the next page's. */
  #leaveMessages(): void {
    for (const id of this.disk.kept) {
      const message = this.#parts.books.messages.get(id)
      if (message?.page === this.name) message.leftover = true
    }
  }

  /** Its client gave up on its storage. */
  storageFailed(): void {
    this.durable = false
    this.disk.doubtful = true
  }

  /** Its machine has slept, or somebody has set its wall clock: waits end early or late, and nothing was heard meanwhile. */
  clockJumped(): void {
    const now = this.#parts.clock.now()
    this.dials.clockJumped(now)
    this.silence.broken(now)
    this.claims.disturbed(now)
  }

  /** Its application calls back no more, and its handlers hurry. */
  calm(): void {
    this.#callbacks.calm()
  }

  // ── what it is told ───────────────────────────────────────────────────────────────────────────────────────────────

  /** A frame arrived at its end of a link. */
  heard(link: LinkBook, frame: Frame): void {
    this.#hearing.heard(link, frame)
  }

  /** What holds at every step. */
  check(): void {
    if (!this.alive) return
    checkQueue(this)
    this.#hearing.check()
    this.logs.check(this.client)
    this.#callbacks.book.check()
    if (this.closed && !this.page.frozen) checkLetGo(this)
  }

  #track(place: Place, promise: Promise<unknown>): void {
    const { books, name } = this.#parts
    this.pending.track(promise, (error) => books.guard(() => checkGiven(name, place, error)))
  }

  /** An error that only the log heard of. */
  #logged(message: string, cause: unknown): void {
    const { books } = this.#parts
    if (message === 'an error listener failed')
      books.guard(() => this.#callbacks.book.told('listener_failed', cause, true))
  }

  #makeClient(): Client {
    const { name, page, disk, habits } = this
    const { random, nodes, books } = this.#parts
    const url = (): string => {
      this.node = random.pick(nodes)
      return Servers.url(this.node)
    }
    const auth = (): unknown => this.#newToken()
    const logger = watchingLogger(
      (check) => books.guard(check),
      (message, fields) => {
        this.#logged(message, fields['cause'])
        return expectedOfClient(message, fields, books.storeHasLost)
      },
      name,
    )
    return makeClient({ name, page, disk, habits, random: random.fork('client'), url, auth, logger })
  }
}
