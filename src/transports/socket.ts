/**
 * What a WebSocket looks like to us, on every platform.
 *
 * Owns: the structural types of the standard object and of the `ws` package's additions, and telling them apart.
 */

/** The part of the events that is read; which fields are there depends on the event. */
export interface SocketEvent {
  readonly data?: unknown
  readonly code?: number
  readonly reason?: string
  /** Only `ws` tells what went wrong. */
  readonly error?: unknown
}

export type SocketListener = (event: SocketEvent) => void

/** The standard WebSocket object. */
export interface Socket {
  binaryType: string
  readonly protocol: string
  readonly readyState: number
  readonly bufferedAmount?: number
  send(data: string | Uint8Array): void
  close(code?: number, reason?: string): void
  addEventListener(type: string, listener: SocketListener): void
  removeEventListener(type: string, listener: SocketListener): void
}

/** Answer to an upgrade that was refused, as Node gives it. */
export interface RefusedUpgrade {
  readonly statusCode?: number | undefined
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined }
}

/** What the `ws` package adds. */
export interface NodeSocket extends Socket {
  terminate(): void
  on(event: 'unexpected-response', listener: (request: unknown, response: RefusedUpgrade) => void): unknown
  on(event: 'error' | 'close', listener: () => void): unknown
}

/** Options that `ws` takes as its third argument. */
export interface NodeSocketOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly maxPayload: number
  readonly closeTimeout: number
  readonly followRedirects: boolean
}

/** A WebSocket class: the platform's, or `ws`, or one with the same behaviour. */
export type WebSocketConstructor = new (
  url: string,
  protocols?: string[],
) => { readonly readyState: number; close(code?: number, reason?: string): void }

/** The same, as it is called here. */
export type SocketConstructor = new (url: string, protocols: string[], options?: NodeSocketOptions) => Socket

/** Whether a class is `ws`: it takes options, and tells more than the standard allows a browser to tell. */
export function isNodeConstructor(constructor: SocketConstructor): boolean {
  return isNodeSocket(constructor.prototype as object)
}

/** Whether a socket is one of `ws`. Bun's own has `terminate` too, but is no event emitter. */
export function isNodeSocket(socket: object): socket is NodeSocket {
  const candidate = socket as Partial<NodeSocket>
  return typeof candidate.terminate === 'function' && typeof candidate.on === 'function'
}
