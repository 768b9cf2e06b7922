/**
 * A server on a test network: the production engine, without ports.
 *
 * Owns: its address, its store across restarts, the handlers across restarts, what a crash does.
 * Does not own: anything a server does otherwise (server/engine.ts).
 */
import type { AnyContract, Contract, RequestType, SendType } from '../protocol/contract.js'
import { ConfigError } from '../protocol/errors.js'
import type { Member } from '../protocol/frames.js'
import type { Clock, Transport } from '../runtime/ports.js'
import { systemClock } from '../runtime/system.js'
import { json } from '../serializers/json.js'
import { createEngine, type Engine } from '../server/engine.js'
import type { EngineOptions } from '../server/engine-options.js'
import { memoryStore } from '../server/memory-store.js'
import type {
  CloseServerOptions,
  Device,
  RequestHandler,
  SendHandler,
  ServerApi,
  ServerStats,
  SessionHandler,
  Store,
} from '../server/types.js'
import { createTestNetwork } from './network.js'
import type { TestNetwork, TestPeer } from './network-types.js'
import { Registrations } from './registrations.js'
import { StorePlug } from './store-plug.js'

export const DEFAULT_URL = 'ws://server.test/ws'

export interface TestServerOptions<C extends Contract = AnyContract>
  extends Omit<EngineOptions<C>, 'clock' | 'random' | 'store'> {
  /** @default a network of its own */
  network?: TestNetwork
  /** Clock of a network of its own. @default the machine's */
  clock?: Clock
  /** Seed of a network of its own. @default 0 */
  seed?: number | bigint
  /** Several servers on one network need several. @default 'ws://server.test/ws' */
  url?: string
  /** A function makes a new one after a restart that keeps none. @default memoryStore() shaped by `limits` */
  store?: Store | (() => Store)
}

export interface RestartOptions {
  /** `false`: the memory of the old process is lost. @default true */
  keepStore?: boolean
}

/** A server without ports. Handlers stay across restarts. */
export interface TestServer<C extends Contract = AnyContract> extends ServerApi<C> {
  readonly url: string
  readonly network: TestNetwork
  /** For `createClient({ url: server.url, transports: [server.transport()] })`. */
  transport(): Transport
  /** The process dies at once: connections break, what was not committed is gone. Dials fail until {@link start}. */
  crash(): void
  /** Starts after a crash or a close. */
  start(options?: RestartOptions): void
  /** `crash` and `start`. */
  restart(options?: RestartOptions): void
  /** An orderly end: clients are told to come back later, handlers may finish. */
  close(options?: CloseServerOptions): Promise<void>
}

/**
 * Starts a server in memory: the engine of production on a test network, with a store that survives restarts.
 *
 * Without `network` or `clock` it runs in real time, so that `createClient` works with it as it is. With a
 * `manualClock()` time stands still until the test advances it; use `createTestClient` then.
 *
 * @example
 * const server = createTestServer();
 * server.on('hello', (data, ctx) => ctx.toRoom('lobby').send('greeting', data));
 * const client = createClient({ url: server.url, transports: [server.transport()] });
 */
export function createTestServer<C extends Contract = AnyContract>(
  options: TestServerOptions<C> = {},
): TestServer<C> {
  return new MemoryServer<C>(options)
}

/** One process: an engine, its store's plug, its connections. */
interface Process<C extends Contract> {
  readonly engine: Engine<C>
  readonly plug: StorePlug
  readonly peers: Set<TestPeer>
  readonly stopListening: () => void
}

class MemoryServer<C extends Contract> implements TestServer<C> {
  readonly url: string
  readonly network: TestNetwork
  readonly #options: TestServerOptions<C>
  readonly #registrations: Registrations<Engine<C>>
  #store: Store
  #process: Process<C> | null = null
  /** The engine of the last process: says what it knew, and refuses what comes too late. */
  #engine: Engine<C>
  #starts = 0

  constructor(options: TestServerOptions<C>) {
    const { network, clock = systemClock(), seed = 0, url = DEFAULT_URL } = options
    this.url = url
    this.network = network ?? createTestNetwork({ seed, clock })
    this.#options = options
    this.#store = this.#makeStore()
    this.#process = this.#startProcess()
    this.#engine = this.#process.engine
    this.#registrations = new Registrations(this.#engine)
  }

  transport(): Transport {
    return this.network.transport()
  }

  crash(): void {
    const process = this.#process
    if (process === null) return
    this.#process = null
    process.stopListening()
    process.plug.pull()
    for (const peer of process.peers) peer.abandon()
    // Stops its timers; nothing it still does reaches anybody.
    void process.engine.close({ drainMs: 0 })
  }

  start({ keepStore = true }: RestartOptions = {}): void {
    if (this.#process !== null) throw new Error('the test server is running; call crash() or close() first')
    if (!keepStore) this.#store = this.#makeStore()
    this.#process = this.#startProcess()
    this.#engine = this.#process.engine
    this.#registrations.moveTo(this.#engine)
  }

  restart(options: RestartOptions = {}): void {
    this.crash()
    this.start(options)
  }

  async close(options?: CloseServerOptions): Promise<void> {
    const process = this.#process
    if (process === null) return
    this.#process = null
    process.stopListening()
    await process.engine.close(options)
  }

  on<T extends SendType<C>>(type: T, handler: SendHandler<C, T>): () => void {
    return this.#registrations.add((engine) => engine.on(type, handler))
  }

  onRequest<T extends RequestType<C>>(type: T, handler: RequestHandler<C, T>): () => void {
    return this.#registrations.add((engine) => engine.onRequest(type, handler))
  }

  onSession(handler: SessionHandler<C>): () => void {
    return this.#registrations.add((engine) => engine.onSession(handler))
  }

  toRoom(id: string): ReturnType<ServerApi<C>['toRoom']> {
    return this.#engine.toRoom(id)
  }

  toUser(id: string): ReturnType<ServerApi<C>['toUser']> {
    return this.#engine.toUser(id)
  }

  toSession(id: string): ReturnType<ServerApi<C>['toSession']> {
    return this.#engine.toSession(id)
  }

  toAll(): ReturnType<ServerApi<C>['toAll']> {
    return this.#engine.toAll()
  }

  presence(room: string): Promise<Member[]> {
    return this.#engine.presence(room)
  }

  devices(userId: string): Promise<Device[]> {
    return this.#engine.devices(userId)
  }

  kick(sessionId: string, reason?: string): void {
    this.#engine.kick(sessionId, reason)
  }

  stats(): ServerStats {
    return this.#engine.stats()
  }

  #makeStore(): Store {
    const { store, limits } = this.#options
    if (typeof store === 'function') return store()
    if (store === undefined) {
      const { clock, random } = this.network
      return memoryStore({ ...limits, clock, random: random.fork(`store ${this.url} ${this.#starts}`) })
    }
    if (this.#starts > 0) {
      throw new ConfigError('store', store, 'a function that makes a store, to restart without the old one')
    }
    return store
  }

  #startProcess(): Process<C> {
    const {
      network: _network,
      clock: _clock,
      seed: _seed,
      url: _url,
      store: _store,
      ...options
    } = this.#options
    const plug = new StorePlug(this.#store)
    const start = ++this.#starts
    const engine = createEngine<C>({
      serializers: [json()],
      ...options,
      clock: this.network.clock,
      random: this.network.random.fork(`server ${this.url} ${start}`),
      store: plug,
    })
    const peers = new Set<TestPeer>()
    const stopListening = this.network.listen(this.url, (peer) => accept(engine, peer, peers), {
      protocols: engine.protocols,
    })
    return { engine, plug, peers, stopListening }
  }
}

function accept(
  engine: Pick<Engine, 'accept'>,
  peer: TestPeer,
  peers: Set<TestPeer>,
): ReturnType<Engine['accept']> {
  peers.add(peer)
  const connection = engine.accept(peer)
  return {
    received: (data, bytes) => connection.received(data, bytes),
    closed: (code, reason) => {
      peers.delete(peer)
      connection.closed(code, reason)
    },
  }
}
