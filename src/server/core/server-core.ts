/**
 * The server's core: one deterministic machine per process.
 *
 * Owns: how the parts are put together, and the order of a turn's end. Every rule lives in the part named after it.
 *
 *   bytes ─► inbox ─┬► handshake ─► welcome          at the end of a turn:
 *                   ├► acceptance ┐                     commits, acknowledgements,
 *                   ├► requests ──┴► commits            presence, then the pump:
 *                   ├► rooms, presence, volatiles       one batch per connection
 *                   └► side frames
 *   entries ─► feeds ─► pump ─► bytes
 */
import type { Member } from '../../protocol/frames.js'
import { type Machine, unreachable } from '../../protocol/machine.js'
import { Acceptance } from './acceptance.js'
import { Commits } from './commits.js'
import { Connections } from './connections.js'
import { Departures } from './departures.js'
import type { Outcome, ServerInput } from './effects.js'
import { Feeds } from './feeds.js'
import { Handshake } from './handshake.js'
import { Heartbeats } from './heartbeat.js'
import { Inbox } from './inbox.js'
import { type Counters, Kernel, type KernelOptions } from './kernel.js'
import { type Committing, type Connection, type Job, type Producer, type Session } from './model.js'
import { Presence } from './presence.js'
import { isBusy, Producers } from './producers.js'
import { Pump } from './pump.js'
import { Requests } from './requests.js'
import { Rooms } from './rooms.js'
import { SideFrames } from './side-frames.js'
import type { LogEntry } from './store.js'
import { Volatiles } from './volatiles.js'
import { Welcomes } from './welcome.js'

export class ServerCore implements Machine<ServerInput> {
  readonly #kernel: Kernel
  readonly #connections: Connections
  readonly #producers: Producers
  readonly #feeds: Feeds
  readonly #pump: Pump
  readonly #commits: Commits
  readonly #acceptance: Acceptance
  readonly #requests: Requests
  readonly #presence: Presence
  readonly #volatiles: Volatiles
  readonly #heartbeats: Heartbeats
  readonly #handshake: Handshake
  readonly #welcomes: Welcomes
  readonly #inbox: Inbox
  readonly #departures: Departures

  constructor(options: KernelOptions) {
    const kernel = new Kernel(options)
    const connections = new Connections(kernel, (connection, was) => this.#departures.ended(connection, was))
    const feeds = new Feeds(kernel)
    this.#kernel = kernel
    this.#connections = connections
    this.#feeds = feeds
    this.#pump = new Pump(kernel, connections, feeds)
    this.#commits = new Commits(kernel, {
      committed: (producer, committing) => this.#committed(producer, committing),
      lost: (producer, why) => this.#departures.lost(producer, why),
    })
    this.#acceptance = new Acceptance(kernel, connections, this.#commits)
    this.#requests = new Requests(kernel, this.#acceptance, this.#commits)
    this.#producers = new Producers(kernel, {
      superseded: (connection) => this.#departures.superseded(connection),
      leftovers: (producer, begun) => this.#requests.endLeftovers(producer, begun),
      unblocked: (waiter) => this.#requests.advance(waiter),
    })
    this.#presence = new Presence(kernel, connections, feeds)
    this.#volatiles = new Volatiles(kernel, connections, feeds)
    this.#heartbeats = new Heartbeats(kernel, connections, this.#pump)
    this.#welcomes = new Welcomes(
      kernel,
      connections,
      this.#producers,
      this.#pump,
      this.#presence,
      this.#heartbeats,
    )
    this.#handshake = new Handshake(kernel, connections, this.#producers, feeds, {
      complete: (connection, session, greeting) => this.#welcomes.welcome(connection, session, greeting),
    })
    this.#departures = new Departures(kernel, {
      connections,
      producers: this.#producers,
      pump: this.#pump,
      presence: this.#presence,
      heartbeats: this.#heartbeats,
      handshake: this.#handshake,
      sessions: this.#welcomes.sessions,
    })
    this.#inbox = new Inbox(kernel, connections, {
      handshake: this.#handshake,
      acceptance: this.#acceptance,
      requests: this.#requests,
      rooms: new Rooms(kernel, connections, feeds, this.#pump, this.#presence),
      presence: this.#presence,
      volatiles: this.#volatiles,
      side: new SideFrames(kernel, connections, this.#producers, this.#presence),
    })
  }

  get counters(): Readonly<Counters> {
    return this.#kernel.counters
  }

  get connectionCount(): number {
    return this.#connections.all.size
  }

  /** Sessions with a live connection. */
  get sessions(): Iterable<Session> {
    return [...this.#welcomes.sessions.values()].map(({ session }) => session)
  }

  get sessionCount(): number {
    return this.#welcomes.sessions.size
  }

  get feedCount(): number {
    return this.#feeds.size
  }

  get producerCount(): number {
    return this.#producers.size
  }

  /** Messages are in hand that have not been committed. */
  get isBusy(): boolean {
    for (const producer of this.#producers.all) if (isBusy(producer)) return true
    return false
  }

  /** Somebody here reads this log. */
  follows(log: string): boolean {
    return this.#feeds.follows(log)
  }

  /**
   * An entry was appended, here or on another process: the input without the way through the driver's queue, because it
   * wants nothing done before the turn's end. `false`: nobody here reads that log.
   */
  appended(log: string, epoch: string, entry: LogEntry): boolean {
    if (!this.#feeds.follows(log)) return false
    this.#feeds.appended(log, epoch, entry)
    return true
  }

  members(room: string): Member[] {
    return this.#presence.members(room)
  }

  deadline(): number | null {
    return this.#kernel.deadlines.next()
  }

  handle(input: ServerInput, now: number): void {
    this.#kernel.now = now
    switch (input.type) {
      case 'received':
        this.#with(input.connection, (connection) =>
          this.#inbox.received(connection, input.data, input.bytes),
        )
        return
      case 'ran':
        this.#ran(input.job, input.outcome)
        return
      case 'committed':
        this.#commits.succeeded(input.producer, input.commit, input.result)
        return
      case 'appended':
        this.appended(input.log, input.epoch, input.entry)
        return
      case 'flush':
        this.#flush()
        return
      case 'tick':
        this.#kernel.deadlines.runDue(now)
        return
      default:
        this.#handleRare(input)
    }
  }

  #handleRare(
    input: Exclude<ServerInput, { type: 'received' | 'ran' | 'committed' | 'appended' | 'flush' | 'tick' }>,
  ): void {
    switch (input.type) {
      case 'opened':
        this.#opened(input.connection, input.serializer)
        return
      case 'closed':
        this.#with(input.connection, (connection) =>
          this.#connections.lost(connection, input.code, input.reason),
        )
        return
      case 'buffered':
        this.#with(input.connection, (connection) => this.#connections.buffered(connection, input.bytes))
        return
      case 'answer':
        this.#kernel.answer(input.ref, input.answer)
        return
      case 'commit-failed':
        this.#commits.failed(input.producer, input.commit, input.error)
        return
      case 'volatile':
        this.#volatiles.publish(input.room, input.messageType, input.data, input.except, null)
        return
      case 'kick':
        this.#departures.kick(input.session, input.reason)
        return
      case 'away':
        this.#departures.goAway(input.notice)
        return
      case 'shutdown':
        this.#departures.shutdown()
        return
      case 'slept':
        this.#heartbeats.slept()
        return
      default:
        unreachable(input)
    }
  }

  #with(id: number, then: (connection: Connection) => void): void {
    const connection = this.#connections.all.get(id)
    if (connection !== undefined) then(connection)
  }

  /** What a turn did becomes lasting, then is told. Commits that are answered at once are told in the next flush. */
  #flush(): void {
    this.#commits.flush()
    this.#acceptance.armDeadlines()
    this.#acceptance.acknowledge()
    this.#presence.flush()
    this.#pump.flush()
  }

  #opened(id: number, serializer: Parameters<Connections['open']>[1]): void {
    this.#connections.open(id, serializer)
    this.#with(id, (connection) => this.#departures.greet(connection))
  }

  #ran(job: Job, outcome: Outcome): void {
    const { producer } = job
    if (producer === null) this.#volatiles.ran(job, outcome)
    else if (job.kind === 'request') this.#requests.ran(producer, job, outcome)
    else this.#acceptance.ran(producer, job, outcome)
  }

  #committed(producer: Producer, { commit, starting }: Committing): void {
    this.#acceptance.committed(producer, commit)
    if (starting.length > 0) this.#requests.start(producer, starting)
    if (producer.waiters.size > 0) {
      const waiters = [...producer.waiters]
      producer.waiters.clear()
      for (const waiter of waiters) this.#requests.advance(waiter)
    }
    this.#producers.dropIfIdle(producer)
  }
}
