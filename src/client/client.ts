/**
 * The client: the public face of a session.
 *
 * Owns: wiring: session, driver, dialer, handlers, storage, signals; and the promises of connect, disconnect and close.
 * Does not own: any rule of the protocol (session/), nor what a message is checked for (message-sender.ts).
 */
import type { Contract } from '../protocol/contract.js'
import {
  ClosedError,
  ConfigError,
  ConnectError,
  DeliveryError,
  type SurewireError,
} from '../protocol/errors.js'
import { MAX_NAME_LENGTH } from '../protocol/check.js'
import type { Window } from '../protocol/frames.js'
import { unreachable } from '../protocol/machine.js'
import type { Message } from '../protocol/messages.js'
import type { ConnectionConfig } from '../connection/machine.js'
import type { OutboxEntry } from '../delivery/producer.js'
import { wireSize } from '../serializers/size.js'
import { Dialer } from '../runtime/dialer.js'
import { Driver } from '../runtime/driver.js'
import type { Clock, Random, Signals } from '../runtime/ports.js'
import type { SessionEffect, SessionInput } from '../session/client/inputs.js'
import { ClientSession } from '../session/client/session.js'
import { abortError, onAbort } from './abort.js'
import { wiringOf } from './outbox-storage.js'
import { Announcer } from './announcer.js'
import { type AnyHandler, HandlerRegistry } from './handlers.js'
import { Inbox } from './inbox.js'
import { MessageSender, type SenderHost } from './message-sender.js'
import { checkOption, DURATION } from './option-rules.js'
import { checkUpdate, connectionConfig, type ResolvedOptions } from './options.js'
import { closeOnSignals } from './process-signals.js'
import { MessageReceipt, type ReceiptSource } from './receipt.js'
import { ClientRoom, type RoomHost } from './room.js'
import { StatusView } from './status.js'
import type { StorageWriter } from './storage-writer.js'
import { Subscribers } from './subscribers.js'
import type {
  Client,
  ClientOptions,
  ClientUpdate,
  CloseOptions,
  MessagesOptions,
  OnOptions,
  RequestOptions,
  Receipt,
  SendOptions,
  Snapshot,
  Stats,
} from './types.js'

/** What the platform gives a client; tests give their own. */
export interface ClientEnvironment {
  readonly clock: Clock
  readonly random: Random
  readonly signals: Signals
  /** Entries that the server may have sent without their having been handled. @default 1,024 messages, 4 MiB */
  readonly window?: Window
}

const RECEIVE_WINDOW = { messages: 1_024, bytes: 4_194_304 }
/** Longest batch taken from a server. */
const MAX_FRAME_BYTES = 16_777_216
/** The name of a room's log is `room/` and its id. */
const MAX_ROOM_LENGTH = MAX_NAME_LENGTH - 5
/** Names of rooms that nobody holds any more are swept out whenever there are so many more. */
const SWEEP_EVERY = 1_000
/** RFC 6455 section 5.5: 125 bytes less the code. */
const MAX_REASON_BYTES = 123
/** How long `close()` waits for acknowledgements when it isn't told. */
const DEFAULT_DRAIN_MS = 1_000

export class SurewireClient implements Client<Contract> {
  readonly name: string
  readonly #options: ClientOptions<Contract>
  readonly #resolved: ResolvedOptions
  readonly #environment: ClientEnvironment
  readonly #announcer: Announcer
  readonly #driver: Driver<SessionInput, SessionEffect, ClientSession>
  readonly #session: ClientSession
  readonly #dialer: Dialer
  readonly #inbox: Inbox
  readonly #sender: MessageSender
  readonly #handlers = new HandlerRegistry()
  /** Weak, for rendering looks at rooms that it may never use; what a room is joined or heard for goes by its name. */
  readonly #rooms = new Map<string, Pick<WeakRef<ClientRoom>, 'deref'>>()
  readonly #view: StatusView
  readonly #storage: StorageWriter | null
  readonly #subscribers = new Subscribers((error) => this.#announcer.fault(error))
  readonly #cleanups: (() => void)[] = []
  /** One for all messages: a receipt must cost no closures. */
  readonly #senderHost: SenderHost = {
    closed: () => this.#closing !== null,
    newId: () => this.#environment.random.id(),
    enqueue: (draft) => {
      // One that replaces others may find them unwritten until the turn ends.
      if (draft.replaces === null && this.#session.takeFullBatch()) this.#driver.dispatch({ type: 'flush' })
      // The clock costs as much as queueing itself, and only a time limit needs it.
      const entry = this.#session.enqueue(draft, draft.ttlMs === null ? 0 : this.#environment.clock.now())
      this.#driver.touch()
      return entry
    },
    sendVolatile: (room, type, data) => {
      const fate = this.#session.sendVolatile(room, type, data)
      if (fate === 'sent') this.#driver.touch()
      return fate
    },
    cancel: (source) => {
      if (source.settled) return false
      const cancelled = this.#session.cancel(source as OutboxEntry, 'cancelled', 'cancel() was called')
      if (cancelled) this.#driver.touch()
      return cancelled
    },
    stored: (source) => this.#stored(source),
    ended: (source) => this.#announceSettled(source),
  }
  #published: Snapshot
  readonly #roomHost: RoomHost
  readonly #connectWaiters = new Set<(error: SurewireError | null) => void>()
  #closing: { promise: Promise<void>; resolve: () => void } | null = null

  constructor(options: ClientOptions<Contract>, resolved: ResolvedOptions, environment: ClientEnvironment) {
    this.name = resolved.name
    this.#options = { ...options }
    this.#resolved = resolved
    this.#environment = environment
    this.#announcer = new Announcer(resolved.name, resolved.logger)
    this.#driver = new Driver({
      clock: environment.clock,
      machine: (sink) => this.#makeSession(sink),
      perform: (effect) => this.#perform(effect),
      afterTurn: () => this.#publish(),
      onClockJump: (jumpMs) => this.#wake('clock_jump', `the clock jumped by ${Math.round(jumpMs)} ms`),
      onFault: (error) => this.#announcer.fault(error),
    })
    this.#session = this.#driver.machine
    this.#dialer = this.#makeDialer()
    this.#inbox = this.#makeInbox()
    this.#sender = new MessageSender(this.#senderHost, resolved.serializer, resolved.contract)
    this.#roomHost = {
      session: this.#session,
      handlers: this.#handlers,
      subscribers: this.#subscribers,
      touch: () => this.#driver.touch(),
      closed: () => this.#closing !== null,
      send: (room, type, data, sendOptions) => this.#sender.send(room, type, data, sendOptions),
    }
    this.#view = new StatusView(this.#session, environment.clock)
    this.#published = this.#view.snapshot
    this.#storage = this.#openStorage()
  }

  // ── looking ───────────────────────────────────────────────────────────────────────────────────────────────────────

  get lifecycle(): Announcer['lifecycle'] {
    return this.#announcer.lifecycle
  }

  get snapshot(): Snapshot {
    return this.#view.snapshot
  }

  subscribe(listener: () => void): () => void {
    return this.#subscribers.add(null, listener)
  }

  stats(): Stats {
    const { counters, roundTrip, queued, inFlight } = this.#session
    return {
      ...counters,
      causes: Object.fromEntries(counters.causes),
      queued,
      inFlight,
      roundTrip: { last: roundTrip.last, mean: roundTrip.mean, p95: roundTrip.p95 },
      timeByStatus: this.#view.times(),
    }
  }

  // ── connecting ────────────────────────────────────────────────────────────────────────────────────────────────────

  connect(options: { signal?: AbortSignal } = {}): Promise<void> {
    return alsoUnawaited(this.#connect(options.signal, this.#view.status === 'connected'))
  }

  /** `open`: there is nothing to wait for. */
  #connect(signal: AbortSignal | undefined, open: boolean): Promise<void> {
    if (this.#closing !== null) return Promise.reject(new ClosedError('the client is closed; make a new one'))
    if (signal?.aborted) return Promise.reject(abortError(signal))
    if (open) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const settle = (error: SurewireError | null): void => {
        stopListening()
        if (error === null) resolve()
        else reject(error)
      }
      const stopListening = onAbort(signal, () => {
        this.#connectWaiters.delete(settle)
        settle(abortError(signal))
        // Once it was open, others rely on it.
        if (this.#connectWaiters.size === 0 && this.#view.status === 'connecting') void this.disconnect()
      })
      this.#connectWaiters.add(settle)
      this.#driver.dispatch({ type: 'connect' })
    })
  }

  async disconnect(): Promise<void> {
    this.#driver.dispatch({ type: 'disconnect' })
    this.#settleConnect(new ClosedError('disconnect() was called', { code: 'disconnected' }))
  }

  close(options: CloseOptions = {}): Promise<void> {
    if (this.#closing !== null) return this.#closing.promise
    const { code, reason, drainMs } = checkClose(options, this.#view.status === 'connected')
    let resolve = (): void => undefined
    const promise = new Promise<void>((settle) => {
      resolve = settle
    })
    this.#closing = { promise, resolve }
    this.#driver.dispatch({ type: 'close', drainMs, code, reason })
    return promise
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  restart(options: { force?: boolean } = {}): Promise<void> {
    const { name } = this.#session.connection
    const underWay = name === 'dialing' || name === 'handshaking'
    if (options.force === true || !underWay) this.#restart('restart', 'restart() was called')
    // From within a callback the restart is still to come, so that the status says nothing.
    return alsoUnawaited(this.#connect(undefined, false))
  }

  #restart(code: string, message: string): void {
    this.#driver.dispatch({ type: 'restart', cause: { code, message } })
  }

  update(options: ClientUpdate<Contract>): void {
    checkUpdate(options, this.name)
    Object.assign(this.#options, options)
    const config = connectionConfig(this.#options)
    this.#session.configure(config, pingInterval(config))
    this.#announcer.log('info', 'options changed', { fields: Object.keys(options) })
    const { connection } = this.#session
    // A terminal error is no longer terminal once what caused it was changed.
    if (connection.name === 'idle' || this.#closing !== null) return
    if ('url' in options || 'heartbeat' in options)
      this.#restart('options_changed', 'update() changed url or heartbeat')
    else if ('auth' in options) this.#authenticate(connection.name === 'live')
  }

  /** New credentials: on a live connection in band, else by a new dial. */
  #authenticate(live: boolean): void {
    if (!live) return this.#restart('options_changed', 'update() changed auth')
    const { auth } = this.#options
    Promise.resolve()
      .then(() => call(auth))
      .then(
        (value) => this.#driver.dispatch({ type: 'authenticate', auth: value }),
        (error: unknown) =>
          this.#announcer.error(
            new ConnectError(`auth() failed: ${String(error)}`, { code: 'auth_failed', cause: error }),
          ),
      )
  }

  // ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────────

  send(type: string, data: unknown, options?: SendOptions): Receipt {
    return this.#sender.send(null, type, data, options)
  }

  async request(type: string, data: unknown, options: RequestOptions = {}): Promise<never> {
    const timeoutMs = options.timeoutMs ?? this.#resolved.requestTimeoutMs
    const draft = this.#sender.requestDraft(type, data, timeoutMs)
    if ('code' in draft) throw new DeliveryError(draft.message, { code: draft.code, outcome: 'rejected' })
    if (this.#closing !== null) throw new ClosedError('the client is closed; make a new one')
    const { signal } = options
    if (signal?.aborted) throw abortError(signal)
    return new Promise<never>((resolve, reject) => {
      const now = this.#environment.clock.now()
      const stopListening = onAbort(signal, () => {
        this.#session.abortRequest(entry, abortError(signal))
        this.#driver.touch()
      })
      const entry = this.#session.request(draft, now + timeoutMs, now, (result) => {
        stopListening()
        const checked = result.ok ? this.#sender.checkReply(type, result.data) : result
        if (checked.ok) resolve(checked.data as never)
        else reject(checked.error)
      })
      this.#driver.touch()
    })
  }

  on(type: string, handler: AnyHandler, options?: OnOptions): () => void {
    return this.#handlers.on(null, type, handler, options)
  }

  once(type: string, handler: AnyHandler): () => void {
    return this.#handlers.once(null, type, handler)
  }

  messages<T extends string>(type: T, options?: MessagesOptions): AsyncIterableIterator<Message<T>> {
    return this.#handlers.messages(null, type, options)
  }

  room(id: string): ClientRoom {
    const known = this.#rooms.get(id)?.deref()
    if (known !== undefined) return known
    if (typeof id !== 'string' || id === '' || id.length > MAX_ROOM_LENGTH)
      throw new ConfigError('room', id, `a string of 1 to ${MAX_ROOM_LENGTH} characters`, this.name)
    if (this.#rooms.size % SWEEP_EVERY === 0)
      for (const [name, held] of this.#rooms) if (held.deref() === undefined) this.#rooms.delete(name)
    const room = new ClientRoom(id, this.#roomHost)
    // Workers with a compatibility date before May 2025 have none: there, rooms are kept.
    this.#rooms.set(id, typeof WeakRef === 'undefined' ? { deref: () => room } : new WeakRef(room))
    return room
  }

  // ── wiring ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #makeSession(sink: (effect: SessionEffect) => void): ClientSession {
    const { random } = this.#environment
    const options = this.#options
    const storage = options.queue?.storage
    const connection = connectionConfig(options)
    return new ClientSession(
      {
        serializer: this.#resolved.serializer,
        translator: () => this.#resolved.dialect.translator(),
        connection,
        handshake: {
          device: options.device ?? null,
          userLogFrom: options.userLog?.from ?? 'now',
          pingMs: pingInterval(connection),
          maxFrame: MAX_FRAME_BYTES,
        },
        outbox: this.#resolved.queue,
        window: this.#environment.window ?? RECEIVE_WINDOW,
        onUnknown: options.onUnknown ?? 'resend',
        random: () => random.next(),
        newId: () => random.id(),
        buffered: () => this.#dialer.buffered,
        persistence: storage === undefined ? null : wiringOf(storage).persistence,
      },
      sink,
    )
  }

  #makeDialer(): Dialer {
    const plan = {
      url: () => call(this.#options.url),
      auth: () => call(this.#options.auth),
      stored: () => this.#storage?.idle ?? null,
      transports: this.#resolved.transports,
      protocols: this.#resolved.dialect.subprotocols,
    }
    return new Dialer(plan, (event) => this.#driver.dispatch(event))
  }

  #makeInbox(): Inbox {
    return new Inbox(
      {
        handlers: (room, type) => this.#handlers.handlers(room, type),
        handled: (delivery) => {
          this.#session.handled(delivery)
          this.#driver.touch()
        },
        failed: (error) => this.#announcer.error(error),
        unhandled: (message) => this.#unhandled(message),
      },
      this.#resolved.contract,
    )
  }

  async #stored(source: ReceiptSource): Promise<'stored' | 'memory-only'> {
    if (this.#storage === null || (source.settled && source.state !== 'accepted')) return 'memory-only'
    // The message goes to storage at the end of this turn, so look after it.
    await Promise.resolve()
    await this.#storage.idle
    return this.#storage.healthy ? 'stored' : 'memory-only'
  }

  #openStorage(): StorageWriter | null {
    const storage = this.#options.queue?.storage
    if (storage === undefined) return null
    return wiringOf(storage).writer(storage, this.#environment.clock, {
      stored: (batch, kept) => this.#driver.dispatch({ type: 'stored', batch, kept }),
      adopt: (leftovers) => {
        this.#session.adopt(leftovers)
        this.#driver.touch()
      },
      degraded: (error) =>
        this.#announcer.warn(
          'storage_degraded',
          `storage '${storage.name}' failed: ${String(error)}; messages are kept in memory only`,
        ),
    })
  }

  /** From the first dial on: a client that never connects, such as one that a server rendered, holds nothing. */
  #watchPlatform(): void {
    if (this.#cleanups.length > 0) return
    const { signals, closeOnSignals: names } = this.#options
    if (signals !== false) {
      const stop = this.#environment.signals.listen((signal) => {
        this.#announcer.log('debug', 'platform signal', { signal })
        if (signal !== 'hidden') this.#wake(signal, `the platform reported '${signal}'`)
      })
      this.#cleanups.push(stop)
    }
    if (names !== undefined && names !== false) this.#cleanups.push(closeOnSignals(names, () => this.close()))
  }

  #wake(code: string, message: string): void {
    this.#driver.dispatch({ type: 'wake', cause: { code, message } })
  }

  // ── effects ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #perform(effect: SessionEffect): void {
    switch (effect.type) {
      case 'dial':
        this.#watchPlatform()
        return this.#dialer.dial(effect.dial, effect.url)
      case 'transmit':
        return this.#dialer.send(effect.dial, effect.data)
      case 'drop':
        return this.#dialer.drop(effect.dial, effect.code, effect.reason)
      case 'deliver':
        return this.#inbox.deliver(effect.delivery)
      case 'deliver-volatile':
        return this.#inbox.deliverVolatile(effect.message)
      case 'settled':
        return this.#announceSettled(effect.entry)
      case 'room-changed':
        return this.#subscribers.notify(effect.room)
      case 'gap':
        this.#announcer.log('warn', 'gap', { ...effect.gap })
        return this.#inbox.inTurn(effect.reader, () => this.#announcer.announce('gap', effect.gap))
      case 'opened-session':
        this.#announcer.log('info', 'session', { resumed: effect.resumed, user: effect.user.id })
        this.#announcer.announce('open', { resumed: effect.resumed, user: effect.user })
        return
      case 'lost':
        this.#announcer.announce('close', { code: effect.code, reason: effect.reason, cause: effect.cause })
        return
      case 'state':
        return this.#stateChanged(effect)
      case 'error':
        this.#view.failed(effect.error)
        return this.#announcer.error(effect.error)
      case 'warning':
        return this.#announcer.warn(effect.code, effect.message)
      case 'store':
        return this.#storage?.write(effect.batch, effect.changes)
      case 'release':
        return this.#storage?.release(effect.producer)
      case 'claim':
        return this.#storage?.claim()
      case 'finished':
        return void this.#finish()
      default:
        return unreachable(effect)
    }
  }

  #stateChanged({ next, previous, cause }: SessionEffect & { type: 'state' }): void {
    const change = this.#view.changed(next)
    this.#announcer.log('info', 'state', {
      from: previous.name,
      to: next.name,
      cause: cause.code,
      message: cause.message,
      ...(next.name === 'waiting' ? { waitMs: Math.round(next.until - this.#environment.clock.now()) } : {}),
    })
    if (change.next !== change.previous)
      this.#announcer.announce('status', change.next, change.previous, cause)
    if (next.name === 'live') this.#settleConnect(null)
    if (next.name === 'closed') this.#settleConnect(next.error ?? new ClosedError('the client was closed'))
  }

  #settleConnect(error: SurewireError | null): void {
    const waiters = [...this.#connectWaiters]
    this.#connectWaiters.clear()
    for (const settle of waiters) settle(error)
  }

  #announceSettled(source: ReceiptSource): void {
    if (!this.#announcer.hears('settled')) return
    this.#announcer.announce('settled', new MessageReceipt(source, this.#senderHost))
  }

  #unhandled(message: Message): void {
    const place = message.room === null ? 'client' : `room '${message.room}'`
    this.#announcer.warn(
      `unhandled_type:${message.type}`,
      `nobody handles '${message.type}' in ${place}; it counts as handled`,
    )
  }

  #publish(): void {
    const { snapshot } = this
    if (snapshot === this.#published) return
    this.#published = snapshot
    this.#subscribers.notify(null)
  }

  /** Everything is settled: let go of the platform. */
  async #finish(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0)) cleanup()
    this.#handlers.end()
    this.#publish()
    this.#driver.stop()
    await this.#storage?.close()
    this.#closing?.resolve()
  }
}

const pingInterval = ({ heartbeat }: ConnectionConfig): number => heartbeat?.intervalMs ?? 0

/** Whoever does not await hears of failures by lifecycle and snapshot: the rejection is no unhandled one. */
function alsoUnawaited(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined)
  return promise
}

const call = (value: unknown): unknown => (typeof value === 'function' ? (value as () => unknown)() : value)

function checkClose(
  options: CloseOptions,
  connected: boolean,
): { code: number; reason: string; drainMs: number } {
  const { code = 1000, reason = '', drainMs = connected ? DEFAULT_DRAIN_MS : 0 } = options
  if (code !== 1000 && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
    throw new ConfigError('code', code, '1000 or a number from 3000 to 4999')
  }
  if (typeof reason !== 'string' || wireSize(reason) > MAX_REASON_BYTES)
    throw new ConfigError('reason', reason, 'a string of at most 123 bytes')
  checkOption('drainMs', drainMs, DURATION)
  return { code, reason, drainMs }
}
