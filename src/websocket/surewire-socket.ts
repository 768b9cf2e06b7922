/**
 * A WebSocket that comes back.
 *
 * Owns: attributes and methods of the standard WebSocket, the platform's socket behind them, and the order in which the machine's
 * effects are performed. Not run by runtime/driver.ts: whoever calls `close()` in a handler may read `readyState` in
 * the next line, so an input is handled at once, and only its effects wait for their turn.
 * Does not own: when to dial (machine.ts), what waits meanwhile (backlog.ts), what is allowed (target.ts, options.ts).
 */
import { defaultWebSocket, extras } from '#platform'
import type { Clock } from '../runtime/ports.js'
import { startTimer } from '../runtime/system.js'
import type { Socket, SocketConstructor, SocketEvent } from '../transports/socket.js'
import { Backlog, type SocketData } from './backlog.js'
import { makeEvent, type DropEvent } from './events.js'
import { type End, type Failure, lost, SocketMachine } from './machine.js'
import { heartbeatOf, limitsOf, type SurewireSocketOptions, untilOpen } from './options.js'
import { SocketFace } from './socket-face.js'
import { checkClose, checkProtocols, checkUrl, type Provided } from './target.js'

export type UrlProvider = Provided<string | URL>
export type ProtocolsProvider = Provided<string | string[] | null | undefined>

/** Time and chance of a socket; tests bring their own. */
export interface SocketWorld {
  readonly clock: Pick<Clock, 'now' | 'setTimer'>
  readonly random: () => number
}

const SYSTEM: SocketWorld = {
  clock: { now: () => performance.now(), setTimer: startTimer },
  random: Math.random,
}
const OPEN = 1
const NORMAL = 1000

/** The default of `ws`. */
const MAX_MESSAGE_BYTES = 104_857_600

/**
 * A drop-in for `WebSocket` that reconnects, with any server.
 *
 * After each loss there is a `close` event with `readyState` CONNECTING, another dial after a delay, and `open` again.
 * The last `close` event has `readyState` CLOSED: after `close()`, after `maxRetries`, when `shouldReconnectOnClose`
 * refuses. What is sent meanwhile waits within bounds; what is dropped is told by a `drop` event. What was sent and not
 * yet arrived when a connection is lost is lost: only a server that acknowledges could tell (see `createClient`).
 * docs/websocket.md lists the differences to the standard.
 *
 * @param url An address, or a function (also an asynchronous one) that is asked before every dial.
 * @param protocols Subprotocols to offer, or such a function.
 * @throws DOMException `SyntaxError` for an address or subprotocols that the standard forbids; TypeError
 * with `field` for an option.
 * @example
 * const socket = new SurewireSocket('wss://example.com/feed', [], { heartbeat: { message: 'ping' } })
 * socket.addEventListener('message', ({ data }) => console.log(data))
 * socket.addEventListener('drop', ({ data, why }) => console.warn('not sent', why, data))
 */
export class SurewireSocket extends SocketFace {
  readonly #options: SurewireSocketOptions
  readonly #world: SocketWorld
  readonly #providers: readonly (() => unknown)[]
  readonly #machine: SocketMachine
  readonly #backlog: Backlog
  readonly #log: ((...values: unknown[]) => void) | null
  /** Events to be dispatched when the machine has returned. */
  #news: Event[] = []
  #telling = false
  #timer: { readonly at: number; readonly cancel: () => void } | null = null
  #socket: Socket | null = null
  #url = ''
  #binaryType: BinaryType = 'blob'

  constructor(
    url: UrlProvider,
    protocols: ProtocolsProvider = [],
    options: SurewireSocketOptions = {},
    /** @internal */
    world: SocketWorld = SYSTEM,
  ) {
    super()
    if (typeof url !== 'function') this.#url = checkUrl(url)
    const offered = typeof protocols === 'function' ? [] : checkProtocols(protocols)
    const limits = limitsOf(options)
    this.#options = options
    this.#world = world
    this.#providers = [url, protocols].map((value) => (typeof value === 'function' ? value : () => value))
    this.#log = options.debug === true ? (options.debugLogger ?? globalThis.console.log) : null
    this.#backlog = new Backlog(limits.maxBufferedMessages, limits.maxBufferedBytes)
    this.#machine = new SocketMachine(
      {
        connectTimeoutMs: limits.connectionTimeout,
        minDelayMs: Math.min(limits.minReconnectionDelay, limits.maxReconnectionDelay),
        maxDelayMs: limits.maxReconnectionDelay,
        factor: limits.reconnectionDelayGrowFactor,
        maxRetries: limits.maxRetries,
        stableAfterMs: limits.minUptime,
        untilOpen: untilOpen(options, offered),
        ...heartbeatOf(options),
      },
      world.random,
      {
        dial: (dial) => void this.#dial(dial),
        end: (code, reason, detach) => this.#end(code, reason, detach),
        flush: () => this.#backlog.take().forEach((data) => this.#write(data)),
        discard: () => this.#backlog.take().forEach((data) => this.#drop(data, 'closed')),
        ping: () => {
          const { message = '' } = options.heartbeat ?? {}
          this.#write(typeof message === 'function' ? message() : message)
        },
        tell: (event, fields) => this.#tell(event, fields),
        mayReconnect: (end) =>
          options.shouldReconnectOnClose?.(makeEvent('close', end) as CloseEvent) !== false,
      },
    )
    if (options.startClosed !== true) this.#run((now) => this.#machine.reconnect(NORMAL, '', now))
  }

  /**
   * The same class with options, for libraries that make their sockets from a class.
   *
   * @example
   * createClient({ url, webSocketImpl: SurewireSocket.with({ connectionTimeout: 5_000 }) })
   */
  static with(options: SurewireSocketOptions): typeof SurewireSocket {
    return class extends SurewireSocket {
      constructor(url: UrlProvider, protocols?: ProtocolsProvider, more?: SurewireSocketOptions) {
        super(url, protocols, { ...options, ...more })
      }
    }
  }

  /** CONNECTING also between two connections; CLOSED only if nothing follows by itself. */
  get readyState(): 0 | 1 | 2 | 3 {
    switch (this.#machine.state.name) {
      case 'dialing':
      case 'waiting':
        return 0
      case 'open':
        return (this.#socket?.readyState ?? OPEN) as 1 | 2 | 3
      case 'closing':
        return 2
      default:
        return 3
    }
  }

  /** The address of the newest dial. With a function: empty until it has answered. */
  get url(): string {
    return this.#url
  }

  /** The subprotocol that the server chose; empty while there is no connection. */
  get protocol(): string {
    return this.#socket?.protocol ?? ''
  }

  get extensions(): string {
    return (this.#socket as { readonly extensions?: string } | null)?.extensions ?? ''
  }

  get binaryType(): BinaryType {
    return this.#binaryType
  }

  set binaryType(type: BinaryType) {
    if (type !== 'blob' && type !== 'arraybuffer') return
    this.#binaryType = type
    if (this.#socket) this.#socket.binaryType = type
  }

  /** Bytes that wait: for a connection, and in the platform's socket for the network. */
  get bufferedAmount(): number {
    return this.#backlog.bytes + (this.#socket?.bufferedAmount ?? 0)
  }

  /** Retries since a connection last held for `minUptime`. */
  get retryCount(): number {
    return this.#machine.retries(this.#world.clock.now())
  }

  /** Whether another connection follows by itself if this one is lost. */
  get shouldReconnect(): boolean {
    return this.readyState < 2
  }

  /** Sends, or keeps for the next connection. Dropped data comes back in a `drop` event. */
  send(data: SocketData): void {
    const { name } = this.#machine.state
    if (name === 'open' && this.#socket?.readyState === OPEN) return this.#write(data)
    const shut = name === 'closing' || name === 'closed'
    if (shut || !this.#backlog.add(data)) this.#run(() => this.#drop(data, shut ? 'closed' : 'full'))
  }

  /**
   * Closes for good. What waits for a connection is dropped.
   *
   * @throws DOMException `InvalidAccessError` for a code other than 1000 and 3000 to 4999, `SyntaxError` for a reason
   * longer than 123 bytes
   */
  close(code?: number, reason = ''): void {
    checkClose(code, reason)
    this.#run((now) => this.#machine.close(code, reason, now))
  }

  /** Dials anew at once, as if nothing had been tried before; also after `close()` and with `startClosed`. */
  reconnect(code = 1000, reason = ''): void {
    checkClose(code, reason)
    this.#run((now) => this.#machine.reconnect(code, reason, now))
  }

  /** Lets the machine act, then tells what there is to tell, then sees to the timer. Nested in a handler: acts only. */
  #run(act: (now: number) => void): void {
    try {
      act(this.#world.clock.now())
    } finally {
      if (!this.#telling) {
        this.#telling = true
        for (let event = this.#news.shift(); event; event = this.#news.shift()) {
          // A handler of the events before may have closed the socket.
          if (event.type !== 'retry' || this.#machine.state.name === 'waiting') this.dispatchEvent(event)
        }
        this.#telling = false
      }
      this.#arm()
    }
  }

  /** One timer for the machine's deadline. One that is early enough stays: it is set anew when it fires. */
  #arm(): void {
    const { clock } = this.#world
    const at = this.#machine.deadline()
    if (at !== null && this.#timer !== null && this.#timer.at <= at) return
    this.#timer?.cancel()
    const fire = (): void => {
      this.#timer = null
      this.#run((now) => this.#machine.tick(now))
    }
    this.#timer = at === null ? null : { at, cancel: clock.setTimer(fire, at - clock.now()) }
  }

  async #dial(dial: number): Promise<void> {
    try {
      const [url, protocols] = await Promise.all(this.#providers.map(async (provide) => provide()))
      if (!this.#machine.isCurrent(dial)) return
      this.#url = checkUrl(url)
      this.#open(checkProtocols(protocols))
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (this.#machine.isCurrent(dial))
        this.#run((now) => this.#machine.ended(lost(), { message, error }, now))
    }
  }

  #open(protocols: string[]): void {
    const chosen = (this.#options.WebSocket ?? defaultWebSocket()) as SocketConstructor | undefined
    if (chosen === undefined) throw new TypeError('this platform has no WebSocket; pass one')
    const socket =
      extras?.make(chosen, this.#url, protocols, undefined, MAX_MESSAGE_BYTES) ??
      new chosen(this.#url, protocols)
    const { origin } = new URL(this.#url)
    this.#socket = socket
    socket.binaryType = this.#binaryType
    let failure: Failure | null = { message: 'the connection failed', error: null }
    // Nothing is heard of a socket that was replaced.
    const on = (
      type: string,
      act: (event: SocketEvent & Partial<Failure> & End, now: number) => void,
    ): void =>
      socket.addEventListener(type, (event) => {
        if (this.#socket === socket) this.#run((now) => act(event as SocketEvent & End, now))
      })
    on('open', (_event, now) => {
      failure = null
      this.#machine.opened(now)
    })
    on('message', ({ data }, now) => {
      this.#machine.received(now)
      if (this.#options.heartbeat?.isReply?.(data) !== true) this.#tell('message', { data, origin })
    })
    on('error', ({ error = null, message = 'the connection failed' }) => {
      failure = { message: extras?.sentenceOf(error) ?? message, error }
    })
    on('close', ({ code, reason, wasClean }, now) => {
      this.#socket = null
      this.#machine.ended({ code, reason, wasClean }, failure, now)
    })
  }

  #end(code: number | undefined, reason: string, detach: boolean): void {
    const socket = this.#socket
    if (!socket) return
    if (detach) this.#socket = null
    extras?.end(socket)
    if (code === undefined) socket.close()
    else socket.close(code, reason)
  }

  #write(data: SocketData): void {
    this.#socket?.send(data as string)
  }

  #drop(data: SocketData, why: DropEvent['why']): void {
    this.#tell('drop', { data, why })
  }

  #tell(type: string, fields?: object): void {
    this.#log?.('SurewireSocket', this.#url, type, fields)
    this.#news.push(makeEvent(type, fields))
  }
}
