/**
 * One WebSocket, from dial to end.
 *
 * Owns: the socket's listeners and the promise of the port: one `opened` or `failed`, then at most one `closed`, and
 * nothing after `close()`.
 * Does not own: which class makes the socket and with what (websocket.ts).
 */
import { extras } from '#platform'
import type { Encoded } from '../protocol/codec.js'
import type { Link, LinkEvents } from '../runtime/ports.js'
import { closeSocket } from './close-socket.js'
import { failedDial, refusedByPlatform, wrongSubprotocol } from './connect-errors.js'
import type { Socket, SocketEvent } from './socket.js'

const NORMAL = 1000
const UNSUPPORTED_DATA = 1003
const NO_STATUS = 1005
const ABNORMAL = 1006

type Phase = 'connecting' | 'open' | 'ended'

export class WebSocketLink implements Link {
  readonly #url: string
  readonly #offered: readonly string[]
  readonly #events: LinkEvents
  #phase: Phase = 'connecting'
  #socket: Socket | null = null
  /** What `ws` told before the close that follows. */
  #error: unknown = null

  constructor(url: string, offered: readonly string[], events: LinkEvents) {
    this.#url = url
    this.#offered = offered
    this.#events = events
  }

  /** Makes the socket, unless the link was closed while its headers were fetched. */
  dial(make: () => Socket): void {
    if (this.#phase === 'ended') return
    try {
      const socket = make()
      this.#socket = socket
      socket.binaryType = 'arraybuffer'
      this.#listen(socket)
    } catch (error) {
      this.failSoon(refusedByPlatform(this.#url, error))
    }
  }

  /** Fails in a moment: the caller of `open` has to get its link first. */
  failSoon(error: Error): void {
    queueMicrotask(() => this.#fail(error))
  }

  send(data: Encoded): void {
    this.#socket?.send(data)
  }

  close(code: number, reason: string): void {
    if (this.#phase !== 'ended') this.#end(code, reason)
  }

  get bufferedAmount(): number {
    return this.#socket?.bufferedAmount ?? 0
  }

  #listen(socket: Socket): void {
    socket.addEventListener('open', this.#onOpen)
    socket.addEventListener('message', this.#onMessage)
    socket.addEventListener('error', this.#onError)
    socket.addEventListener('close', this.#onClose)
    extras?.watchUpgrade(socket, this.#url, (error) => this.#fail(error))
  }

  readonly #onOpen = (): void => {
    if (this.#phase !== 'connecting' || this.#socket === null) return
    const { protocol } = this.#socket
    if (this.#offered.length > 0 && !this.#offered.includes(protocol)) {
      this.#fail(wrongSubprotocol(this.#url, this.#offered, protocol))
      return
    }
    this.#phase = 'open'
    this.#events.opened(protocol)
  }

  readonly #onMessage = ({ data }: SocketEvent): void => {
    if (this.#phase !== 'open') return
    if (typeof data === 'string') this.#events.received(data)
    else if (data instanceof ArrayBuffer) this.#events.received(new Uint8Array(data))
    else if (data instanceof Uint8Array) this.#events.received(data)
    else
      this.#finish(UNSUPPORTED_DATA, 'the WebSocket gave a message that is neither text nor an ArrayBuffer')
  }

  readonly #onError = ({ error }: SocketEvent): void => {
    this.#error ??= error ?? null
    // `ws` goes through the closing handshake after an error, which may take long; browsers close at once.
    if (this.#phase === 'open' && error instanceof Error)
      this.#finish(extras?.closeCodeOf(error) ?? ABNORMAL, error.message)
  }

  readonly #onClose = ({ code, reason }: SocketEvent): void => {
    if (this.#phase === 'connecting')
      this.#fail(failedDial(this.#url, this.#error, extras?.sentenceOf(this.#error)))
    else if (this.#phase === 'open') this.#finish(code ?? NO_STATUS, reason ?? '')
  }

  #fail(error: Error): void {
    if (this.#phase !== 'connecting') return
    this.#end(NORMAL, '')
    this.#events.failed(error)
  }

  #finish(code: number, reason: string): void {
    this.#end(code, '')
    this.#events.closed(code, reason)
  }

  /** Nothing is heard of the socket after this. */
  #end(code: number, reason: string): void {
    this.#phase = 'ended'
    const socket = this.#socket
    if (socket === null) return
    socket.removeEventListener('open', this.#onOpen)
    socket.removeEventListener('message', this.#onMessage)
    socket.removeEventListener('error', this.#onError)
    socket.removeEventListener('close', this.#onClose)
    closeSocket(socket, code, reason)
  }
}
