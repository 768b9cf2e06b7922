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
import { startAlarm } from '../runtime/system.js'
import type { Socket, SocketConstructor, SocketEvent } from '../transports/socket.js'
import { Backlog, dataOf, type SocketData } from './backlog.js'
import { makeEvent, type DropEvent } from './events.js'
import { type End, type Failure, type Hands, SocketMachine } from './machine.js'
import { heartbeatOf, isUntilOpen, limitsOf, type SurewireSocketOptions } from './options.js'
import { OPEN, SocketFace } from './socket-face.js'
import { checkClose, checkProtocols, checkUrl, NORMAL, type Provided } from './target.js'

export type UrlProvider = Provided<string | URL>
export type ProtocolsProvider = Provided<string | string[] | null | undefined>

/** Time and chance of a socket; tests bring their own. */
export interface SocketWorld extends Pick<Clock, 'now' | 'setTimer'> {
  readonly random: () => number
}

const SYSTEM: SocketWorld = {
  now: () => performance.now(),
  setTimer: startAlarm,
  random: Math.random,
}
const READY_STATES = { idle: 3, dialing: 0, open: OPEN, waiting: 0, closing: 2, closed: 3 }

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
  /** Address and subprotocols, or functions that are asked for them. */
  readonly #target: readonly (string | string[] | (() => unknown))[]
  readonly #machine: SocketMachine
  readonly #backlog: Backlog
  /** Events to be dispatched when the machine has returned. */
  #news: Event[] = []
  /** The type of the event that is being dispatched; empty: none. */
  #telling = ''
  #timer: { readonly at: number; readonly cancel: () => void } | null = null
  #socket: Socket | null = null
  #url = ''
  /** Subprotocols of the newest dial. */
  #offered: string[] = []
  #binaryType: BinaryType = 'blob'
  readonly #hands: Hands = {
    dial: (dial) => void this.#dial(dial),
    end: (code, reason, detach) => {
      const socket = this.#socket
      if (detach) this.#socket = null
      this.#try(() => {
        if (!socket) return
        extras?.end(socket)
        socket.close(code, reason || undefined)
      })
    },
    flush: () => this.#backlog.take().forEach((data) => this.#write(data)),
    discard: () => this.#backlog.take().forEach((data) => this.#drop(data, 'closed')),
    ping: () => {
      const message = this.#options.heartbeat?.message
      this.#try(() => this.#socket?.send((typeof message === 'function' ? message() : message) as string))
    },
    tell: (event, fields) => this.#tell(event, fields),
    mayReconnect: (end) =>
      this.#try(() => this.#options.shouldReconnectOnClose?.(makeEvent('close', end) as CloseEvent)) !==
      false,
    untilOpen: () => isUntilOpen(this.#options, this.#offered),
  }

  constructor(
    url: UrlProvider,
    protocols: ProtocolsProvider = [],
    options: SurewireSocketOptions = {},
    /** @internal */
    world: SocketWorld = SYSTEM,
  ) {
    super()
    // What is fixed is checked and resolved once, whatever becomes of the page's address or the caller's array.
    this.#target = [
      typeof url === 'function' ? url : (this.#url = checkUrl(url)),
      typeof protocols === 'function' ? protocols : (this.#offered = checkProtocols(protocols)),
    ]
    const limits = limitsOf(options)
    this.#options = options
    this.#world = world
    this.#backlog = new Backlog(limits)
    this.#machine = new SocketMachine(
      { ...limits, ...heartbeatOf(options), peerPings: false, random: world.random },
      this.#hands,
    )
    this.#hands.untilOpen() // checks the option
    if (!options.startClosed) this.#run((now) => this.#machine.reconnect(NORMAL, '', now))
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
    const { name } = this.#machine.state
    return ((name === 'open' && this.#socket?.readyState) || READY_STATES[name]) as 0 | 1 | 2 | 3
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
    return this.#machine.retries(this.#world.now())
  }

  /**
   * Whether a lost connection, or a failed dial, is followed by another attempt; between two, whether there is a next.
   * `shouldReconnectOnClose` is asked only when it has happened.
   */
  get shouldReconnect(): boolean {
    return this.#machine.dialsAgain(this.#world.now())
  }

  /** Sends, or keeps for the next connection. Dropped data comes back in a `drop` event. */
  send(data: SocketData): void {
    const { name } = this.#machine.state
    const message = dataOf(data)
    this.#run(() => {
      if (this.readyState === OPEN) this.#write(message)
      else if (name === 'closing' || name === 'closed') this.#drop(data, 'closed')
      else if (!this.#backlog.add(message)) this.#drop(data, 'full')
    })
  }

  /**
   * Closes for good. What waits for a connection is dropped.
   *
   * @throws DOMException `InvalidAccessError` for a code other than 1000 and 3000 to 4999, `SyntaxError` for a reason
   * longer than 123 bytes
   */
  close(code?: number, reason = ''): void {
    const checked = checkClose(code, reason)
    this.#run((now) => this.#machine.close(checked, reason, now))
  }

  /** Dials anew at once, as if nothing had been tried before; also after `close()` and with `startClosed`. */
  reconnect(code = 1000, reason = ''): void {
    const checked = checkClose(code, reason)
    this.#run((now) => this.#machine.reconnect(checked, reason, now))
  }

  /** Lets the machine act, then tells what there is to tell, then sees to the timer. Nested in a handler: acts only. */
  #run(act: (now: number) => void): void {
    act(this.#world.now())
    if (!this.#telling) {
      for (let event = this.#news.shift(); event; event = this.#news.shift()) {
        this.#telling = event.type
        // A handler of the events before may have closed the socket.
        if (event.type !== 'retry' || this.#machine.state.name === 'waiting') this.dispatchEvent(event)
      }
      this.#telling = ''
    }
    this.#arm()
  }

  /** One timer for the machine's deadline. One that is early enough stays: it is set anew when it fires. */
  #arm(): void {
    const world = this.#world
    const at = this.#machine.deadline()
    if (at !== null && this.#timer && this.#timer.at <= at) return
    this.#timer?.cancel()
    const fire = (): void => {
      this.#timer = null
      this.#run((now) => this.#machine.tick(now))
    }
    this.#timer = at === null ? null : { at, cancel: world.setTimer(fire, at - world.now()) }
  }

  async #dial(dial: number): Promise<void> {
    try {
      // Whoever is asked may use the socket: not before the constructor has returned.
      await Promise.resolve()
      const [url, protocols] = await Promise.all(
        this.#target.map(async (part) => (typeof part === 'function' ? part() : part)),
      )
      if (!this.#machine.isCurrent(dial)) return
      this.#offered = checkProtocols(protocols)
      this.#url = checkUrl(url)
      this.#open()
    } catch (error) {
      if (this.#machine.isCurrent(dial))
        this.#run((now) => this.#machine.giveUp(NORMAL, '', failureOf(error), now))
    }
  }

  #open(): void {
    const chosen = (this.#options.WebSocket ?? defaultWebSocket()) as SocketConstructor | undefined
    if (chosen === undefined) throw new TypeError('this platform has no WebSocket; pass one')
    const socket =
      extras?.make(chosen, this.#url, this.#offered, undefined, MAX_MESSAGE_BYTES) ??
      new chosen(this.#url, this.#offered)
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
      // As the standard says: nothing is heard after `close()`.
      if (this.readyState === OPEN && this.#try(() => this.#options.heartbeat?.isReply?.(data)) !== true)
        this.#tell('message', { data, origin })
    })
    on('error', ({ error = null, message = 'the connection failed' }) => {
      failure = { message: extras?.sentenceOf(error) ?? message, error }
    })
    on('close', ({ code, reason, wasClean }, now) => {
      this.#socket = null
      this.#machine.ended({ code, reason, wasClean }, failure, now)
    })
  }

  #write(data: SocketData): void {
    const sent = this.#try(() => {
      this.#socket?.send(data as string)
      return true
    })
    if (!sent) this.#drop(data, 'failed')
  }

  /** What a handler of a drop sends, and is dropped too, is told in a task of its own: it may send it for ever. */
  #drop(data: unknown, why: DropEvent['why']): void {
    const tell = (): void => this.#tell('drop', { data, why })
    if (this.#telling === 'drop') this.#world.setTimer(() => this.#run(tell), 0)
    else tell()
  }

  #tell(type: string, fields?: object): void {
    const { debug, debugLogger = globalThis.console.log } = this.#options
    if (debug) this.#try(() => debugLogger('SurewireSocket', this.#url, type, fields))
    this.#news.push(makeEvent(type, fields))
  }

  /** Calls what is not ours. What it throws is an `error` event, and the answer `undefined`. */
  #try<Answer>(call: () => Answer): Answer | undefined {
    try {
      return call()
    } catch (error) {
      this.#news.push(makeEvent('error', failureOf(error)))
      return undefined
    }
  }
}

const failureOf = (error: unknown): Failure => ({
  message: (error as Error | undefined)?.message ?? String(error),
  error,
})
