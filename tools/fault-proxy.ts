/**
 * A TCP proxy that does to a connection what networks do.
 *
 * Owns: listening, connections, and the commands that break them. Works on bytes; what they mean it does not know, so
 * it tests any WebSocket client against any server. Used by the integration tests and the demo.
 * Does not own: what happens to bytes under way (fault-pipe.ts).
 *
 *   client ──up──► proxy ──up──► target
 *   client ◄─down─ proxy ◄─down─ target
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { seededRandom, type SeededRandom } from '../src/testing/seeded-random.js'
import { FaultPipe, type PipeSettings } from './fault-pipe.js'

/** `up`: client to target; `down`: target to client. */
export type Way = 'up' | 'down'

export interface FaultProxyOptions {
  target: { host?: string; port: number }
  /** Decides the intervals of {@link FaultProxy.resetEvery}. @default 0 */
  seed?: number | bigint
  /** 0: any free port. @default 0 */
  port?: number
  /** Path in {@link FaultProxy.url}. @default '/ws' */
  path?: string
}

/** Durations in ms. Every fault lasts until {@link heal} unless it is over by itself. */
export interface FaultProxy {
  readonly port: number
  readonly url: string
  /** Open connections. */
  readonly connections: number
  readonly stats: Readonly<FaultProxyStats>
  /** RST to both sides of every connection. Returns how many there were. */
  reset(): number
  /** Resets every connection again and again, after a random time in this range. */
  resetEvery(minMs: number, maxMs: number): void
  /** FIN towards the client (`down`) or the target (`up`); the other direction stays open. */
  halfClose(way?: Way): void
  /** Nothing flows, nobody learns, also on connections to come. */
  blackhole(way?: Way | 'both'): void
  /** Lets the next data through but for its last byte, then ends the connection. Resolves when it happened. */
  cutInsideFrame(way?: Way): Promise<void>
  delay(ms: number): void
  trickle(bytesPerSecond: number): void
  /** Passes everything on at the end of periods of this length only, as buffering proxies do. */
  buffer(ms: number): void
  /** Ends connections on which nothing flowed for so long, as load balancers do. */
  idleReaper(ms: number): void
  /** Refuses connections to come (`true`), or listens again on the same port. */
  refuse(refused: boolean): Promise<void>
  /** Ends every fault; what was held back flows. */
  heal(): Promise<void>
  /** Breaks what is open and frees the port. */
  close(): Promise<void>
}

export interface FaultProxyStats {
  accepted: number
  resets: number
  reaped: number
  bytes: Record<Way, number>
}

/**
 * Starts a proxy on a port of its own.
 *
 * @example
 * const proxy = await createFaultProxy({ target: { port: 8080 }, seed: 1 });
 * const client = createClient({ url: proxy.url });
 * proxy.blackhole('down');
 */
export async function createFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new TcpFaultProxy(options)
  await proxy.listen(options.port ?? 0)
  return proxy
}

const HOST = '127.0.0.1'

interface Connection {
  readonly client: Socket
  readonly target: Socket
  readonly pipes: Readonly<Record<Way, FaultPipe>>
  idleTimer: NodeJS.Timeout | null
}

class TcpFaultProxy implements FaultProxy {
  readonly stats: FaultProxyStats = { accepted: 0, resets: 0, reaped: 0, bytes: { up: 0, down: 0 } }
  readonly #options: FaultProxyOptions
  readonly #random: SeededRandom
  readonly #settings: PipeSettings = { delayMs: 0, bufferMs: 0, bytesPerSecond: Infinity }
  readonly #connections = new Set<Connection>()
  readonly #blocked = new Set<Way>()
  readonly #cutWaiters: Record<Way, (() => void)[]> = { up: [], down: [] }
  #server: Server | null = null
  #port = 0
  #idleMs: number | null = null
  #resetTimer: NodeJS.Timeout | null = null

  constructor(options: FaultProxyOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed ?? 0)
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return `ws://${HOST}:${this.#port}${this.#options.path ?? '/ws'}`
  }

  get connections(): number {
    return this.#connections.size
  }

  listen(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client))
    this.#server = server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, HOST, () => {
        this.#port = (server.address() as AddressInfo).port
        resolve()
      })
    })
  }

  reset(): number {
    const broken = [...this.#connections]
    for (const connection of broken) this.#destroy(connection)
    this.stats.resets += broken.length
    return broken.length
  }

  resetEvery(minMs: number, maxMs: number): void {
    this.#stopResetting()
    const waitMs = this.#random.integer(minMs, maxMs)
    this.#resetTimer = setTimeout(() => {
      this.reset()
      this.resetEvery(minMs, maxMs)
    }, waitMs)
  }

  halfClose(way: Way = 'down'): void {
    for (const { pipes } of this.#connections) pipes[way].endSink()
  }

  blackhole(way: Way | 'both' = 'both'): void {
    for (const one of ways(way)) {
      this.#blocked.add(one)
      for (const { pipes } of this.#connections) pipes[one].block()
    }
  }

  cutInsideFrame(way: Way = 'down'): Promise<void> {
    for (const { pipes } of this.#connections) pipes[way].cutInsideNextFrame()
    return new Promise((resolve) => this.#cutWaiters[way].push(resolve))
  }

  delay(ms: number): void {
    this.#change({ delayMs: ms })
  }

  trickle(bytesPerSecond: number): void {
    this.#change({ bytesPerSecond })
  }

  buffer(ms: number): void {
    this.#change({ bufferMs: ms })
  }

  idleReaper(ms: number): void {
    this.#idleMs = ms
    for (const connection of this.#connections) this.#watchIdle(connection)
  }

  async refuse(refused: boolean): Promise<void> {
    if (refused) {
      this.#server?.close()
      this.#server = null
    } else if (this.#server === null) {
      await this.listen(this.#port)
    }
  }

  async heal(): Promise<void> {
    this.#stopResetting()
    this.#idleMs = null
    this.#blocked.clear()
    this.#change({ delayMs: 0, bufferMs: 0, bytesPerSecond: Infinity })
    for (const connection of this.#connections) {
      this.#watchIdle(connection)
      connection.pipes.up.unblock()
      connection.pipes.down.unblock()
    }
    await this.refuse(false)
  }

  async close(): Promise<void> {
    this.#stopResetting()
    const server = this.#server
    this.#server = null
    const closed = new Promise<void>((resolve) => {
      if (server === null) resolve()
      else server.close(() => resolve())
    })
    this.reset()
    await closed
  }

  #accept(client: Socket): void {
    this.stats.accepted++
    const { host = HOST, port } = this.#options.target
    const target = connect({ host, port, allowHalfOpen: true, noDelay: true })
    const connection: Connection = {
      client,
      target,
      pipes: { up: this.#pipe('up', client, target), down: this.#pipe('down', target, client) },
      idleTimer: null,
    }
    this.#connections.add(connection)
    this.#watchIdle(connection)
    for (const socket of [client, target]) {
      socket.on('data', () => this.#watchIdle(connection))
      socket.on('close', () => this.#forgetIfOver(connection))
    }
  }

  #pipe(way: Way, source: Socket, sink: Socket): FaultPipe {
    const pipe = new FaultPipe({
      source,
      sink,
      settings: this.#settings,
      onTraffic: (bytes) => {
        this.stats.bytes[way] += bytes
      },
      onCut: () => {
        for (const resolve of this.#cutWaiters[way].splice(0)) resolve()
      },
    })
    if (this.#blocked.has(way)) pipe.block()
    return pipe
  }

  #change(settings: Partial<PipeSettings>): void {
    Object.assign(this.#settings, settings)
    for (const { pipes } of this.#connections) {
      pipes.up.refresh()
      pipes.down.refresh()
    }
  }

  #watchIdle(connection: Connection): void {
    if (connection.idleTimer !== null) clearTimeout(connection.idleTimer)
    connection.idleTimer = null
    if (this.#idleMs === null) return
    connection.idleTimer = setTimeout(() => {
      this.stats.reaped++
      this.#destroy(connection)
    }, this.#idleMs)
  }

  #forgetIfOver(connection: Connection): void {
    if (connection.client.destroyed && connection.target.destroyed) this.#forget(connection)
  }

  #forget(connection: Connection): void {
    if (connection.idleTimer !== null) clearTimeout(connection.idleTimer)
    connection.pipes.up.close()
    connection.pipes.down.close()
    this.#connections.delete(connection)
  }

  #destroy(connection: Connection): void {
    this.#forget(connection)
    connection.client.resetAndDestroy()
    connection.target.resetAndDestroy()
  }

  #stopResetting(): void {
    if (this.#resetTimer !== null) clearTimeout(this.#resetTimer)
    this.#resetTimer = null
  }
}

function ways(way: Way | 'both'): readonly Way[] {
  return way === 'both' ? ['up', 'down'] : [way]
}
