/**
 * The client's session: one machine that joins connection and delivery.
 *
 * Owns: the order in which things happen: greet, settle, resume, deliver; and the end of it all.
 * Does not own: when to dial (connection/), what waits (delivery/), frames (inbound.ts, wire.ts) or what they mean
 * (welcoming.ts, uplink.ts, downlink.ts, rooms.ts, requests.ts). Those are its parts; this file is the way between them.
 */
import type { Translator } from '../../connection/dialect.js'
import { Connection, type ConnectionConfig } from '../../connection/machine.js'
import type { Cause, ConnectionEffect, ConnectionState } from '../../connection/state.js'
import type { Encoded, Serializer } from '../../protocol/codec.js'
import { ClosedError, ConfigError, type SurewireError } from '../../protocol/errors.js'
import { FrameType, type Hello, type Window } from '../../protocol/frames.js'
import { roomLog } from '../../protocol/logs.js'
import type { Machine, Sink } from '../../protocol/machine.js'
import { type Draft, Outbox, type OutboxLimits } from '../../delivery/outbox.js'
import type { OutboxEntry } from '../../delivery/producer.js'
import { Downlink } from './downlink.js'
import { Handshake, type HandshakeConfig } from './handshake.js'
import { Inbound } from './inbound.js'
import {
  type Delivery,
  newCounters,
  type SessionCounters,
  type SessionEffect,
  type SessionInput,
} from './inputs.js'
import type { SessionParts } from './parts.js'
import type { Persistence } from './persistence.js'
import { type RequestResult, Requests } from './requests.js'
import type { UnknownPolicy } from './resume.js'
import { type JoinAnswer, type JoinFrom, type RoomRecord, Rooms } from './rooms.js'
import { RoundTrip } from './round-trip.js'
import { Uplink } from './uplink.js'
import { Watchdog } from './watchdog.js'
import { Welcoming } from './welcoming.js'
import { Wire } from './wire.js'

export interface SessionConfig {
  readonly serializer: Serializer
  readonly translator: () => Translator
  readonly connection: ConnectionConfig
  readonly handshake: HandshakeConfig
  readonly outbox: OutboxLimits
  readonly window: Window
  readonly onUnknown: UnknownPolicy
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly newId: () => string
  /** Bytes that the current link has not put on the wire yet. */
  readonly buffered: () => number
  /** Makes the part that has messages stored before they are written (rule 7); `null`: memory has to do. */
  readonly persistence: ((emit: Sink<SessionEffect>) => Persistence) | null
}

/** Kinds of causes that are counted by name. */
const MAX_CAUSES = 100

/** What became of a volatile message; all but `sent` are dropped. */
export type VolatileFate = 'sent' | 'offline' | 'congested' | 'too_large'

type Ending = { readonly deadline: number; readonly code: number; readonly reason: string }

export class ClientSession implements Machine<SessionInput> {
  readonly counters: SessionCounters = newCounters()
  readonly roundTrip = new RoundTrip()
  readonly #config: SessionConfig
  readonly #emit: Sink<SessionEffect>
  readonly #parts: SessionParts
  readonly #wire: Wire
  readonly #inbound: Inbound
  readonly #watchdog: Watchdog
  #auth: unknown
  #ending: Ending | null = null
  #now = 0

  constructor(config: SessionConfig, emit: Sink<SessionEffect>) {
    this.#config = config
    this.#emit = emit
    const { counters, roundTrip } = this
    const outbox = new Outbox(config.outbox, config.newId, (entry) => this.#onSettled(entry))
    const uplink = new Uplink(config, outbox, counters, roundTrip)
    this.#parts = {
      emit,
      serializer: config.serializer,
      counters,
      roundTrip,
      connection: new Connection(config.connection, config.random, (effect) => this.#onConnection(effect)),
      handshake: new Handshake(config.handshake),
      outbox,
      uplink,
      downlink: new Downlink(config.window, counters, emit),
      rooms: new Rooms((room) => emit({ type: 'room-changed', room })),
      requests: new Requests(outbox, (entry) => uplink.cancelRequest(entry)),
      persistence: config.persistence?.(emit) ?? null,
    }
    this.#wire = new Wire(this.#parts, config.buffered)
    this.#inbound = new Inbound(this.#parts, this.#wire, new Welcoming(this.#parts))
    this.#watchdog = new Watchdog(uplink, roundTrip)
  }

  // ── what the client looks at ──────────────────────────────────────────────────────────────────────────────────────

  get connection(): ConnectionState {
    return this.#parts.connection.state
  }

  get attempt(): number {
    return this.#parts.connection.attempt
  }

  get session(): { readonly id: string; readonly resumed: boolean } | null {
    return this.#parts.handshake.session
  }

  get queued(): number {
    return this.#parts.outbox.queued
  }

  get inFlight(): number {
    return this.#parts.outbox.inFlight
  }

  room(id: string): Readonly<RoomRecord> {
    return this.#parts.rooms.look(id)
  }

  /** Everything up to here of a room went through its handlers. */
  roomCursor(id: string): { epoch: string; offset: number } | null {
    return this.#parts.downlink.reader(roomLog(id))?.handled ?? null
  }

  // ── calls that need an answer at once; the driver has to be touched afterwards ────────────────────────────────────

  /** Queues a message; it is written at the end of the turn. `now` matters only to one with a time limit. */
  enqueue(draft: Draft, now: number): OutboxEntry {
    const entry = this.#parts.outbox.enqueue(draft, now)
    this.#parts.persistence?.appended(entry)
    return entry
  }

  /**
   * Whether so much has gathered in this turn that it should go before more is queued, by a flush: the server handles it
   * while the turn gathers the rest. With durable storage nothing may go before it is stored, and that is once a turn.
   */
  takeFullBatch(): boolean {
    const { connection, persistence, uplink } = this.#parts
    return persistence === null && connection.state.name === 'live' && uplink.takeFullBatch()
  }

  cancel(entry: OutboxEntry, code: string, message: string): boolean {
    return this.#parts.outbox.cancel(entry, code, message)
  }

  /** Queues a request and waits for its reply. */
  request(draft: Draft, deadline: number, now: number, settle: (result: RequestResult) => void): OutboxEntry {
    const entry = this.#parts.outbox.enqueue(draft, now)
    this.#parts.requests.add(entry, deadline, settle)
    return entry
  }

  abortRequest(entry: OutboxEntry, error: SurewireError): void {
    this.#parts.requests.abort(entry, error)
  }

  /** Sends without number or memory, or says why it was dropped. */
  sendVolatile(room: string | null, type: string, data: unknown): VolatileFate {
    const encoded = this.#config.serializer.encode([FrameType.VOLATILE, room, type, data])
    if (this.#parts.connection.state.name !== 'live') return 'offline'
    if (this.#wire.isCongested) return 'congested'
    if (this.#config.serializer.size(encoded) > this.#parts.uplink.maxFrameBytes) return 'too_large'
    this.#wire.pushEncoded(encoded)
    return 'sent'
  }

  join(
    room: string,
    from: JoinFrom | null,
    presence: object | null,
    answer: (answer: JoinAnswer) => void,
  ): void {
    // What cannot be encoded is the caller's mistake, to be heard of here and not at the end of the turn.
    if (presence !== null) this.#config.serializer.encode(presence)
    this.#parts.rooms.join(room, from, presence, answer)
    if (this.#parts.rooms.look(room).state.name === 'joining') this.#parts.downlink.abandon(roomLog(room))
  }

  leave(room: string, done: () => void): void {
    this.#parts.downlink.abandon(roomLog(room))
    this.#parts.rooms.leave(room, this.#parts.connection.state.name === 'live', done)
  }

  present(room: string, state: object): void {
    this.#config.serializer.encode(state)
    this.#parts.rooms.present(room, state)
  }

  /** Changes how to connect; holds from the next deadline, HELLO or dial on. */
  configure(connection: ConnectionConfig, pingMs: number): void {
    this.#parts.connection.configure(connection)
    this.#config.handshake.pingMs = pingMs
  }

  /** Outboxes that closed pages left behind: before the first dial, and what is claimed after a WELCOME. */
  adopt(leftovers: Parameters<Persistence['adopt']>[1]): void {
    const { connection, outbox, persistence, uplink } = this.#parts
    persistence?.adopt(outbox, leftovers, {
      sizeOf: (body) => this.#config.serializer.size(body),
      attached: () => uplink.attachedCount,
      state: () => connection.state.name,
    })
  }

  /** The handlers of a delivered entry are done; there are too many of them for the driver's queue. */
  handled(delivery: Delivery): void {
    this.#parts.downlink.handled(delivery)
  }

  // ── the machine ───────────────────────────────────────────────────────────────────────────────────────────────────

  deadline(): number | null {
    return earliest(
      this.#parts.connection.deadline(),
      this.#parts.outbox.deadline(),
      this.#parts.requests.deadline(),
      this.#wire.translatorDeadline,
      this.#parts.connection.state.name === 'live' ? this.#watchdog.deadline() : null,
      this.#ending?.deadline ?? null,
      this.#wire.bufferCheckAt,
    )
  }

  handle(input: SessionInput, now: number): void {
    this.#now = now
    switch (input.type) {
      case 'disconnect':
        this.#sayGoodbye()
        this.#parts.connection.handle({ type: 'disconnect', cause: DISCONNECTED }, now)
        return this.#parts.persistence?.stopped()
      case 'close':
        return this.#beginClose(input, now)
      case 'opened':
        this.#auth = input.auth
        return this.#parts.connection.handle(input, now)
      case 'received':
        return this.#inbound.received(input.dial, input.data, now)
      case 'authenticate':
        if (this.#parts.connection.state.name === 'live')
          this.#wire.push([FrameType.AUTH, input.auth ?? null])
        return
      case 'stored':
        if (!input.kept) this.#storageFailed(now)
        return this.#parts.persistence?.stored(this.#parts.outbox, input.batch, input.kept)
      case 'tick':
        return this.#tick(now)
      case 'flush':
        return this.#flush(now)
      default:
        // The connection's own; an input that is not would be a compile error here.
        return this.#parts.connection.handle(input, now)
    }
  }

  #tick(now: number): void {
    this.#parts.connection.handle({ type: 'tick' }, now)
    const { state } = this.#parts.connection
    if (state.name === 'live') this.#watch(state.dial, now)
    this.#inbound.tick(now)
    if (this.#ending !== null && now >= this.#ending.deadline) this.#finish(this.#ending)
  }

  /** Acknowledgements that don't come: first a question, then another connection. */
  #watch(dial: number, now: number): void {
    const due = this.#watchdog.check(now)
    if (due !== null) this.#parts.connection.handle({ ...due, dial }, now)
  }

  /** What closed pages left goes to a page whose storage works: to take it over would end a connection that has it (4401). */
  #storageFailed(now: number): void {
    const { connection, outbox, uplink } = this.#parts
    const { state } = connection
    if ('dial' in state && outbox.leftovers.some((producer) => !producer.empty && uplink.isOffered(producer)))
      connection.handle({ type: 'replace', dial: state.dial, cause: STORAGE_FAILED }, now)
  }

  // ── from the connection ───────────────────────────────────────────────────────────────────────────────────────────

  #onConnection(effect: ConnectionEffect): void {
    switch (effect.type) {
      case 'dial': {
        this.#parts.persistence?.dialling()
        this.#parts.handshake.beforeDial()
        const raised = this.#parts.uplink.beforeDial()
        this.#parts.persistence?.attaching(raised)
        return this.#emit(effect)
      }
      case 'greet':
        return this.#greet(effect.dial)
      case 'ping':
        this.#wire.push([FrameType.PING, Math.floor(this.#now)])
        return
      case 'forget-session':
        return this.#parts.handshake.forgetSession()
      case 'too-large':
        return this.#parts.uplink.tooLarge()
      case 'state':
        return this.#connectionChanged(effect)
      default:
        // For the client to do; an effect that is not would be a compile error here.
        return this.#emit(effect)
    }
  }

  #greet(dial: number): void {
    this.#wire.open(this.#config.translator())
    const auth = this.#auth
    this.#auth = undefined
    const hello = this.#parts.handshake.hello(this.#parts.uplink.offer(), this.#parts.downlink, auth)
    const encoded = this.#encodeHello(hello)
    if (encoded !== null) return void this.#wire.transmit(dial, [encoded])
    const error = new ConfigError('auth', auth, `something that ${this.#config.serializer.name} can encode`)
    this.#parts.connection.handle({ type: 'failed', dial, error }, this.#now)
  }

  /** `null`: the credentials cannot be encoded; everything else in it was checked before. */
  #encodeHello(hello: Hello): Encoded | null {
    try {
      return this.#config.serializer.encode([FrameType.HELLO, hello])
    } catch {
      return null
    }
  }

  #connectionChanged(effect: ConnectionEffect & { type: 'state' }): void {
    const { next, previous, cause } = effect
    if (next.name !== 'live' && next.name !== 'handshaking') {
      if ('dial' in previous) this.#countCause(cause)
      if (previous.name === 'live' || previous.name === 'handshaking') this.#lostLink()
    }
    if (next.name === 'closed') this.#closed(next.error, next.final)
    if (next.name === 'closed') this.#parts.persistence?.stopped()
    this.#emit(effect)
  }

  #countCause({ code }: Cause): void {
    const causes = new Map(this.counters.causes)
    // Some codes come from the server, so that their number has to have a bound.
    const counted = causes.has(code) || causes.size < MAX_CAUSES ? code : 'other'
    causes.set(counted, (causes.get(counted) ?? 0) + 1)
    this.counters.causes = causes
  }

  #lostLink(): void {
    this.#parts.uplink.lost()
    this.#parts.persistence?.lost(this.#parts.outbox)
    this.#parts.rooms.lost()
    this.#wire.lost()
  }

  /** Terminal: joins cannot happen until somebody connects again; messages stay queued. */
  #closed(error: SurewireError | null, final: boolean): void {
    this.#parts.rooms.endAll(error ?? new ClosedError('the client was closed'), final)
  }

  // ── the end of a turn ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Everything that came up in a turn travels together. */
  #flush(now: number): void {
    // Timers may be late: what is past its time must not be written.
    this.#parts.outbox.expire(now)
    this.#parts.requests.tick(now)
    const { state } = this.#parts.connection
    if (state.name === 'live') this.#wire.write(state.dial, now)
    // After that: what is found too large while it is written ends in this turn, too.
    this.#parts.persistence?.flush()
    if (this.#ending !== null && (this.#parts.outbox.empty || state.name === 'closed'))
      this.#finish(this.#ending)
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #beginClose(input: SessionInput & { type: 'close' }, now: number): void {
    const { state } = this.#parts.connection
    if (this.#ending !== null || (state.name === 'closed' && state.final)) return
    this.#ending = { deadline: now + input.drainMs, code: input.code, reason: input.reason }
    if (input.drainMs === 0 || this.#parts.outbox.empty) this.#finish(this.#ending)
  }

  /** Says goodbye, then settles everything that is still open. */
  #finish(ending: Ending): void {
    this.#ending = null
    this.#sayGoodbye()
    this.#parts.connection.handle({ type: 'close', code: ending.code, reason: ending.reason }, this.#now)
    this.#parts.persistence?.flush()
    this.#parts.requests.endAll()
    for (const producer of this.#parts.outbox.producers()) {
      if (this.#parts.persistence?.keeps(producer))
        this.#parts.persistence.leaveForNextPage(this.#parts.outbox, producer)
      else
        this.#parts.outbox.retire(
          producer,
          'closed',
          'the client was closed before the server acknowledged this',
        )
    }
    this.#emit({ type: 'finished' })
  }

  /** An orderly end: others see this client leave at once. The session itself is kept by the server for a while. */
  #sayGoodbye(): void {
    const { state } = this.#parts.connection
    if (state.name !== 'live') return
    this.#wire.push([FrameType.BYE])
    this.#wire.flushControl(state.dial)
  }

  #onSettled(entry: OutboxEntry): void {
    this.#parts.persistence?.settled(entry)
    entry.extra?.onSettled?.(entry)
    this.#emit({ type: 'settled', entry })
  }
}

const STORAGE_FAILED: Cause = {
  code: 'storage_failed',
  message: 'storage failed; what closed pages left goes out with another page',
}

const DISCONNECTED: Cause = { code: 'disconnect', message: 'disconnect() was called' }

/** The earliest of several deadlines. */
function earliest(...deadlines: (number | null)[]): number | null {
  let first: number | null = null
  for (const deadline of deadlines) {
    if (deadline !== null && (first === null || deadline < first)) first = deadline
  }
  return first
}
