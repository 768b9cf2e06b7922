/**
 * What a WebSocket is beyond its methods: an EventTarget with constants and attributes `on…`.
 *
 * Owns: both. Does not own: what is dispatched, and when (surewire-socket.ts).
 */
import type { DropEvent, RetryEvent, SocketEventTarget } from './events.js'

/** `readyState` of an open connection. */
export const OPEN = 1

const CONSTANTS = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED']
const EVENTS = ['open', 'message', 'error', 'close', 'drop', 'retry']

/** What an attribute `on…` holds. */
interface Handler {
  handler: ((event: Event) => unknown) | null
  readonly handleEvent: (event: Event) => void
}

export class SocketFace extends (EventTarget as new () => SocketEventTarget) {
  declare static readonly CONNECTING: 0
  declare static readonly OPEN: 1
  declare static readonly CLOSING: 2
  declare static readonly CLOSED: 3
  declare readonly CONNECTING: 0
  declare readonly OPEN: 1
  declare readonly CLOSING: 2
  declare readonly CLOSED: 3
  declare onopen: WebSocket['onopen']
  declare onmessage: WebSocket['onmessage']
  declare onerror: WebSocket['onerror']
  declare onclose: WebSocket['onclose']
  declare ondrop: ((this: SocketFace, event: DropEvent) => unknown) | null
  declare onretry: ((this: SocketFace, event: RetryEvent) => unknown) | null

  static {
    for (const [value, name] of CONSTANTS.entries()) {
      for (const place of [this, this.prototype])
        Object.defineProperty(place, name, { value, enumerable: true })
    }
    for (const type of EVENTS) {
      Object.defineProperty(this.prototype, `on${type}`, {
        enumerable: true,
        get(this: SocketFace) {
          return this.#handlers[type]?.handler ?? null
        },
        // A handler that replaces another keeps its place among the listeners.
        set(this: SocketFace, handler: unknown) {
          const held: Handler = (this.#handlers[type] ??= {
            handler: null,
            handleEvent: (event) => held.handler?.call(this, event),
          })
          held.handler = typeof handler === 'function' ? (handler as (event: Event) => unknown) : null
          this[held.handler ? 'addEventListener' : 'removeEventListener'](type, held)
        },
      })
    }
  }

  readonly #handlers: { [type: string]: Handler } = {}
}
