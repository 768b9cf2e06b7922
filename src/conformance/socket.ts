/**
 * The WebSocket that a kit dials with, and the codec it speaks.
 *
 * Owns: the part of the standard API that is used, so that `ws`, a browser's and others fit; JSON, so that nothing but a
 * WebSocket is needed.
 */
import type { Serializer } from '../protocol/codec.js'

/** What is needed of a WebSocket: that of browsers, of `ws`, of Deno and Bun. */
export interface KitSocket {
  binaryType: string
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(
    type: 'close',
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void
  addEventListener(type: 'open' | 'error', listener: () => void): void
  readonly protocol: string
  send(data: string | Uint8Array): void
  close(code?: number, reason?: string): void
  /** Of `ws`: ends without a closing handshake. */
  terminate?(): void
}

export type KitWebSocket = new (url: string, protocols: string[]) => KitSocket

/** The codec to be tested with; `json()` and `msgpack()` are such. */
export type KitCodec = Pick<Serializer, 'name' | 'encode' | 'decode'>

/** JSON without any checks, because the kit has to send what is wrong. */
export const plainJson: KitCodec = {
  name: 'json',
  encode: (value) => JSON.stringify(value),
  decode(data) {
    if (typeof data !== 'string') throw new TypeError('the server sent a binary message, JSON was agreed on')
    return JSON.parse(data) as unknown
  },
}

/** Length on the wire, which is what windows count. */
export function lengthOf(data: string | Uint8Array): number {
  return typeof data === 'string' ? new TextEncoder().encode(data).length : data.byteLength
}
