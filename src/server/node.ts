/**
 * The server over WebSockets: `ws` and node:http around the engine.
 *
 * Owns: listening, upgrades and their refusal, closing without leaving a socket or a timer.
 * Does not own: anything that happens on a connection (engine.ts).
 */
import { createHash } from 'node:crypto'
import http from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { AnyContract, Contract } from '../protocol/contract.js'
import { ClosedError } from '../protocol/errors.js'
import { systemClock, systemRandom } from '../runtime/system.js'
import { createEngine, type Engine } from './engine.js'
import { answerHttp, pathOf, refuseUpgrade } from './http-endpoints.js'
import { NodeSocket } from './node-socket.js'
import {
  checkCloseOptions,
  checkPort,
  checkServerOptions,
  type Server,
  type ServerOptions,
} from './options.js'
import type { CloseServerOptions } from './types.js'

/** How long a full or closing server asks clients to stay away, in seconds. */
const RETRY_AFTER_SECONDS = '5'

/** The paths of all servers by their listeners, so that several on one HTTP server know of each other. */
const PATHS = new WeakMap<object, string>()

/**
 * Makes a server. It listens once `listen` is called; with `server`, it answers upgrades of that one from now on.
 *
 * @example
 * const server = createServer({ authenticate: ({ auth }) => verify(auth), authorize: allowAll })
 * server.on('chat', (data, ctx) => ctx.toRoom('lobby').send('chat', data))
 * const { url } = await server.listen(8080)
 */
export function createServer<C extends Contract = AnyContract>(options: ServerOptions<C> = {}): Server<C> {
  checkServerOptions(options)
  const { authenticate, ...rest } = options
  const engine = createEngine<C>({
    ...rest,
    clock: systemClock(),
    random: systemRandom(),
    digest: (text) => createHash('sha256').update(text).digest('base64'),
    ...(authenticate === undefined ? {} : { authenticate: authenticate as Asks }),
  })
  return new NodeServer<C>(engine, options)
}

type Asks = NonNullable<Parameters<typeof createEngine>[0]['authenticate']>

class NodeServer<C extends Contract> implements Server<C> {
  readonly #engine: Engine<C>
  readonly #options: ServerOptions<C>
  readonly #path: string
  readonly #http: http.Server
  readonly #ownsHttp: boolean
  readonly #upgrader: WebSocketServer
  readonly #sockets = new Set<NodeSocket>()
  readonly #onUpgrade: (request: http.IncomingMessage, socket: Duplex, head: Buffer) => void
  #allGone: (() => void) | null = null
  #closing: Promise<void> | null = null

  constructor(engine: Engine<C>, options: ServerOptions<C>) {
    this.#engine = engine
    this.#options = options
    this.#path = options.path ?? '/ws'
    this.#ownsHttp = options.server === undefined
    this.#http =
      options.server ??
      http.createServer((request, response) => answerHttp(engine, this.#path, request, response))
    this.#upgrader = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: engine.settings.limits.maxFrameBytes,
      handleProtocols: (offered) => this.#choose([...offered]) ?? false,
    })
    this.#onUpgrade = (request, socket, head) => this.#upgrade(request, socket, head)
    PATHS.set(this.#onUpgrade, this.#path)
    this.#http.on('upgrade', this.#onUpgrade)
    this.on = engine.on.bind(engine)
    this.onRequest = engine.onRequest.bind(engine)
    this.onSession = engine.onSession.bind(engine)
    this.toRoom = engine.toRoom.bind(engine)
    this.toUser = engine.toUser.bind(engine)
    this.toSession = engine.toSession.bind(engine)
    this.toAll = engine.toAll.bind(engine)
    this.presence = engine.presence.bind(engine)
    this.devices = engine.devices.bind(engine)
    this.kick = engine.kick.bind(engine)
    this.stats = engine.stats.bind(engine)
  }

  readonly on: Server<C>['on']
  readonly onRequest: Server<C>['onRequest']
  readonly onSession: Server<C>['onSession']
  readonly toRoom: Server<C>['toRoom']
  readonly toUser: Server<C>['toUser']
  readonly toSession: Server<C>['toSession']
  readonly toAll: Server<C>['toAll']
  readonly presence: Server<C>['presence']
  readonly devices: Server<C>['devices']
  readonly kick: Server<C>['kick']
  readonly stats: Server<C>['stats']

  async listen(port?: number): Promise<{ port: number; url: string }> {
    if (this.#closing !== null) throw new ClosedError('the server is closed; make a new one')
    const wanted = port === undefined ? (this.#options.port ?? 0) : checkPort(port)
    if (!this.#http.listening) await startListening(this.#http, wanted, this.#options.host)
    return this.#address()
  }

  close(options: CloseServerOptions = {}): Promise<void> {
    checkCloseOptions(options)
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  async #close(options: CloseServerOptions): Promise<void> {
    // The listening socket goes first, so that whoever comes back meets the next process.
    const stopped = this.#ownsHttp ? stopListening(this.#http) : Promise.resolve()
    await this.#engine.close(options)
    if (this.#sockets.size > 0) {
      await new Promise<void>((resolve) => {
        this.#allGone = resolve
      })
    }
    this.#http.off('upgrade', this.#onUpgrade)
    if (this.#ownsHttp) this.#http.closeAllConnections()
    await stopped
  }

  #upgrade(request: http.IncomingMessage, socket: Duplex, head: Buffer): void {
    const { settings, isClosing, connectionCount } = this.#engine
    const onError = (error: Error): void => settings.logger.info('socket error before the upgrade', { error })
    socket.on('error', onError)
    if (pathOf(request) !== this.#path) {
      if (this.#isLastToAnswer(pathOf(request))) this.#refuse(socket, 404, `no WebSocket at ${request.url}`)
      return
    }
    if (isClosing || connectionCount >= settings.limits.maxConnections) {
      const message = isClosing ? 'the server is closing' : 'the server is full'
      this.#refuse(socket, 503, message, { 'Retry-After': RETRY_AFTER_SECONDS })
      return
    }
    if (this.#choose(offeredBy(request)) === null) {
      this.#refuse(socket, 400, `offer one of the subprotocols ${this.#engine.protocols.join(', ')}`)
      return
    }
    this.#upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      socket.off('error', onError)
      const adapted = new NodeSocket(webSocket, request)
      this.#sockets.add(adapted)
      adapted.attach(this.#engine, settings.logger, () => this.#gone(adapted))
    })
  }

  /** Whether nobody else will answer an upgrade of this path: all who listen for upgrades are servers of ours. */
  #isLastToAnswer(path: string | null): boolean {
    const listeners = this.#http.listeners('upgrade')
    const paths = listeners.map((listener) => PATHS.get(listener))
    return listeners[0] === this.#onUpgrade && !paths.includes(undefined) && !paths.includes(path ?? '')
  }

  #refuse(
    socket: Duplex,
    status: number,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    this.#engine.settings.logger.warn('upgrade refused', { status, message })
    refuseUpgrade(socket, status, message, headers)
  }

  /** The first of the offered subprotocols that we speak: the client's preference counts. */
  #choose(offered: readonly string[]): string | null {
    return offered.find((protocol) => this.#engine.protocols.includes(protocol)) ?? null
  }

  #gone(socket: NodeSocket): void {
    this.#sockets.delete(socket)
    if (this.#sockets.size === 0) this.#allGone?.()
  }

  #address(): { port: number; url: string } {
    const address = this.#http.address()
    if (address === null || typeof address === 'string')
      return { port: 0, url: `ws+unix:${address}:${this.#path}` }
    const { port } = address
    const { host } = this.#options
    const isAny = host === undefined || host === '0.0.0.0' || host === '::'
    const name = isAny ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
    return { port, url: `ws://${name}:${port}${this.#path}` }
  }
}

function offeredBy(request: http.IncomingMessage): string[] {
  return (request.headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim())
}

function startListening(server: http.Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function stopListening(server: http.Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) resolve()
    else server.close(() => resolve())
  })
}
