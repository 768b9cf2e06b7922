/**
 * The WebSocket transport.
 *
 * Owns: which WebSocket class is dialled, with what address, subprotocols and headers.
 * Does not own: the life of one socket (websocket-link.ts), reconnecting, deadlines (connection/).
 */
import { defaultWebSocket, extras } from '#platform'
import { ConfigError } from '../protocol/errors.js'
import { parseAddress } from '../runtime/address.js'
import type { DialTarget, LinkEvents, Transport } from '../runtime/ports.js'
import { failedDial } from './connect-errors.js'
import type { SocketConstructor, WebSocketConstructor } from './socket.js'
import { WebSocketLink } from './websocket-link.js'

export type { WebSocketConstructor } from './socket.js'

type Headers = Readonly<Record<string, string>>

export interface WebSocketOptions {
  /** The class to dial with. @default the platform's own; `ws` in Node */
  WebSocket?: WebSocketConstructor
  /** Subprotocols offered after the dialect's own, for servers that read a token from there. */
  protocols?: readonly string[]
  /** Headers of the upgrade request, only with `ws` (Node); a function is asked before every dial. */
  headers?: Headers | (() => Headers | Promise<Headers>)
  /** Longest message taken from a server, in bytes, only with `ws` (Node). @default 16_777_216 */
  maxMessageBytes?: number
}

/**
 * Connects by WebSocket. The default transport of a client.
 *
 * A dial that fails is a ConnectError with a sentence that says what to do and, with `ws`, the HTTP `status` of a refused
 * upgrade and its `Retry-After`. Redirects are not followed. Headers where the platform takes none, or no WebSocket
 * at all, are a ConfigError.
 *
 * @example
 * createClient({ url, transports: [webSocket({ headers: () => ({ authorization: `Bearer ${token()}` }) })] })
 */
export function webSocket(options: WebSocketOptions = {}): Transport {
  return {
    name: 'websocket',
    open: (target, events) => open(options, target, events),
  }
}

function open(options: WebSocketOptions, target: DialTarget, events: LinkEvents): WebSocketLink {
  const protocols = [...new Set([...target.protocols, ...(options.protocols ?? [])])]
  const link = new WebSocketLink(target.url, protocols, events)
  try {
    const url = socketUrl(target.url)
    const constructor = chooseConstructor(options)
    const headers = typeof options.headers === 'function' ? options.headers() : options.headers
    const dial = (settled: Headers | undefined): void =>
      link.dial(
        () =>
          extras?.make(constructor, url, protocols, settled, options.maxMessageBytes) ??
          new constructor(url, protocols),
      )
    if (headers instanceof Promise) {
      headers.then(dial).catch((error: unknown) => link.failSoon(failedDial(target.url, error)))
    } else {
      dial(headers)
    }
  } catch (error) {
    link.failSoon(error instanceof ConfigError ? error : failedDial(target.url, error))
  }
  return link
}

/** The address as a WebSocket class takes it: `http:` is `ws:`, and without a fragment. */
export function socketUrl(address: string): string {
  const url = parseAddress(address)
  url.hash = ''
  return url.href.replace(/^http/, 'ws')
}

function chooseConstructor(options: WebSocketOptions): SocketConstructor {
  const chosen = options.WebSocket ?? defaultWebSocket()
  if (chosen === undefined) {
    throw new ConfigError(
      'WebSocket',
      undefined,
      'given here: this platform has none of its own',
      'webSocket()',
    )
  }
  const constructor = chosen as unknown as SocketConstructor
  if (options.headers !== undefined && extras?.areOf(constructor) !== true) {
    const allowed =
      "left out: this platform's WebSocket sends no headers; use `auth`, a cookie or a subprotocol"
    throw new ConfigError('headers', options.headers, allowed, 'webSocket()')
  }
  return constructor
}
