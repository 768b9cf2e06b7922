/**
 * The worlds that conformance tests run in: memory or real sockets, with each codec.
 *
 * Owns: the matrix, how time passes while a test waits, raw peers of either side, clearing up.
 * Does not own: starting our own server (server-under-test.ts), nor what is tested.
 */
import { afterEach, beforeEach, describe } from 'vitest'
import type { Client, ClientOptions } from '../../src/client/types.js'
import { createClient } from '../../src/client/create-client.js'
import type { Serializer } from '../../src/protocol/codec.js'
import { json } from '../../src/serializers/json.js'
import { msgpack } from '../../src/serializers/msgpack.js'
import { createTestClient } from '../../src/testing/client.js'
import { type ManualClock, manualClock } from '../../src/testing/manual-clock.js'
import { createTestNetwork } from '../../src/testing/network.js'
import type { TestNetwork } from '../../src/testing/network-types.js'
import { RawClient, type Waiting } from './raw-client.js'
import { RawServerConnection } from './raw-server.js'
import type { ServeOptions, ServerUnderTest } from './server-under-test.js'
import { type AcceptedSocket, dialSocket, listenOnSocket } from './socket-world.js'

export const everyTransport = ['memory', 'socket'] as const
export const everyCodec = ['json', 'msgpack'] as const

type TransportName = (typeof everyTransport)[number]
type CodecName = (typeof everyCodec)[number]

/** A server driven by hand: every connection waits to be taken. */
export interface RawServer {
  readonly url: string
  /** Connections so far. */
  readonly connections: readonly RawServerConnection[]
  /** The next connection that was not taken yet. */
  accept(): Promise<RawServerConnection>
}

/** Where one test runs. Whatever it starts is cleared away after the test. */
export interface World extends Waiting {
  readonly transport: TransportName
  readonly serializer: Serializer
  /** Waits for a promise, letting time pass. */
  during<Value>(promise: PromiseLike<Value>): Promise<Value>
  /** Wall-clock time in ms since 1970. */
  wall(): number
  /** Lets time pass. On sockets it is real: keep it short. */
  pass(ms: number): Promise<void>
  /** Starts our server. */
  serve(options?: ServeOptions): Promise<ServerUnderTest>
  /** Opens a hand-driven connection to the server that was started. */
  connect(): Promise<RawClient>
  /** Starts a hand-driven server. */
  serveRaw(): Promise<RawServer>
  /** Makes one of our clients; it does not connect by itself. */
  client(options: ClientOptions): Client
  stop(): Promise<void>
}

const codecs: Readonly<Record<CodecName, () => Serializer>> = { json, msgpack }

/** Runs the tests in every combination of transport and codec, each test in a world of its own. */
export function inEveryWorld(title: string, body: (world: () => World) => void): void {
  const cases = everyTransport.flatMap((transport) => everyCodec.map((codec) => ({ transport, codec })))
  describe.each(cases)(`${title} ($transport, $codec)`, ({ transport, codec }) => {
    let world: World | null = null
    beforeEach(() => {
      world = transport === 'memory' ? new MemoryWorld(codecs[codec]()) : new SocketWorld(codecs[codec]())
    })
    afterEach(async () => {
      await world?.stop()
    })
    body(() => {
      if (world === null) throw new Error('there is no world outside a test')
      return world
    })
  })
}

/** What both worlds do alike. */
abstract class CommonWorld implements World {
  abstract readonly transport: TransportName
  readonly serializer: Serializer
  readonly #clearing: (() => unknown)[] = []
  #url: string | null = null

  constructor(serializer: Serializer) {
    this.serializer = serializer
  }

  abstract wait(condition: () => boolean, forWhat: string): Promise<void>
  abstract stir(): void
  abstract wall(): number
  abstract pass(ms: number): Promise<void>
  abstract client(options: ClientOptions): Client
  protected abstract start(options: ServeOptions): Promise<ServerUnderTest>
  protected abstract listen(accept: (protocol: string, sink: RawSinkOf) => AcceptedSocket): Promise<string>
  protected abstract dial(client: RawClient, url: string, protocols: readonly string[]): void

  async during<Value>(promise: PromiseLike<Value>): Promise<Value> {
    let settled = false
    const settle = (): void => {
      settled = true
      this.stir()
    }
    promise.then(settle, settle)
    await this.wait(() => settled, 'a promise to settle')
    return await promise
  }

  async serve(options: ServeOptions = {}): Promise<ServerUnderTest> {
    const server = await this.start(options)
    this.#url = server.url
    this.later(() => this.during(server.close({ drainMs: 0 })))
    return server
  }

  async connect(): Promise<RawClient> {
    const url = this.#url
    if (url === null) throw new Error('connect: no server was started')
    const client = new RawClient(this.serializer, this)
    this.dial(client, url, [`surewire.1.${this.serializer.name}`])
    this.later(() => client.close(1006))
    await this.wait(() => client.protocol !== null || client.failure !== null, 'a connection')
    if (client.failure !== null) throw client.failure
    return client
  }

  async serveRaw(): Promise<RawServer> {
    const connections: RawServerConnection[] = []
    let taken = 0
    const url = await this.listen((protocol, sink) => {
      const connection = new RawServerConnection(protocol, this.serializer, sink, this)
      connections.push(connection)
      this.stir()
      return {
        received: (data) => connection.receive(data),
        closed: (code, reason) => connection.closed(code, reason),
      }
    })
    const accept = async (): Promise<RawServerConnection> => {
      await this.wait(() => connections.length > taken, 'the client to connect')
      const connection = connections[taken++]
      if (connection === undefined) throw new Error('unreachable')
      return connection
    }
    return { url, connections, accept }
  }

  async stop(): Promise<void> {
    for (const clear of this.#clearing.splice(0).toReversed()) await clear()
  }

  protected later(clear: () => unknown): void {
    this.#clearing.push(clear)
  }
}

type RawSinkOf = ConstructorParameters<typeof RawServerConnection>[2]

/** Virtual time after which waiting in memory is in vain. */
const MEMORY_PATIENCE_MS = 10 * 60_000

class MemoryWorld extends CommonWorld {
  readonly transport = 'memory'
  readonly network: TestNetwork<ManualClock> = createTestNetwork({ seed: 1, clock: manualClock() })

  async wait(condition: () => boolean, forWhat: string): Promise<void> {
    const { clock } = this.network
    const until = clock.now() + MEMORY_PATIENCE_MS
    await clock.advanceAsync(0)
    while (!condition()) {
      const next = clock.nextTimerMs
      if (next === null || clock.now() + next > until) throw new Error(`waited in vain for ${forWhat}`)
      await clock.advanceAsync(next)
    }
  }

  stir(): void {
    // Conditions are looked at after every step of the clock.
  }

  wall(): number {
    return this.network.clock.wall()
  }

  pass(ms: number): Promise<void> {
    return this.network.clock.advanceAsync(ms)
  }

  client(options: ClientOptions): Client {
    const client = createTestClient({ network: this.network, serializer: this.serializer, ...options })
    this.later(() => this.during(client.close({ drainMs: 0 })))
    return client
  }

  protected async start(options: ServeOptions): Promise<ServerUnderTest> {
    const { serveInMemory } = await import('./server-under-test.js')
    return serveInMemory(this.network, this.serializer, options)
  }

  protected listen(accept: (protocol: string, sink: RawSinkOf) => AcceptedSocket): Promise<string> {
    const url = 'ws://raw.test/ws'
    const stop = this.network.listen(url, (peer) =>
      accept(peer.protocol, {
        send: (data) => peer.send(data),
        close: (code, reason) => peer.close(code, reason),
        cut: () => peer.link.cut(),
      }),
    )
    this.later(stop)
    return Promise.resolve(url)
  }

  protected dial(client: RawClient, url: string, protocols: readonly string[]): void {
    client.use((events) => {
      const before = this.network.links().length
      const link = this.network.transport().open({ url, protocols }, events)
      const line = this.network.links()[before]
      return {
        send: (data) => link.send(data),
        close: (code, reason) => (code === 1006 ? line?.cut() : link.close(code, reason)),
        get bufferedAmount() {
          return link.bufferedAmount
        },
      }
    })
  }
}

/** Real time after which waiting on sockets is in vain. */
const SOCKET_PATIENCE_MS = 5_000
/** Handlers of a test change what it waits for without stirring: look again this often. */
const LOOK_AGAIN_MS = 5

class SocketWorld extends CommonWorld {
  readonly transport = 'socket'
  readonly #waiters = new Set<() => void>()

  wait(condition: () => boolean, forWhat: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const until = performance.now() + SOCKET_PATIENCE_MS
      const finish = (): void => {
        clearInterval(again)
        this.#waiters.delete(look)
      }
      const look = (): void => {
        if (condition()) resolve()
        else if (performance.now() > until) reject(new Error(`waited in vain for ${forWhat}`))
        else return
        finish()
      }
      const again = setInterval(look, LOOK_AGAIN_MS)
      this.#waiters.add(look)
      look()
    })
  }

  stir(): void {
    for (const look of this.#waiters) look()
  }

  wall(): number {
    return Date.now()
  }

  pass(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms))
  }

  client(options: ClientOptions): Client {
    const client = createClient({ serializer: this.serializer, ...options })
    this.later(() => client.close({ drainMs: 0 }))
    return client
  }

  protected async start(options: ServeOptions): Promise<ServerUnderTest> {
    const { serveOnSocket } = await import('./server-under-test.js')
    return serveOnSocket(this.serializer, options)
  }

  protected async listen(accept: (protocol: string, sink: RawSinkOf) => AcceptedSocket): Promise<string> {
    const listener = await listenOnSocket(accept)
    this.later(() => listener.stop())
    return listener.url
  }

  protected dial(client: RawClient, url: string, protocols: readonly string[]): void {
    client.use((events) => dialSocket({ url, protocols }, events))
  }
}
