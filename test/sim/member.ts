/**
 * One page with its client, as an application uses it, and the books of what it was told.
 *
 * Owns: handlers, listeners, readers of its logs, everything that is still to settle (I4, I5, I10, I11, I12).
 */
import type { Client, Message, Receipt } from '../../src/index.js'
import { createClientIn } from '../../src/client/create-client.js'
import { FrameType } from '../../src/protocol/frames.js'
import type { ManualClock, SeededRandom, TestNetwork } from '../../src/testing/index.js'
import { Violation } from '../../src/testing/simulation/index.js'
import type { Books } from './books.js'
import { DialBook } from './books-dials.js'
import type { Frame, LinkBook, LinkOwner } from './books-link.js'
import { SentMessage } from './books-messages.js'
import type { Disk } from './disk.js'
import { HANDLED } from './handlers.js'
import { MemberLogs } from './member-logs.js'
import { Page } from './page.js'
import { type Habits, ROOMS } from './parameters.js'
import { Servers } from './servers.js'

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
}

const DOWN_TYPES = ['note', 'news', 'chat', 'raw'] as const
const CLOSES: Readonly<Record<number, Parameters<Books['sometimes']>[0]>> = {
  4200: 'a session moved (4200)',
  4202: 'the memory of a live connection was lost (4202)',
  4400: 'a session was kicked (4400)',
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
  readonly pending = new Set<Promise<unknown>>()
  /** Rooms that it appears in. */
  readonly present = new Set<string>()
  /** Set once close() was called, and once it had ended. */
  closing = false
  closed = false
  durable: boolean
  readonly #parts: MemberParts
  readonly #random: SeededRandom
  #link: LinkBook | null = null
  node = ''
  readonly dials: DialBook
  /** Messages that lifecycle 'settled' told of. */
  readonly #told = new Set<string>()
  readonly #stops: (() => void)[] = []
  #reentry: number
  #slowness: number

  constructor(parts: MemberParts) {
    const { name, clock, network, random, habits, disk } = parts
    this.#parts = parts
    this.name = name
    this.habits = habits
    this.disk = disk
    this.user = habits.user
    this.durable = habits.durable
    this.#reentry = habits.reentry
    this.#slowness = habits.slowness.chance
    this.logs = new MemberLogs(name, habits.device, parts.books)
    this.dials = new DialBook(name, habits.reconnect)
    this.#random = random
    this.page = new Page(name, clock, network)
    this.page.dialed = (id) => this.#dialed(id)
    this.page.disturbed = (hereafter) =>
      hereafter === true ? this.dials.clockJumped(clock.now()) : this.dials.excused()
    this.page.lateEvent = () => parts.books.sometimes('a socket that was let go of still spoke')
    this.client = this.#makeClient()
    this.#listen()
  }

  get alive(): boolean {
    return this.page.alive
  }

  get doubtful(): boolean {
    return this.disk.doubtful
  }

  get link(): LinkBook | null {
    return this.#link
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

  // ── what it does ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whoever calls these takes back what the server had asked for. */
  connect(): void {
    const { status } = this.client.snapshot
    // One that waits, and was not told to, dials at once.
    if (status === 'idle' || status === 'closed') this.dials.asked()
    else this.dials.excused()
    this.#track(this.client.connect())
  }

  /** Callbacks call back no more, and handlers hurry: a reader that lags far behind would be long in coming to rest. */
  calm(): void {
    this.#reentry = 0
    this.#slowness = 0
  }

  disconnect(): void {
    this.dials.asked()
    this.#track(this.client.disconnect())
  }

  restart(force: boolean): void {
    this.dials.asked()
    this.#track(this.client.restart({ force }))
  }

  update(options: Parameters<Client['update']>[0]): void {
    this.dials.asked()
    this.client.update(options)
  }

  send(room: string | null, type: string, ms: number, options: Parameters<Client['send']>[2]): Receipt {
    const { books } = this.#parts
    const tag = books.newTag()
    const target = room === null ? this.client : this.client.room(room)
    const receipt = target.send(type, { tag, ms, to: '' }, options)
    if (options?.volatile === true) return receipt
    const handled = room === null ? (HANDLED as readonly string[]).includes(type) : type === 'chat'
    const message = new SentMessage(receipt.id, 'message', this.habits.policy, tag, handled, this.name)
    books.guard(() => books.messages.sent(message))
    this.#track(receipt.settled.then(({ outcome, code }) => this.#settled(message, outcome, code)))
    return receipt
  }

  request(type: string, ms: number, options: { timeoutMs: number; signal?: AbortSignal }): Promise<void> {
    const { books, habits } = { ...this.#parts, habits: this.habits }
    const tag = books.newTag()
    books.messages.ask(tag, habits.policy)
    const asked = this.client.request(type, { tag, ms }, options).then(
      (answer) => {
        if ((answer as { tag: number }).tag === tag) return
        books.guard(() => {
          throw new Violation('I10', `request ${tag} got the reply to ${(answer as { tag: number }).tag}`)
        })
      },
      (error: { outcome?: string }) => {
        if (error.outcome === 'unknown') books.sometimes('a request ended as unknown')
      },
    )
    this.#track(asked)
    return asked
  }

  join(room: string, options: Parameters<ReturnType<Client['room']>['join']>[0]): void {
    if (options?.presence !== undefined) this.present.add(room)
    this.logs.asks(room, options?.from)
    this.#track(this.client.room(room).join(options))
    if (this.client.room(room).snapshot.status === 'joining') this.logs.turnsAway(room)
  }

  leave(room: string): void {
    this.present.delete(room)
    this.logs.leaves(room)
    this.#track(this.client.room(room).leave())
    this.logs.turnsAway(room)
  }

  close(drainMs: number): void {
    if (this.closing) return
    if (this.client.snapshot.inFlight > 0)
      this.#parts.books.sometimes('a client was closed with messages in flight')
    this.closing = true
    for (const id of this.disk.kept) this.#leave(id)
    this.#track(
      this.client.close({ drainMs }).then(() => {
        this.closed = true
      }),
    )
  }

  /** Gone without a word. What is on its disk is the next page's. */
  kill(): void {
    this.page.kill()
    for (const id of this.disk.kept) this.#leave(id)
  }

  #leave(id: string): void {
    const message = this.#parts.books.messages.get(id)
    if (message !== undefined) message.leftover = true
  }

  // ── what it is told ───────────────────────────────────────────────────────────────────────────────────────────────

  /** A frame arrived at its end of a link. */
  heard(link: LinkBook, frame: Frame): void {
    if (link !== this.#link || link.closedByClient) return
    // What a frozen page got is heard later, and then holds from then on.
    if (this.page.frozen) return this.dials.clockJumped(this.#parts.clock.now())
    if (frame[0] === FrameType.AWAY) {
      this.#parts.books.sometimes('AWAY was heard')
      this.dials.away(this.#parts.clock.now() + (frame[1] as { afterMs: number }).afterMs)
    } else if (
      frame[0] === FrameType.PRESENCE &&
      frame[3] === 'sync' &&
      link.welcome?.session.resumed === true
    ) {
      this.#parts.books.sometimes('presence was synchronised after a resume')
    }
  }

  check(): void {
    if (!this.alive) return
    const { queued, status } = this.client.snapshot
    if (queued > this.habits.maxMessages)
      throw new Violation(
        'I7',
        `${this.name}: ${queued} messages wait; the queue takes ${this.habits.maxMessages}`,
      )
    this.logs.check(this.client)
    if (!this.closed || this.page.frozen) return
    const { timers, listeners, handles, links } = this.page.held
    if (timers + listeners + handles + links + this.pending.size > 0 || status !== 'closed') {
      throw new Violation(
        'I12',
        `${this.name} is closed (${status}) and holds ${timers} timers, ${listeners} listeners, ${handles} locks, ${links} sockets, ${this.pending.size} promises`,
      )
    }
  }

  #dialed(id: number): void {
    const { books, clock } = this.#parts
    const link = books.wire.dialed(id, this)
    this.#link = link
    if (this.page.throttled || this.disk.latencyMs > 0) this.dials.excused()
    books.guard(() => this.dials.dialed(this.client.snapshot.status, clock.now()))
  }

  #settled(message: SentMessage, outcome: Parameters<SentMessage['settled']>[0], code: string | null): void {
    const { books } = this.#parts
    books.guard(() => message.settled(outcome, code))
    if (code === 'replaced') books.sometimes('a message was replaced in the queue')
    else if (outcome === 'cancelled') books.sometimes('a message was cancelled before it was written')
    if (outcome === 'expired') books.sometimes('a message expired before it was written')
    if (outcome === 'dropped') books.sometimes('a message was dropped by a full queue')
    if (outcome === 'rejected') books.sometimes('a message was refused')
    if (outcome === 'unknown' && this.habits.policy === 'reject' && !this.closing)
      books.sometimes('a message of an unknown fate was not sent again')
  }

  #settledOnce(id: string): void {
    this.#parts.books.guard(() => {
      if (this.#told.has(id)) throw new Violation('I4', `${id} was announced as settled twice`)
      this.#told.add(id)
    })
  }

  #opened({ resumed }: { resumed: boolean }): void {
    const { books, sessionNodes } = this.#parts
    const link = this.#link
    const welcome = link?.welcome
    if (link === null || welcome == null) return
    const { id } = welcome.session
    if (resumed && (sessionNodes.get(id) ?? this.node) !== this.node)
      books.sometimes('a session was resumed on another node')
    sessionNodes.set(id, this.node)
    this.logs.opened(welcome)
  }

  #delivered(log: string, message: Message): void | Promise<void> {
    const ended = this.logs.delivered(log, message, this.#link)
    this.reenter()
    if (this.#random.chance(this.#slowness)) return this.#takeTime(this.habits.slowness.maxMs).finally(ended)
    ended()
  }

  /** A handler that takes its time; now and then because it asks the server something. */
  async #takeTime(maxMs: number): Promise<void> {
    if (this.#random.chance(0.2) && !this.closing) {
      this.#parts.books.sometimes('a handler awaited a request')
      await this.request('echo', 0, { timeoutMs: 2_000 })
      return
    }
    const ms = this.#random.integer(1, maxMs)
    await new Promise<void>((resolve) => void this.#parts.clock.setTimer(resolve, ms))
  }

  /** Callbacks may call back in. */
  reenter(): void {
    if (!this.#random.chance(this.#reentry) || this.closing || !this.alive) return
    this.#parts.books.sometimes('a callback called back into its client')
    const room = this.#random.pick(ROOMS)
    switch (this.#random.integer(0, 9)) {
      case 0:
        return this.disconnect()
      case 1:
        // Its status may be of before the turn that calls back: what it gave up a moment ago is tried again.
        this.dials.asked()
        return this.connect()
      case 2:
        return this.join(room, { from: 'start' })
      case 3:
        return this.leave(room)
      case 4:
        return this.restart(true)
      case 5:
        return this.#stops.shift()?.()
      case 6:
        this.#stops.push(this.client.on('note', () => undefined))
        return
      case 7:
        return void this.send(null, 'plain', 0, {}).cancel()
      default:
        this.send(null, 'fan', 0, {})
    }
  }

  // ── the parts ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #makeClient(): Client {
    const { habits, disk, page } = this
    return createClientIn(
      {
        url: () => Servers.url(this.#pickNode()),
        transports: [page.transport()],
        name: this.name,
        auth: () => this.user,
        onUnknown: habits.policy,
        device: { kind: habits.device },
        heartbeat: { intervalMs: habits.heartbeatMs, timeoutMs: 1_000 },
        reconnect: habits.reconnect,
        connectTimeoutMs: 4_000,
        userLog: { from: habits.userLogFrom },
        queue: {
          maxMessages: habits.maxMessages,
          overflow: habits.overflow,
          ...(habits.durable ? { storage: page.storage(disk) } : {}),
        },
      },
      {
        clock: page.clock,
        random: this.#random.fork('client'),
        signals: page.signals,
        window: habits.window,
      },
    )
  }

  #pickNode(): string {
    this.node = this.#random.pick(this.#parts.nodes)
    return this.node
  }

  #listen(): void {
    const { client } = this
    const { lifecycle } = client
    lifecycle.on('open', (info) => {
      this.dials.opened(this.#parts.clock.now())
      this.#opened(info)
      this.reenter()
    })
    lifecycle.on('gap', (gap) => {
      this.logs.gap(gap)
      this.reenter()
    })
    lifecycle.on('error', (error) => this.#error(error))
    lifecycle.on('warning', ({ code }) => {
      if (code !== 'storage_degraded') return
      this.durable = false
      this.disk.doubtful = true
    })
    lifecycle.on('close', ({ code, cause }) => this.#connectionClosed(code, cause.code))
    lifecycle.on('settled', ({ id }) => {
      this.#settledOnce(id)
      this.reenter()
    })
    lifecycle.on('status', () => this.reenter())
    for (const type of DOWN_TYPES) {
      client.on(type, (data, message) => this.#delivered((data as { to: string }).to, message))
      for (const id of ROOMS)
        client.room(id).on(type, (_data, message) => this.#delivered(`room/${id}`, message))
    }
    for (const id of ROOMS) this.logs.watch(client, id, () => this.reenter())
  }

  #connectionClosed(code: number, cause: string): void {
    this.dials.closed(code, cause, this.#parts.clock.now())
    const situation = CLOSES[code]
    if (situation !== undefined) this.#parts.books.sometimes(situation)
  }

  #error(error: Error & { code: string }): void {
    const { books, clock } = this.#parts
    this.dials.failed(error, this.client.snapshot.retryAt !== null, clock.now())
    if (error.name !== 'ProtocolError') return
    books.guard(() => {
      throw new Violation('protocol', `${this.name}: ${error.message}`)
    })
  }

  #track(promise: Promise<unknown>): void {
    this.pending.add(promise)
    void promise.then(
      () => this.pending.delete(promise),
      () => this.pending.delete(promise),
    )
  }
}
