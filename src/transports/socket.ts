/**
 * What a WebSocket looks like to us, on every platform.
 *
 * Owns: the structural types of the standard object and of the `ws` package's additions.
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
  /** What was agreed on with the server: `permessage-deflate`, or nothing. */
  readonly extensions: string
  /** Kept to itself: the way out for a frame that is made already. `null` until the socket is open. */
  readonly _sender?: { sendFrame?(frame: readonly [Uint8Array]): void } | null
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

/** What is done with the sockets of `ws` beyond the standard; every function takes other sockets, too. */
export interface SocketExtras {
  /** Whether a class makes such sockets. */
  areOf(constructor: SocketConstructor): boolean
  /** Makes one with what only `ws` takes; `null`: the class is another. */
  make(
    constructor: SocketConstructor,
    url: string,
    protocols: string[],
    headers: Readonly<Record<string, string>> | undefined,
    maxMessageBytes: number | undefined,
  ): Socket | null
  /** Calls back if the server answers the upgrade with anything but a WebSocket. */
  watchUpgrade(socket: Socket, url: string, refused: (error: Error) => void): void
  /** What an error of the platform's means; `undefined`: it speaks for itself. */
  sentenceOf(error: unknown): string | undefined
  /** The close code that an error of an open socket amounts to. */
  closeCodeOf(error: Error): number
  /** Before `close()`: sees to it that the socket ends. Returns whether it is one of `ws`, which sends any close code. */
  end(socket: Socket): boolean
}
