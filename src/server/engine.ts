/**
 * The engine: a server without sockets.
 *
 * Owns: the core, its driver, handlers and store, put together; performing the core's effects. Runs over any transport
 * that can hand it peers: WebSockets (node.ts) or memory (the testing kit).
 * Does not own: listening, HTTP (node.ts); any rule of the protocol (core/).
 */
import type { Encoded, Serializer } from '../protocol/codec.js'
import type { AnyContract, Contract } from '../protocol/contract.js'
import { ClosedError } from '../protocol/errors.js'
import { type Member, SUBPROTOCOL_PREFIX } from '../protocol/frames.js'
import { Driver } from '../runtime/driver.js'
import type { Logger } from '../runtime/ports.js'
import { Authenticator } from './authentication.js'
import type { ServerEffect, ServerInput } from './core/effects.js'
import { ServerCore } from './core/server-core.js'
import type { Store } from './core/store.js'
import { type EngineOptions, type EngineSettings, engineSettings } from './engine-options.js'
import { type ContextServices, deviceOf, type HandlerContext } from './handler-context.js'
import { Handlers } from './handlers.js'
import type { AnswerServices } from './answers.js'
import { type EnginePeer, Performer } from './performer.js'
import { Pusher } from './notifications.js'
import { Sender } from './publisher.js'
import { serverStats } from './stats.js'
import type {
  CloseServerOptions,
  Device,
  SendHandler,
  RequestHandler,
  ServerApi,
  ServerStats,
  SessionHandler,
} from './types.js'

export type { EngineOptions, EnginePeer }

/** How the transport reports. After `closed` nothing follows. */
export interface EngineConnection {
  received(data: Encoded, bytes: number): void
  closed(code: number, reason: string): void
}

export interface Engine<C extends Contract = AnyContract> extends ServerApi<C> {
  /** Subprotocols it speaks, preferred first. */
  readonly protocols: readonly string[]
  readonly settings: EngineSettings
  readonly isClosing: boolean
  readonly connectionCount: number
  accept(peer: EnginePeer): EngineConnection
  /** Checks credentials outside of a connection. */
  authenticate(auth: unknown, request: unknown): ReturnType<Authenticator['check']>
  /** AWAY to all, drains handlers, ends every connection. Always settles; a second call gives the same promise. */
  close(options?: CloseServerOptions): Promise<void>
}

/** Makes a server without sockets. */
export function createEngine<C extends Contract = AnyContract>(options: EngineOptions<C>): Engine<C> {
  return new ServerEngine<C>(engineSettings(options))
}

class ServerEngine<C extends Contract> implements Engine<C> {
  readonly settings: EngineSettings
  readonly protocols: readonly string[]
  readonly #core: ServerCore
  readonly #driver: Driver<ServerInput, ServerEffect>
  readonly #store: Store
  readonly #logger: Logger
  readonly #handlers: Handlers
  readonly #sender: Sender<C>
  readonly #authenticator: Authenticator
  readonly #performer: Performer<C>
  readonly #pusher: Pusher
  readonly #context: ContextServices
  readonly #peers = new Map<number, EnginePeer>()
  readonly #stopListening: () => void
  #nextConnection = 1
  #closing: Promise<void> | null = null
  #idle: (() => void) | null = null
  #isClosed = false

  constructor(settings: EngineSettings) {
    const { clock, random, limits, heartbeat, store } = settings
    this.settings = settings
    this.protocols = settings.serializers.map(({ name }) => SUBPROTOCOL_PREFIX + name)
    this.#store = store
    this.#logger = settings.logger
    const cores: ServerCore[] = []
    this.#driver = new Driver<ServerInput, ServerEffect>({
      clock,
      machine: (emit) => {
        const core = new ServerCore({ limits, heartbeat, chance: random, wall: () => clock.wall(), emit })
        cores.push(core)
        return core
      },
      perform: (effect) => this.#performer.perform(effect),
      afterTurn: () => this.#afterTurn(),
      onClockJump: (ms) => this.#driver.dispatch({ type: 'slept', ms }),
      onFault: (error) => this.#logger.error('defect while performing an effect', { error }),
    })
    this.#core = cores[0] as ServerCore
    this.#pusher = new Pusher(settings.notifications, this.#logger, (userId, devices) =>
      this.#isConnected(userId, devices),
    )
    this.#context = this.#contextServices()
    this.#handlers = new Handlers({
      ...this.#context,
      authorize: settings.authorize,
      logger: this.#logger,
      ran: (job, outcome) => this.#driver.dispatch({ type: 'ran', job, outcome }),
    })
    this.#sender = new Sender<C>({
      ...this.#context,
      store,
      newId: () => random.id(),
      checkOpen: () => this.#checkOpen(),
    })
    this.#authenticator = this.#makeAuthenticator()
    this.#performer = this.#makePerformer()
    this.#stopListening = store.listen((log, epoch, entry) => {
      if (this.#core.appended(log, epoch, entry)) this.#driver.touch()
    })
  }

  get isClosing(): boolean {
    return this.#closing !== null
  }

  get connectionCount(): number {
    return this.#peers.size
  }

  accept(peer: EnginePeer): EngineConnection {
    const connection = this.#nextConnection++
    const serializer = this.#serializerFor(peer.protocol)
    if (serializer === null || this.#isClosed) {
      peer.close(serializer === null ? 1002 : 1001, serializer === null ? 'unknown subprotocol' : 'closed')
      return { received: () => {}, closed: () => {} }
    }
    this.#peers.set(connection, peer)
    this.#driver.dispatch({ type: 'opened', connection, serializer })
    return {
      received: (data, bytes) => this.#driver.dispatch({ type: 'received', connection, data, bytes }),
      closed: (code, reason) => {
        this.#peers.delete(connection)
        this.#driver.dispatch({ type: 'closed', connection, code, reason })
      },
    }
  }

  authenticate(auth: unknown, request: unknown): ReturnType<Authenticator['check']> {
    return this.#authenticator.check(auth, request)
  }

  on(type: string, handler: SendHandler<C, never>): () => void {
    return this.#handlers.addSend(type, handler)
  }

  onRequest(type: string, handler: RequestHandler<C, never>): () => void {
    return this.#handlers.addRequest(type, handler as (data: unknown, context: HandlerContext) => unknown)
  }

  onSession(handler: SessionHandler<C>): () => void {
    this.#performer.sessionHandlers.add(handler)
    return () => {
      this.#performer.sessionHandlers.delete(handler)
    }
  }

  toRoom(id: string): ReturnType<Sender<C>['toRoom']> {
    return this.#sender.toRoom(id)
  }

  toUser(id: string): ReturnType<Sender<C>['toUser']> {
    return this.#sender.toUser(id)
  }

  toSession(id: string): ReturnType<Sender<C>['toSession']> {
    return this.#sender.toSession(id)
  }

  toAll(): ReturnType<Sender<C>['toAll']> {
    return this.#sender.toAll()
  }

  async presence(room: string): Promise<Member[]> {
    return this.#core.members(room)
  }

  async devices(userId: string): Promise<Device[]> {
    return [...this.#core.sessions].filter(({ user }) => user.id === userId).map(deviceOf)
  }

  kick(sessionId: string, reason = 'ended by the server'): void {
    this.#logger.info('kick', { session: sessionId, reason })
    this.#driver.dispatch({ type: 'kick', session: sessionId, reason })
  }

  stats(): ServerStats {
    return serverStats(this.#core, this.#handlers.errors)
  }

  close(options: CloseServerOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  async #close({ drainMs = 1_000, retryAfterMs = 0, spreadMs = 5_000 }: CloseServerOptions): Promise<void> {
    const notice = { afterMs: retryAfterMs, spreadMs, reason: 'shutdown' }
    this.#driver.dispatch({ type: 'away', notice })
    if (this.#core.isBusy) await this.#drained(drainMs)
    this.#driver.dispatch({ type: 'shutdown' })
    this.#isClosed = true
    this.#driver.stop()
    this.#stopListening()
    for (const peer of this.#peers.values()) peer.close(1001, 'closed')
    this.#peers.clear()
    if (this.settings.ownsStore) await this.#store.close()
  }

  /** Until nothing is in hand, but no longer than that. */
  #drained(drainMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.settings.clock.setTimer(() => this.#idle?.(), drainMs)
      this.#idle = () => {
        this.#idle = null
        cancel()
        resolve()
      }
    })
  }

  #afterTurn(): void {
    if (this.#idle !== null && !this.#core.isBusy) this.#idle()
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new ClosedError('the server is closed')
  }

  #serializerFor(protocol: string): Serializer | null {
    return this.settings.serializers.find(({ name }) => SUBPROTOCOL_PREFIX + name === protocol) ?? null
  }

  #isConnected(userId: string, devices: readonly string[] | undefined): boolean {
    for (const { user, device } of this.#core.sessions) {
      if (user.id === userId && (devices === undefined || devices.includes(String(device.kind)))) return true
    }
    return false
  }

  #contextServices(): ContextServices {
    return {
      contract: this.settings.contract,
      wall: () => this.settings.clock.wall(),
      publishVolatile: (room, messageType, data, except) =>
        this.#driver.dispatch({ type: 'volatile', room, messageType, data, except }),
      push: (userId, type, data, options) => this.#pusher.push(userId, type, data, options),
    }
  }

  #makeAuthenticator(): Authenticator {
    const { authenticate, authCacheMs, digest, clock, logger } = this.settings
    return new Authenticator({ authenticate, cacheMs: authCacheMs, digest, now: () => clock.now(), logger })
  }

  #makePerformer(): Performer<C> {
    const { store, authorize, logger, limits } = this.settings
    const answers: AnswerServices = {
      store,
      authenticator: this.#authenticator,
      authorize,
      logger,
      requestOf: (connection) => this.#peers.get(connection)?.request,
      answered: (ref, given) => this.#driver.dispatch({ type: 'answer', ref, answer: given }),
    }
    return new Performer<C>(this.#peers, {
      dispatch: (input) => this.#driver.dispatch(input),
      store,
      handlers: this.#handlers,
      answers,
      context: this.#context,
      logger,
      highWaterBytes: limits.highWaterBytes,
    })
  }
}
