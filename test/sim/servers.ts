/**
 * The servers: one process after another at each address, on one store.
 *
 * Owns: starting, crashing and closing processes; who may do what; the trouble with credentials.
 */
import { AuthError } from '../../src/index.js'
import { json } from '../../src/serializers/json.js'
import { msgpack } from '../../src/serializers/msgpack.js'
import {
  createTestServer,
  type ManualClock,
  type SeededRandom,
  type TestNetwork,
  type TestServer,
} from '../../src/testing/index.js'
import type { Books } from './books.js'
import { expectedOfServer, UNAVAILABLE, watchingLogger } from './books-defects.js'
import { addHandlers } from './handlers.js'
import { Gateway } from './gateway.js'
import { CLOSED_ROOM, type Parameters } from './parameters.js'
import type { SharedStore } from './shared-store.js'
import { StorePort, type StoreWeather } from './store-port.js'
import type { Token } from './token.js'

export interface ServersParts {
  readonly clock: ManualClock
  readonly network: TestNetwork<ManualClock>
  readonly random: SeededRandom
  readonly parameters: Parameters
  readonly books: Books
  readonly shared: SharedStore
}

interface Process {
  readonly server: TestServer
  readonly name: string
}

/** What is the matter with a user's credentials, and until when. */
interface Trouble {
  readonly is: 'refused' | 'unavailable'
  readonly until: number
}

export class Servers {
  readonly weather: StoreWeather
  readonly #parts: ServersParts
  readonly #gateway: Gateway
  readonly #running = new Map<string, Process>()
  readonly #ending = new Map<string, number>()
  readonly #trouble = new Map<string, Trouble>()
  #lives = 0

  constructor(parts: ServersParts) {
    this.#parts = parts
    this.#gateway = new Gateway(parts.network)
    this.weather = {
      latencyMs: parts.parameters.storeMs,
      failures: 0,
      failing: 'before',
      stalledUntil: 0,
    }
    parts.books.processAt = (node) => this.#running.get(node)?.name ?? ''
    for (const node of parts.parameters.nodes) this.start(node)
  }

  /** Where to dial a node. */
  static url(node: string): string {
    return `ws://${node}.test/ws`
  }

  get running(): readonly TestServer[] {
    return [...this.#running.values()].map(({ server }) => server)
  }

  at(node: string): TestServer | undefined {
    return this.#running.get(node)?.server
  }

  start(node: string): void {
    if (this.#running.has(node)) return
    const { clock, random, books, parameters } = this.#parts
    const { network } = this.#gateway
    if ((this.#ending.get(node) ?? 0) > 0)
      books.sometimes('two processes served one address in turn, overlapping')
    const life = ++this.#lives
    const port = this.#makePort(node, life)
    const name = `${node}${life}`
    const server = createTestServer({
      logger: watchingLogger((check) => books.guard(check), expectedOfServer, name),
      network,
      url: `${Servers.url(node)}?life=${life}`,
      store: port,
      limits: parameters.limits,
      heartbeat: { timeoutMs: 3_000 },
      serializers: [json(), msgpack()],
      ...(parameters.anonymous
        ? {}
        : { authenticate: ({ auth, request }) => this.#authenticate(auth as Token, request) }),
      authorize: ({ room }) => room !== CLOSED_ROOM,
    })
    addHandlers(server, {
      name,
      books,
      random: random.fork(`handlers ${life}`),
      later: (ms) => new Promise((resolve) => void clock.setTimer(resolve, ms)),
      port: () => port,
    })
    this.#running.set(node, { server, name })
  }

  /** The process is gone from one moment to the next. */
  crash(node: string): boolean {
    this.#running.get(node)?.server.crash()
    return this.#running.delete(node)
  }

  /** The process says goodbye; its address is free at once. */
  close(node: string, options: { drainMs: number; retryAfterMs: number; spreadMs: number }): boolean {
    const process = this.#running.get(node)
    if (process === undefined) return false
    this.#running.delete(node)
    this.#ending.set(node, (this.#ending.get(node) ?? 0) + 1)
    void process.server.close(options).then(() => {
      this.#ending.set(node, (this.#ending.get(node) ?? 1) - 1)
    })
    return true
  }

  trouble(user: string, is: Trouble['is'], ms: number): void {
    this.#trouble.set(user, { is, until: this.#parts.clock.now() + ms })
  }

  /** Nothing is the matter any more. */
  heal(): void {
    this.#trouble.clear()
    this.#gateway.relent()
    Object.assign(this.weather, { latencyMs: 0, failures: 0, stalledUntil: 0 })
    for (const node of this.#parts.parameters.nodes) this.start(node)
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.running.map((server) => server.close({ drainMs: 0 })))
  }

  #makePort(node: string, life: number): StorePort {
    const { clock, random, books, shared } = this.#parts
    return new StorePort({
      shared,
      clock,
      weather: this.weather,
      random: random.fork(`port ${life}`),
      lost: ({ producer, epoch }) => {
        const process = `${node}${life}`
        if (this.#running.get(node)?.name === process) books.wire.lost(producer, epoch, process)
      },
      answerLost: (how) =>
        books.sometimes(
          how === 'after'
            ? 'the store failed after it had done its work'
            : 'the store did its work and never answered',
        ),
    })
  }

  async #authenticate(token: Token, request: unknown): Promise<{ id: string }> {
    const { clock, books, parameters } = this.#parts
    if (parameters.authenticateMs > 0)
      await new Promise<void>((resolve) => void clock.setTimer(resolve, parameters.authenticateMs))
    const id = token.user
    const trouble = this.#trouble.get(id)
    if (trouble !== undefined && trouble.until > clock.now()) {
      if (trouble.is === 'unavailable') throw new Error(UNAVAILABLE)
      books.sometimes('credentials were refused (4300)')
      throw new AuthError('not today')
    }
    if (token.until !== null && token.until <= clock.now()) throw new AuthError('the token has expired')
    this.#gateway.admitted(request, token)
    return { id }
  }
}
