/**
 * The client: the public face of a session.
 *
 * Owns: which parts a client has, what each public method asks of which, and what `update` changes.
 * Does not own: any rule of the protocol (session/), what effects do (effects.ts), the way of a message into the
 * session (message-sender.ts), nor who waits for what (lifetime.ts).
 */
import type { Contract } from '../protocol/contract.js'
import { ConnectError } from '../protocol/errors.js'
import type { Sink } from '../protocol/machine.js'
import type { Message } from '../protocol/messages.js'
import { Dialer } from '../runtime/dialer.js'
import { Driver } from '../runtime/driver.js'
import type { SessionEffect } from '../session/client/inputs.js'
import { ClientSession } from '../session/client/session.js'
import { MessageSender } from './message-sender.js'
import type { ClientDriver, ClientEnvironment } from './environment.js'
import { PlatformWatch, wake } from './platform-watch.js'
import { Announcer } from './announcer.js'
import { type AnyHandler, HandlerRegistry } from './handlers.js'
import { currently, dialPlan, pingInterval, sessionConfig } from './session-config.js'
import { perform } from './effects.js'
import { Lifetime } from './lifetime.js'
import { checkUpdate, connectionConfig, type ResolvedOptions } from './options.js'
import { openStorage } from './outbox-storage.js'
import type { ClientParts } from './parts.js'
import { StatusView } from './status.js'
import type { ClientRoom } from './room.js'
import { Inbox } from './inbox.js'
import { ClientRooms } from './rooms.js'
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

export class SurewireClient implements Client<Contract> {
  readonly name: string
  /** What `update` changes; parts that read options later share it. */
  readonly #options: ClientOptions<Contract>
  readonly #parts: ClientParts
  /** Made when the first room is asked for. */
  #rooms: ClientRooms | null = null

  constructor(options: ClientOptions<Contract>, resolved: ResolvedOptions, environment: ClientEnvironment) {
    this.name = resolved.name
    this.#options = { ...options }
    this.#parts = this.#makeParts(resolved, environment)
  }

  // ── looking ───────────────────────────────────────────────────────────────────────────────────────────────────────

  get lifecycle(): Announcer['lifecycle'] {
    return this.#parts.announcer.lifecycle
  }

  get snapshot(): Snapshot {
    return this.#parts.view.snapshot
  }

  subscribe(listener: () => void): () => void {
    return this.#parts.subscribers.add(null, listener)
  }

  stats(): Stats {
    const { driver, view } = this.#parts
    const { counters, roundTrip, queued, inFlight } = driver.machine
    return {
      ...counters,
      causes: Object.fromEntries(counters.causes),
      queued,
      inFlight,
      roundTrip: { last: roundTrip.last, mean: roundTrip.mean, p95: roundTrip.p95 },
      timeByStatus: view.times(),
    }
  }

  // ── connecting ────────────────────────────────────────────────────────────────────────────────────────────────────

  connect(options: { signal?: AbortSignal } = {}): Promise<void> {
    return this.#parts.lifetime.connect(options.signal)
  }

  disconnect(): Promise<void> {
    return this.#parts.lifetime.disconnect()
  }

  close(options: CloseOptions = {}): Promise<void> {
    return this.#parts.lifetime.close(options)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  restart(options: { force?: boolean } = {}): Promise<void> {
    return this.#parts.lifetime.restart(options.force === true)
  }

  update(options: ClientUpdate<Contract>): void {
    checkUpdate(options, this.name)
    Object.assign(this.#options, options)
    const { announcer, driver, lifetime } = this.#parts
    const config = connectionConfig(this.#options)
    driver.machine.configure(config, pingInterval(config))
    announcer.log('info', 'options changed', { fields: Object.keys(options) })
    const { connection } = driver.machine
    // A terminal error is no longer terminal once what caused it was changed.
    if (connection.name === 'idle' || lifetime.closed) return
    if ('url' in options || 'heartbeat' in options)
      lifetime.replaceConnection('options_changed', 'update() changed url or heartbeat')
    else if ('auth' in options) this.#authenticate(connection.name === 'live')
  }

  /** New credentials: on a live connection in band, else by a new dial. */
  #authenticate(live: boolean): void {
    const { announcer, driver, lifetime } = this.#parts
    if (!live) return lifetime.replaceConnection('options_changed', 'update() changed auth')
    const { auth } = this.#options
    Promise.resolve()
      .then(() => currently(auth))
      .then(
        (value) => driver.dispatch({ type: 'authenticate', auth: value }),
        (error: unknown) =>
          announcer.error(
            new ConnectError(`auth() failed: ${String(error)}`, { code: 'auth_failed', cause: error }),
          ),
      )
  }

  // ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────────

  send(type: string, data: unknown, options?: SendOptions): Receipt {
    return this.#parts.sender.send(null, type, data, options)
  }

  request(type: string, data: unknown, options: RequestOptions = {}): Promise<never> {
    return this.#parts.sender.request(type, data, options)
  }

  on(type: string, handler: AnyHandler, options?: OnOptions): () => void {
    return this.#parts.handlers.on(null, type, handler, options)
  }

  once(type: string, handler: AnyHandler): () => void {
    return this.#parts.handlers.once(null, type, handler)
  }

  messages<T extends string>(type: T, options?: MessagesOptions): AsyncIterableIterator<Message<T>> {
    return this.#parts.handlers.messages(null, type, options)
  }

  room(id: string): ClientRoom {
    this.#rooms ??= new ClientRooms(this.name, this.#parts)
    return this.#rooms.room(id)
  }

  // ── wiring ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #makeParts(resolved: ResolvedOptions, environment: ClientEnvironment): ClientParts {
    const options = this.#options
    const announcer = new Announcer(this.name, resolved.logger)
    const driver = this.#makeDriver(resolved, environment, announcer)
    const view = new StatusView(driver.machine, environment.clock)
    const lifetime = new Lifetime(driver, view)
    const stored = options.queue?.storage
    const storage = stored === undefined ? null : openStorage(stored, environment.clock, driver, announcer)
    const shared = {
      environment,
      announcer,
      driver,
      view,
      lifetime,
      storage,
      handlers: new HandlerRegistry(),
      subscribers: new Subscribers((error) => announcer.fault(error)),
    }
    return {
      ...shared,
      platform: new PlatformWatch(options),
      dialer: new Dialer(dialPlan(options, resolved, storage), (event) => driver.dispatch(event)),
      inbox: new Inbox(shared, resolved.contract),
      sender: new MessageSender(shared, resolved),
    }
  }

  #makeDriver(resolved: ResolvedOptions, environment: ClientEnvironment, announcer: Announcer): ClientDriver {
    const buffered = (): number => this.#parts.dialer.buffered
    const machine = (sink: Sink<SessionEffect>): ClientSession =>
      new ClientSession(sessionConfig(this.#options, resolved, environment, buffered), sink)
    const driver: ClientDriver = new Driver({
      clock: environment.clock,
      machine,
      perform: (effect) => perform(effect, this.#parts),
      afterTurn: () => this.#parts.view.publish(this.#parts.subscribers),
      onClockJump: (jumpMs) => wake(driver, 'clock_jump', `the clock jumped by ${Math.round(jumpMs)} ms`),
      onFault: (error) => announcer.fault(error),
    })
    return driver
  }
}
