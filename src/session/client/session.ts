/**
 * The client's session: one machine that joins connection and delivery.
 *
 * Owns: the order in which things happen: greet, settle, resume, deliver; and the end of it all.
 * Does not own: when to dial (connection/), what waits (delivery/), the frames of each direction (uplink.ts,
 * downlink.ts, rooms.ts, requests.ts). Those are its parts; this file is the way between them.
 */
import { Connection, type ConnectionConfig } from '../../connection/machine.js'
import type { Translator } from '../../connection/dialect.js'
import type { Cause, ConnectionEffect, ConnectionState } from '../../connection/state.js'
import { type Encoded, type Serializer } from '../../protocol/codec.js'
import { CloseCode } from '../../protocol/close-codes.js'
import {
  ClosedError,
  ConfigError,
  isSurewireError,
  ProtocolError,
  SurewireError,
} from '../../protocol/errors.js'
import {
  type AwayFrame,
  type ByeFrame,
  type EntryFrame,
  type FailFrame,
  FrameType,
  type GapFrame,
  type Hello,
  type ServerFrame,
  type VolatileFrame,
  type Welcome,
  type WelcomeFrame,
  type Window,
} from '../../protocol/frames.js'
import { repliesLog, roomLog, roomOf, sessionLog } from '../../protocol/logs.js'
import { type Machine, type Sink, unreachable } from '../../protocol/machine.js'
import { parseServerFrame } from '../../protocol/parse.js'
import { type Draft, Outbox, type OutboxLimits } from '../../delivery/outbox.js'
import type { OutboxEntry } from '../../delivery/producer.js'
import type { BatchTicket } from '../../delivery/receive-window.js'
import { Downlink } from './downlink.js'
import { Handshake, type HandshakeConfig } from './handshake.js'
import { newCounters, type SessionCounters, type SessionEffect, type SessionInput } from './inputs.js'
import type { Persistence } from './persistence.js'
import { type RequestResult, Requests } from './requests.js'
import { type JoinAnswer, type JoinFrom, type RoomRecord, Rooms } from './rooms.js'
import { RoundTrip } from './round-trip.js'
import type { UnknownPolicy } from './resume.js'
import { type Attached, Uplink, type UplinkBatch } from './uplink.js'
import { Watchdog } from './watchdog.js'

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

/** Above this many bytes waiting in the platform's socket, nothing more is handed to it … */
const MAX_BUFFERED_BYTES = 1_048_576
/** … and it is looked at again after this time: WebSockets don't say when they have drained. */
const BUFFER_CHECK_MS = 20

/** Kinds of causes that are counted by name. */
const MAX_CAUSES = 100

/** What became of a volatile message; all but `sent` are dropped. */
export type VolatileFate = 'sent' | 'offline' | 'congested' | 'too_large'

/** Entries go another way. */
type ControlFrame = Exclude<ServerFrame, EntryFrame>
/** What may come after the welcome only. */
type LiveFrame = Exclude<ControlFrame, WelcomeFrame | AwayFrame | FailFrame | ByeFrame>

type Ending = { readonly deadline: number; readonly code: number; readonly reason: string }

export class ClientSession implements Machine<SessionInput> {
  readonly counters: SessionCounters = newCounters()
  readonly roundTrip = new RoundTrip()
  readonly #config: SessionConfig
  readonly #emit: Sink<SessionEffect>
  readonly #connection: Connection
  readonly #handshake: Handshake
  readonly #outbox: Outbox
  readonly #uplink: Uplink
  readonly #downlink: Downlink
  readonly #rooms: Rooms
  readonly #requests: Requests
  readonly #persistence: Persistence | null
  readonly #watchdog: Watchdog
  #translator: Translator | null = null
  /** Encoded frames that go ahead of messages in the next batch. */
  #control: Encoded[] = []
  #auth: unknown
  #ending: Ending | null = null
  #bufferCheckAt: number | null = null
  #now = 0

  constructor(config: SessionConfig, emit: Sink<SessionEffect>) {
    this.#config = config
    this.#emit = emit
    this.#connection = new Connection(config.connection, config.random, (effect) =>
      this.#onConnection(effect),
    )
    this.#handshake = new Handshake(config.handshake)
    this.#persistence = config.persistence?.(emit) ?? null
    this.#outbox = new Outbox(config.outbox, config.newId, (entry) => this.#onSettled(entry))
    this.#uplink = new Uplink(config, this.#outbox, this.counters, this.roundTrip)
    this.#downlink = new Downlink(config.window, this.counters, emit)
    this.#rooms = new Rooms((room) => emit({ type: 'room-changed', room }))
    this.#requests = new Requests(this.#outbox, (entry) => this.#uplink.cancelRequest(entry))
    this.#watchdog = new Watchdog(this.#uplink, this.roundTrip)
  }

  // ── what the client looks at ──────────────────────────────────────────────────────────────────────────────────────

  get connection(): ConnectionState {
    return this.#connection.state
  }

  get attempt(): number {
    return this.#connection.attempt
  }

  get session(): { readonly id: string; readonly resumed: boolean } | null {
    return this.#handshake.session
  }

  get queued(): number {
    return this.#outbox.queued
  }

  get inFlight(): number {
    return this.#outbox.inFlight
  }

  room(id: string): RoomRecord {
    return this.#rooms.get(id)
  }

  /** Everything up to here of a room went through its handlers. */
  roomCursor(id: string): { epoch: string; offset: number } | null {
    return this.#downlink.reader(roomLog(id))?.handled ?? null
  }

  // ── calls that need an answer at once; the driver has to be touched afterwards ────────────────────────────────────

  /** Queues a message; it is written at the end of the turn. */
  enqueue(draft: Draft, now: number): OutboxEntry {
    const entry = this.#outbox.enqueue(draft, now)
    this.#persistence?.appended(entry)
    return entry
  }

  cancel(entry: OutboxEntry, code: string, message: string): boolean {
    return this.#outbox.cancel(entry, code, message)
  }

  /** Queues a request and waits for its reply. */
  request(draft: Draft, deadline: number, now: number, settle: (result: RequestResult) => void): OutboxEntry {
    const entry = this.#outbox.enqueue(draft, now)
    this.#requests.add(entry, deadline, settle)
    return entry
  }

  abortRequest(entry: OutboxEntry, error: SurewireError): void {
    this.#requests.abort(entry, error)
  }

  /** Sends without number or memory, or says why it was dropped. */
  sendVolatile(room: string | null, type: string, data: unknown): VolatileFate {
    const encoded = this.#config.serializer.encode([FrameType.VOLATILE, room, type, data])
    if (this.#connection.state.name !== 'live') return 'offline'
    if (this.#isCongested()) return 'congested'
    if (this.#config.serializer.size(encoded) > this.#uplink.maxFrameBytes) return 'too_large'
    this.#control.push(encoded)
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
    this.#rooms.join(room, from, presence, answer)
    if (this.#rooms.get(room).state.name === 'joining') this.#downlink.abandon(roomLog(room))
  }

  leave(room: string, done: () => void): void {
    this.#downlink.abandon(roomLog(room))
    this.#rooms.leave(room, this.#connection.state.name === 'live', done)
  }

  present(room: string, state: object): void {
    this.#config.serializer.encode(state)
    this.#rooms.present(room, state)
  }

  /** Changes how to connect; holds from the next deadline, HELLO or dial on. */
  configure(connection: ConnectionConfig, pingMs: number): void {
    this.#connection.configure(connection)
    this.#config.handshake.pingMs = pingMs
  }

  /** Takes over outboxes that closed pages left behind; before the first dial. */
  adopt(leftovers: Parameters<Persistence['adopt']>[1]): void {
    this.#persistence?.adopt(this.#outbox, leftovers, (body) => this.#config.serializer.size(body))
  }

  // ── the machine ───────────────────────────────────────────────────────────────────────────────────────────────────

  deadline(): number | null {
    return earliest(
      this.#connection.deadline(),
      this.#outbox.deadline(),
      this.#requests.deadline(),
      this.#translator?.deadline() ?? null,
      this.#connection.state.name === 'live' ? this.#watchdog.deadline() : null,
      this.#ending?.deadline ?? null,
      this.#bufferCheckAt,
    )
  }

  handle(input: SessionInput, now: number): void {
    this.#now = now
    switch (input.type) {
      case 'disconnect':
        this.#sayGoodbye()
        return this.#connection.handle({ type: 'disconnect', cause: DISCONNECTED }, now)
      case 'close':
        return this.#beginClose(input, now)
      case 'opened':
        this.#auth = input.auth
        return this.#connection.handle(input, now)
      case 'received':
        return this.#received(input.dial, input.data, now)
      case 'authenticate':
        if (this.#connection.state.name === 'live') this.#push([FrameType.AUTH, input.auth ?? null])
        return
      case 'handled':
        return this.#downlink.handled(input.delivery)
      case 'stored':
        return this.#persistence?.stored(input.batch, input.kept)
      case 'tick':
        return this.#tick(now)
      case 'flush':
        return this.#flush(now)
      default:
        // The connection's own; an input that is not would be a compile error here.
        return this.#connection.handle(input, now)
    }
  }

  #tick(now: number): void {
    this.#connection.handle({ type: 'tick' }, now)
    if (this.#connection.state.name === 'live') this.#watch(now)
    if (this.#bufferCheckAt !== null && now >= this.#bufferCheckAt) this.#bufferCheckAt = null
    const translatorDue = this.#translator?.deadline() ?? null
    if (translatorDue !== null && now >= translatorDue) this.#takeFrames(this.#translator?.tick(now) ?? [], 0)
    if (this.#ending !== null && now >= this.#ending.deadline) this.#finish(this.#ending)
  }

  /** Acknowledgements that don't come: first a question, then another connection. */
  #watch(now: number): void {
    const { due, cause } = this.#watchdog.check(now)
    if (due === 'probe') this.#connection.handle({ type: 'doubt', cause }, now)
    else if (due === 'replace') this.#connection.handle({ type: 'restart', cause }, now)
  }

  // ── from the wire ─────────────────────────────────────────────────────────────────────────────────────────────────

  #received(dial: number, data: Encoded, now: number): void {
    if (!this.#isCurrent(dial)) return
    this.#connection.handle({ type: 'received', dial }, now)
    const bytes = this.#config.serializer.size(data)
    this.counters.bytesReceived += bytes
    try {
      this.#takeFrames(this.#translator?.incoming(data) ?? [], bytes)
    } catch (error) {
      this.#violation(error, now)
    }
  }

  #isCurrent(dial: number): boolean {
    const { state } = this.#connection
    return (state.name === 'handshaking' || state.name === 'live') && state.dial === dial
  }

  #violation(error: unknown, now: number): void {
    const known = isSurewireError(error)
    const violation = known
      ? error
      : new ProtocolError('the server sent something that cannot be read', {
          code: 'malformed',
          cause: error,
        })
    const closeCode = violation instanceof ProtocolError ? violation.closeCode : CloseCode.PROTOCOL_ERROR
    this.#connection.handle({ type: 'violation', error: violation, closeCode }, now)
  }

  #takeFrames(frames: readonly unknown[], bytes: number): void {
    let ticket: BatchTicket | null = null
    for (const raw of frames) {
      const frame = parseServerFrame(raw)
      if (frame === null) continue
      if (frame[0] === FrameType.ENTRY) ticket = this.#takeEntry(frame, ticket, bytes)
      else this.#take(frame)
    }
    if (ticket !== null) this.#downlink.closeBatch(ticket)
    this.#rooms.settleJoins()
  }

  #takeEntry(frame: EntryFrame, ticket: BatchTicket | null, bytes: number): BatchTicket | null {
    this.#mustBeLive(frame)
    const meta = frame[5]
    if (frame[1] === repliesLog(this.#handshake.session?.id ?? '')) {
      if (this.#downlink.reply(frame)) this.#requests.reply(meta.re ?? '', frame[4], meta.error === true)
      return ticket
    }
    const open = ticket ?? this.#downlink.openBatch(bytes)
    this.#downlink.entry(frame, open)
    return open
  }

  /** Only WELCOME, FAIL, BYE and AWAY may come before the welcome. */
  #mustBeLive(frame: ServerFrame): void {
    if (this.#connection.state.name === 'live') return
    throw new ProtocolError(`frame ${frame[0]} came before WELCOME`, { code: 'unexpected_frame' })
  }

  #take(frame: ControlFrame): void {
    switch (frame[0]) {
      case FrameType.WELCOME:
        return this.#welcomed(frame[1])
      case FrameType.FAIL:
        return this.#connection.handle({ type: 'fail', code: frame[1], message: frame[2] }, this.#now)
      case FrameType.BYE:
        return this.#connection.handle({ type: 'bye' }, this.#now)
      case FrameType.AWAY:
        return this.#connection.handle({ type: 'away', notice: frame[1] }, this.#now)
      default:
        this.#mustBeLive(frame)
        return this.#takeLive(frame)
    }
  }

  #takeLive(frame: LiveFrame): void {
    switch (frame[0]) {
      case FrameType.ACCEPTED:
        return this.#uplink.accepted(frame[1], frame[2], this.#now)
      case FrameType.REJECTED:
        return this.#uplink.rejected(frame[1], frame[2], frame[3], frame[4])
      case FrameType.ATTACHED:
        this.#attached(this.#uplink.attached(frame[1], frame[2]))
        return this.#persistence?.attached(this.#outbox)
      case FrameType.SKIP:
        return this.#downlink.skip(frame)
      case FrameType.GAP:
        return this.#gap(frame)
      case FrameType.JOINED:
        if (this.#rooms.joined(frame[1], frame[2], [frame[3], frame[4]], frame[5] ?? [])) {
          this.#downlink.followFrom(roomLog(frame[2]), [frame[3], frame[4]])
        }
        return
      case FrameType.LEFT:
        if (this.#rooms.left(frame[1], frame[2], frame[3])) this.#downlink.unfollow(roomLog(frame[2]))
        return
      case FrameType.VOLATILE:
        return this.#volatile(frame)
      case FrameType.PRESENCE:
        return this.#rooms.presence(frame)
      case FrameType.PING:
        this.#push([FrameType.PONG, frame[1]])
        return
      case FrameType.PONG:
        this.roundTrip.add(Math.max(0, this.#now - frame[1]))
        return
      case FrameType.AUTHED:
        return this.#handshake.authenticated(frame[1])
      default:
        return unreachable(frame)
    }
  }

  #gap(frame: GapFrame): void {
    const log = frame[1]
    if (!this.#downlink.gap(frame)) return
    const room = roomOf(log)
    if (room !== null) this.#rooms.notRecovered(room)
    if (log === repliesLog(this.#handshake.session?.id ?? '')) {
      this.#requests.loseReplies('the server no longer has the reply to this request')
    }
  }

  #volatile([, room, type, data, from]: VolatileFrame): void {
    if (room !== null && !this.#rooms.follows(room)) return
    this.counters.messagesReceived++
    this.#emit({
      type: 'deliver-volatile',
      message: { id: '', type, data, room, from: from ?? null, offset: null, sentAt: 0, redelivered: false },
    })
  }

  // ── the handshake ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** WELCOME settles: identity, then producers, then logs, in one synchronous step (rule 4). */
  #welcomed(welcome: Welcome): void {
    const { state } = this.#connection
    if (state.name !== 'handshaking') {
      throw new ProtocolError('a second WELCOME on one connection', { code: 'unexpected_frame' })
    }
    // A WELCOME that breaks the protocol is noticed here, before anybody hears of a connection.
    const attached = this.#uplink.welcomed(welcome, this.#now)
    const { resumed, user, ended, userChanged } = this.#handshake.welcomed(welcome)
    this.#connection.handle({ type: 'welcomed', dial: state.dial, pingMs: welcome.pingMs }, this.#now)
    this.#downlink.start(state.dial)
    for (const answer of attached) this.#attached(answer)
    if (userChanged) this.#retireAll()
    if (ended !== null) this.#endSession(ended)
    this.#followLogs(welcome)
    this.#countConnect()
    this.#persistence?.attached(this.#outbox)
    this.#emit({ type: 'opened-session', resumed, user })
  }

  #endSession(id: string): void {
    this.#downlink.end(sessionLog(id), 'the session was not resumed')
    this.#downlink.unfollow(repliesLog(id))
    this.#requests.loseReplies('the session that the reply belonged to was not resumed')
  }

  #followLogs(welcome: Welcome): void {
    for (const log of this.#downlink.logs()) {
      if (roomOf(log) === null && !this.#handshake.owns(log)) this.#downlink.unfollow(log)
    }
    for (const [log, position] of Object.entries(welcome.logs)) {
      const room = roomOf(log)
      if (room === null || this.#rooms.follows(room)) this.#downlink.follow(log, position)
      else this.#rooms.offeredInVain(room)
    }
    for (const room of this.#rooms.notResumed((id) => Object.hasOwn(welcome.logs, roomLog(id)))) {
      this.#rooms.left(0, room, 'forbidden')
      this.#downlink.unfollow(roomLog(room))
    }
  }

  #attached({ producer, fate }: Attached): void {
    if (fate === 'refused') this.#refused(producer)
    else if (fate === 'tail-lost') this.#persistence?.tailLost(this.#outbox, producer)
  }

  /** The server refused a producer: taken by another page, or another user's (rules 3, 15). */
  #refused(producer: OutboxEntry['producer']): void {
    if (producer.leftover) return this.#persistence?.notOurs(this.#outbox, producer)
    this.#outbox.retire(producer, 'producer_refused', 'the server refused this client’s sequence of messages')
    this.#emit({
      type: 'warning',
      code: 'producer_refused',
      message:
        'the server refused a sequence of messages of this client; another page or user owns it. Its unsettled messages ended as cancelled or unknown',
    })
  }

  /** Another user: nobody inherits another's messages (rule 15). */
  #retireAll(): void {
    for (const producer of this.#outbox.producers()) {
      if (!producer.leftover)
        this.#outbox.retire(producer, 'user_changed', 'the connection now belongs to another user')
    }
  }

  #countConnect(): void {
    this.counters.connects++
    if (this.counters.connects > 1) this.counters.reconnects++
  }

  // ── from the connection ───────────────────────────────────────────────────────────────────────────────────────────

  #onConnection(effect: ConnectionEffect): void {
    switch (effect.type) {
      case 'dial': {
        this.#handshake.beforeDial()
        const raised = this.#uplink.beforeDial()
        this.#persistence?.attaching(raised)
        return this.#emit(effect)
      }
      case 'greet':
        return this.#greet(effect.dial)
      case 'ping':
        this.#push([FrameType.PING, Math.floor(this.#now)])
        return
      case 'forget-session':
        return this.#handshake.forgetSession()
      case 'too-large':
        return this.#uplink.tooLarge()
      case 'state':
        return this.#connectionChanged(effect)
      default:
        // For the client to do; an effect that is not would be a compile error here.
        return this.#emit(effect)
    }
  }

  #greet(dial: number): void {
    this.#translator = this.#config.translator()
    const auth = this.#auth
    this.#auth = undefined
    const hello = this.#handshake.hello(this.#uplink.offer(), this.#downlink, auth)
    const encoded = this.#encodeHello(hello)
    if (encoded !== null) return void this.#transmit(dial, [encoded])
    const error = new ConfigError('auth', auth, `something that ${this.#config.serializer.name} can encode`)
    this.#connection.handle({ type: 'failed', dial, error }, this.#now)
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
    this.#emit(effect)
  }

  #countCause({ code }: Cause): void {
    const { causes } = this.counters
    // Some codes come from the server, so that their number has to have a bound.
    const counted = causes.has(code) || causes.size < MAX_CAUSES ? code : 'other'
    causes.set(counted, (causes.get(counted) ?? 0) + 1)
  }

  #lostLink(): void {
    this.#uplink.lost()
    this.#rooms.lost()
    this.#control = []
    this.#translator = null
    this.#bufferCheckAt = null
  }

  /** Terminal: joins cannot happen until somebody connects again; messages stay queued. */
  #closed(error: SurewireError | null, final: boolean): void {
    this.#rooms.endAll(error ?? new ClosedError('the client was closed'), final)
  }

  // ── to the wire ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Lets a frame go ahead of messages. One that the server would end the connection for is an error instead. */
  #push(frame: readonly unknown[]): boolean {
    const encoded = this.#config.serializer.encode(frame)
    const bytes = this.#config.serializer.size(encoded)
    if (bytes <= this.#uplink.maxFrameBytes) {
      this.#control.push(encoded)
      return true
    }
    this.#emit({ type: 'error', error: tooLarge(frame[0], bytes, this.#uplink.maxFrameBytes) })
    return false
  }

  /** The end of a turn: everything that came up in it travels together. */
  #flush(now: number): void {
    // Timers may be late: what is past its time must not be written.
    this.#outbox.expire(now)
    this.#requests.tick(now)
    this.#persistence?.flush()
    const { state } = this.#connection
    if (state.name === 'live') this.#write(state.dial, now)
    if (this.#ending !== null && (this.#outbox.empty || state.name === 'closed')) this.#finish(this.#ending)
  }

  #write(dial: number, now: number): void {
    if (this.#isCongested()) {
      this.#bufferCheckAt = now + BUFFER_CHECK_MS
      return
    }
    const handled = this.#downlink.report()
    if (handled !== null) this.#push([FrameType.HANDLED, ...handled])
    this.#pushRooms()
    this.#attachNew()
    const next = (): UplinkBatch | null => this.#uplink.nextBatch(this.#control)
    for (let batch = next(); batch !== null; batch = next()) {
      const bytes = this.#transmit(dial, batch.frames)
      this.#uplink.wrote(batch, bytes, now)
    }
  }

  #pushRooms(): void {
    for (const frame of this.#rooms.takeFrames()) {
      if (this.#push(frame) || frame[0] !== FrameType.JOIN) continue
      this.#rooms.left(frame[1] as number, frame[2] as string, 'its presence is larger than the server takes')
    }
  }

  #attachNew(): void {
    const unattached = this.#uplink.takeUnattached(
      (producer) => this.#persistence?.attachIsKept(producer) ?? true,
    )
    for (const { producer, index } of unattached) this.#push([FrameType.ATTACH, index, producer.offer()])
  }

  #isCongested(): boolean {
    return this.#config.buffered() > MAX_BUFFERED_BYTES
  }

  #transmit(dial: number, frames: readonly Encoded[]): number {
    let total = 0
    for (const data of this.#translator?.outgoing(frames) ?? []) {
      const bytes = this.#config.serializer.size(data)
      total += bytes
      this.#emit({ type: 'transmit', dial, data, bytes })
    }
    this.counters.bytesSent += total
    return total
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #beginClose(input: SessionInput & { type: 'close' }, now: number): void {
    const { state } = this.#connection
    if (this.#ending !== null || (state.name === 'closed' && state.final)) return
    this.#ending = { deadline: now + input.drainMs, code: input.code, reason: input.reason }
    if (input.drainMs === 0 || this.#outbox.empty) this.#finish(this.#ending)
  }

  /** Says goodbye, then settles everything that is still open. */
  #finish(ending: Ending): void {
    this.#ending = null
    this.#sayGoodbye()
    this.#connection.handle({ type: 'close', code: ending.code, reason: ending.reason }, this.#now)
    this.#persistence?.flush()
    this.#requests.endAll()
    for (const producer of this.#outbox.producers()) {
      if (this.#persistence?.keeps(producer)) this.#persistence.leaveForNextPage(this.#outbox, producer)
      else
        this.#outbox.retire(producer, 'closed', 'the client was closed before the server acknowledged this')
    }
    this.#emit({ type: 'finished' })
  }

  /** An orderly end: others see this client leave at once. The session itself is kept by the server for a while. */
  #sayGoodbye(): void {
    const { state } = this.#connection
    if (state.name !== 'live') return
    this.#push([FrameType.BYE])
    const control = this.#control
    this.#control = []
    this.#transmit(state.dial, control)
  }

  #onSettled(entry: OutboxEntry): void {
    this.#persistence?.settled(entry)
    entry.extra?.onSettled?.(entry)
    this.#emit({ type: 'settled', entry })
  }
}

const DISCONNECTED: Cause = { code: 'disconnect', message: 'disconnect() was called' }

function tooLarge(frame: unknown, bytes: number, maxBytes: number): SurewireError {
  return new SurewireError(
    `a frame of type ${String(frame)} has ${bytes} bytes and was not sent; the server takes at most ${maxBytes} (limits.maxFrameBytes)`,
    { code: 'too_large' },
  )
}

/** The earliest of several deadlines. */
function earliest(...deadlines: (number | null)[]): number | null {
  let first: number | null = null
  for (const deadline of deadlines) {
    if (deadline !== null && (first === null || deadline < first)) first = deadline
  }
  return first
}
