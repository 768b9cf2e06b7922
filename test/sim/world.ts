/**
 * A simulated world: the production server and clients on a faulty network, driven by one seed.
 *
 * Owns: what happens in it, drawn from the seed. After the storm the network heals and everything has to come to rest.
 */
import type { Client, OutcomeState } from '../../src/index.js'
import type { Room } from '../../src/client/types.js'
import { createClientIn } from '../../src/client/create-client.js'
import { memoryStore } from '../../src/server/memory-store.js'
import {
  createTestNetwork,
  createTestServer,
  manualClock,
  type ManualClock,
  type SeededRandom,
  seededRandom,
  type TestNetwork,
  type TestServer,
} from '../../src/testing/index.js'
import { memoryStorage } from '../../src/index.js'
import { Page } from './page.js'
import { LogTruth, ReaderBook, SentMessage, Violation } from './books.js'

export interface SimReport {
  seed: number
  steps: number
  messages: number
  requests: number
  delivered: number
  outcomes: Record<string, number>
  restarts: number
  reloads: number
  cuts: number
  gaps: number
}

const ROOMS = ['red', 'blue']
const USERS = ['ada', 'ben', 'cleo']

class SimClient {
  readonly readers = new Map<string, ReaderBook>()
  readonly pending = new Set<Promise<unknown>>()
  /** Messages that storage said it keeps, by id. */
  readonly stored = new Set<string>()

  constructor(
    readonly client: Client,
    readonly user: string,
    readonly policy: 'resend' | 'reject',
    readonly page: Page,
  ) {}
}

export class World {
  readonly #random: SeededRandom
  readonly #clock: ManualClock
  readonly #network: TestNetwork<ManualClock>
  readonly #server: TestServer
  #clients: SimClient[] = []
  /** One disk for each user, shared by their pages one after another. */
  readonly #disks = new Map(USERS.map((user) => [user, memoryStorage()]))
  readonly #truth = new LogTruth()
  readonly #sent = new Map<string, SentMessage>()
  readonly #report: SimReport
  #store = 0
  #process = 0
  #pages = 0
  /** Processes that end in order; the next starts after them. */
  #draining = 0
  #violation: Error | null = null

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    this.#clock = manualClock()
    this.#network = createTestNetwork({ seed, clock: this.#clock })
    this.#report = {
      seed,
      steps: 0,
      messages: 0,
      requests: 0,
      delivered: 0,
      outcomes: {},
      restarts: 0,
      reloads: 0,
      cuts: 0,
      gaps: 0,
    }
    this.#server = createTestServer({
      network: this.#network,
      authenticate: ({ auth }) => ({ id: String(auth) }),
      authorize: () => true,
      store: () => this.#makeStore(),
      limits: { sessionMs: this.#pick([3_000, 120_000]), maxInFlight: this.#pick([4, 64, 1_024]) },
    })
    this.#handle()
    for (const user of USERS) this.#clients.push(this.#makeClient(user))
  }

  /** Tells of everything that happens on the network. */
  trace(listener: Parameters<TestNetwork['trace']>[0]): () => void {
    return this.#network.trace(listener)
  }

  async run(steps: number): Promise<SimReport> {
    for (let step = 0; step < steps; step++) {
      this.#report.steps++
      this.#act()
      await this.#clock.advanceAsync(this.#between(0, this.#chance(0.1) ? 3_000 : 80))
      this.#check()
    }
    await this.#rest()
    return this.#report
  }

  // ── what happens ──────────────────────────────────────────────────────────────────────────────────────────────────

  #act(): void {
    const one = this.#pick(this.#clients)
    const roll = this.#random.next()
    if (roll < 0.45) for (let count = this.#between(1, 8); count > 0; count--) this.#send(one)
    else if (roll < 0.55) this.#request(one)
    else if (roll < 0.62) this.#publish()
    else if (roll < 0.68) this.#join(one)
    else if (roll < 0.7) this.#leave(one)
    else if (roll < 0.88) this.#disturbNetwork()
    else if (roll < 0.91) this.#restartServer()
    else if (roll < 0.94) this.#toggle(one)
    else if (roll < 0.96) this.#clock.sleep(this.#between(100, 60_000), { monotonic: this.#chance(0.5) })
    else if (roll < 0.965) this.#reload(one)
    else if (roll < 0.975) this.#clock.setWall(this.#clock.wall() + this.#between(-86_400_000, 86_400_000))
    else void one.client.restart().catch(() => undefined)
  }

  #send(one: SimClient): void {
    const room = this.#chance(0.4) ? this.#pick(ROOMS) : null
    const type = room === null ? this.#pick(['plain', 'slow', 'fail', 'fan']) : 'chat'
    const options = {
      priority: this.#pick(['high', 'normal', 'normal', 'low'] as const),
      ...(this.#chance(0.1) ? { ttlMs: this.#between(0, 500) } : {}),
      ...(this.#chance(0.1) ? { replaces: this.#pick(['a', 'b']) } : {}),
    }
    const target = room === null ? one.client : one.client.room(room)
    const receipt = target.send(type, { by: one.user }, options)
    const sent = this.#record(receipt.id, 'message', one)
    this.#report.messages++
    this.#track(
      one,
      receipt.settled.then(({ outcome, code }) => this.#settled(sent, outcome, code)),
    )
    void receipt.stored.then((kept) => {
      if (kept === 'stored' && one.page.alive) one.stored.add(receipt.id)
    })
    if (this.#chance(0.05)) receipt.cancel()
  }

  #request(one: SimClient): void {
    const question = this.#random.id()
    const type = this.#pick(['echo', 'slow-echo'])
    this.#report.requests++
    this.#track(
      one,
      one.client.request(type, { question }, { timeoutMs: this.#between(200, 20_000) }).then(
        (answer) => {
          if ((answer as { question: string }).question !== question) {
            this.#fail(new Violation('I10', `request ${question} got another's reply`))
          }
        },
        () => undefined,
      ),
    )
  }

  #publish(): void {
    const target = this.#chance(0.5)
      ? this.#server.toRoom(this.#pick(ROOMS))
      : this.#server.toUser(this.#pick(USERS))
    // A crashed server refuses; what it took is in the log.
    target.send('news', { at: this.#clock.now() }).catch(() => undefined)
  }

  #join(one: SimClient): void {
    const room = one.client.room(this.#pick(ROOMS))
    if (room.snapshot.status !== 'out') return
    const from = this.#pick(['now', 'start'] as const)
    this.#track(
      one,
      room.join({ from }).then(
        () => undefined,
        () => undefined,
      ),
    )
  }

  #leave(one: SimClient): void {
    const id = this.#pick(ROOMS)
    one.readers.delete(`room/${id}`)
    this.#track(one, one.client.room(id).leave())
  }

  #disturbNetwork(): void {
    const roll = this.#random.next()
    const link = this.#network.links().at(this.#between(0, 5))
    if (roll < 0.5) {
      this.#report.cuts++
      link?.cut({
        deliver: 'some',
        clientAfterMs: this.#chance(0.2) ? null : this.#between(0, 500),
        serverAfterMs: this.#chance(0.2) ? null : this.#between(0, 500),
      })
    } else if (roll < 0.65) link?.stall(this.#pick(['up', 'down', 'both'] as const))
    else if (roll < 0.8) link?.heal()
    else if (roll < 0.9) {
      this.#network.set({
        latencyMs: this.#between(0, 100),
        jitterMs: this.#between(0, 200),
        cutChance: this.#chance(0.5) ? 0.02 : 0,
        cutNoticeMs: [0, 2_000],
        refuseChance: this.#chance(0.3) ? 0.3 : 0,
        hangChance: this.#chance(0.2) ? 0.2 : 0,
        lateEvents: this.#chance(0.5),
      })
    } else this.#network.heal()
  }

  #restartServer(): void {
    this.#report.restarts++
    if (this.#chance(0.3)) {
      // The next process starts when this one has ended: a memory store has room for one.
      this.#draining++
      void this.#server.close({ drainMs: 100, spreadMs: 500 }).then(() => {
        this.#draining--
        this.#startSoon()
      })
      return
    }
    this.#server.crash()
    this.#startSoon()
  }

  #startSoon(): void {
    const keepStore = this.#chance(0.5)
    this.#clock.setTimer(
      () => {
        if (this.#draining > 0) return
        try {
          this.#process++
          this.#server.start({ keepStore })
        } catch {
          // It was started by an earlier restart already.
          this.#process--
        }
      },
      this.#between(200, 3_000),
    )
  }

  #toggle(one: SimClient): void {
    if (one.client.snapshot.status === 'idle' || one.client.snapshot.status === 'closed')
      void one.client.connect()
    else void one.client.disconnect()
  }

  /** The page goes without a word; another takes its place, with the same disk. */
  #reload(one: SimClient): void {
    this.#report.reloads++
    one.page.kill()
    const next = this.#makeClient(one.user, one.policy)
    for (const id of one.stored) next.stored.add(id)
    this.#clients = this.#clients.map((other) => (other === one ? next : other))
  }

  // ── the parts ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #makeStore(): ReturnType<typeof memoryStore> {
    const store = memoryStore({
      clock: this.#clock,
      historyMessages: this.#pick([5, 200]),
      sessionMs: 30_000,
      random: this.#random.fork(`store ${this.#store}`),
    })
    this.#store++
    store.listen((log, epoch, entry) => {
      this.#guard(() => this.#truth.appended(log, epoch, entry.offset, entry.meta.id))
    })
    return store
  }

  #handle(): void {
    const ran = (id: string, redelivered: boolean): void =>
      this.#guard(() =>
        this.#sent.get(id)?.ran({ store: this.#store, process: this.#process, redelivered, ended: null }),
      )
    const later = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        this.#clock.setTimer(resolve, ms)
      })
    this.#server.on('plain', (_data, context) => ran(context.id, context.redelivered))
    this.#server.on('fail', (_data, context) => {
      ran(context.id, context.redelivered)
      throw new Error('as it should')
    })
    this.#server.on('slow', async (_data, context) => {
      ran(context.id, context.redelivered)
      await later(this.#between(1, 1_500))
      if (!context.signal.aborted) context.toUser('ada').send('slow-done', null)
    })
    this.#server.on('fan', (_data, context) => {
      ran(context.id, context.redelivered)
      context.toRoom('red').send('fanned', null)
      context.toUser(context.user.id).send('fanned', null)
    })
    this.#server.on('chat', (data, context) => {
      ran(context.id, context.redelivered)
      if (context.room !== null) context.toRoom(context.room).send('chat', data)
    })
    this.#server.onRequest('echo', (data) => data)
    this.#server.onRequest('slow-echo', async (data) => {
      await later(this.#between(1, 3_000))
      return data
    })
  }

  #makeClient(user: string, keptPolicy?: 'resend' | 'reject'): SimClient {
    const policy = keptPolicy ?? this.#pick(['resend', 'reject'] as const)
    const page = new Page()
    const storage = this.#disks.get(user)
    const client = createClientIn(
      {
        url: this.#server.url,
        transports: [page.transport(this.#network.transport())],
        name: user,
        auth: user,
        onUnknown: policy,
        heartbeat: { intervalMs: 2_000, timeoutMs: 1_000 },
        reconnect: { initialDelayMs: 50, maxDelayMs: 1_000 },
        connectTimeoutMs: 3_000,
        queue: {
          maxMessages: this.#pick([20, 10_000]),
          overflow: this.#pick(['reject', 'drop-oldest'] as const),
          ...(storage === undefined ? {} : { storage: page.storage(storage) }),
        },
      },
      {
        clock: page.clock(this.#clock),
        random: this.#random.fork(`page ${this.#pages++}`),
        signals: { listen: () => () => undefined },
      },
    )
    const one = new SimClient(client, user, policy, page)
    client.lifecycle.on('error', (error) => {
      if (error.code === 'protocol_error' || error.name === 'ProtocolError') {
        this.#fail(new Violation('protocol', `${user}: ${error.message}`))
      }
    })
    client.lifecycle.on('gap', (gap) => {
      this.#report.gaps++
      this.#guard(() => this.#reader(one, gap.log)?.gap(gap))
    })
    for (const type of ['slow-done', 'fanned', 'news', 'chat']) {
      client.on(type, (_data, message) => this.#delivered(one, `user/${user}`, message))
      for (const id of ROOMS) {
        client.room(id).on(type, (_data, message) => {
          this.#delivered(one, `room/${id}`, message)
          return this.#chance(0.1) ? new Promise((resolve) => this.#clock.setTimer(resolve, 50)) : undefined
        })
      }
    }
    for (const id of ROOMS) this.#watchRoom(one, client.room(id))
    void client.connect()
    return one
  }

  /** A room's reader begins where a join says; its cursor is known before its first entry is handled. */
  #watchRoom(one: SimClient, room: Room): void {
    let status = room.snapshot.status
    room.subscribe(() => {
      const before = status
      status = room.snapshot.status
      if (status !== 'joined') one.readers.delete(`room/${room.id}`)
      else if (before !== 'joined') {
        const cursor = room.snapshot.cursor
        if (cursor === null) return
        one.readers.set(
          `room/${room.id}`,
          new ReaderBook(`room/${room.id}`, cursor.epoch, cursor.offset, this.#truth),
        )
      }
    })
  }

  #reader(one: SimClient, log: string): ReaderBook | undefined {
    return one.readers.get(log)
  }

  #delivered(one: SimClient, log: string, message: Parameters<ReaderBook['message']>[0]): void {
    this.#report.delivered++
    this.#guard(() => this.#reader(one, log)?.message(message))
  }

  #record(id: string, kind: 'message' | 'request', one: SimClient): SentMessage {
    if (this.#sent.has(id)) throw new Violation('I4', `two messages have the id ${id}`)
    const sent = new SentMessage(id, kind, one.policy)
    this.#sent.set(id, sent)
    return sent
  }

  #settled(sent: SentMessage, outcome: OutcomeState, code: string | null): void {
    this.#report.outcomes[outcome] = (this.#report.outcomes[outcome] ?? 0) + 1
    this.#guard(() => sent.settled(outcome, code))
  }

  #track(one: SimClient, promise: Promise<unknown>): void {
    one.pending.add(promise)
    void promise.finally(() => one.pending.delete(promise))
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The network heals; everything has to come to rest. */
  async #rest(): Promise<void> {
    this.#network.heal()
    this.#network.set({ latencyMs: 1, jitterMs: 0, lateEvents: false })
    for (const link of this.#network.links()) link.heal()
    await this.#clock.advanceAsync(4_000)
    for (const { client } of this.#clients) if (client.snapshot.status !== 'connected') void client.connect()
    await this.#clock.advanceAsync(120_000)
    this.#check()
    for (const one of this.#clients) this.#checkRest(one)
    for (const { client } of this.#clients)
      await Promise.all([client.close(), this.#clock.advanceAsync(2_000)])
    await this.#server.close({ drainMs: 0 })
    await this.#clock.advanceAsync(60_000)
    if (this.#clock.pendingTimers > 0)
      throw new Violation('I12', `${this.#clock.pendingTimers} timers are left`)
  }

  #checkRest(one: SimClient): void {
    const { status, queued, inFlight, error } = one.client.snapshot
    if (status !== 'connected')
      throw new Violation('I4', `${one.user} is ${status} at rest: ${error?.message}`)
    if (queued + inFlight > 0 || one.pending.size > 0) {
      throw new Violation(
        'I4',
        `${one.user}: ${queued} queued, ${inFlight} in flight, ${one.pending.size} unsettled`,
      )
    }
    for (const reader of one.readers.values()) reader.checkComplete()
    this.#checkStored(one)
  }

  /** What was stored outlives its page: it ran, or its page was told what else became of it (rules 6 and 7). */
  #checkStored(one: SimClient): void {
    for (const id of one.stored) {
      const sent = this.#sent.get(id)
      if (sent === undefined || sent.outcome !== null || one.policy === 'reject') continue
      if (sent.runs.length === 0)
        throw new Violation('I4', `${id} was stored, its page went, and it never ran`)
    }
  }

  #guard(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#violation ??=
      error instanceof Error ? error : new Error('not an error was thrown', { cause: error })
  }

  #check(): void {
    if (this.#violation !== null) throw this.#violation
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability
  }

  #between(low: number, high: number): number {
    return low + Math.floor(this.#random.next() * (high - low + 1))
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#between(0, choices.length - 1)] as T
  }
}
