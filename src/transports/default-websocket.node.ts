/**
 * Owns: the answer to "which WebSocket, if the application names none?" in Node: that of `isomorphic-ws`, even where
 * Node has one of its own, because `ws` tells why a dial failed and takes headers. Twin of
 * `default-websocket.global.ts`; both export the same names. Called by the websocket transport only.
 */
import IsomorphicWebSocket from 'isomorphic-ws'

/** Whether the constructor takes request headers, as `{ headers }` in its third argument. */
export const acceptsHeaders: boolean = true

/**
 * Typed as the standard WebSocket: the transport uses what both have in common, and the types of `ws` stay out of
 * our public declarations.
 */
export function defaultWebSocket(): typeof globalThis.WebSocket | undefined {
  return IsomorphicWebSocket as unknown as typeof globalThis.WebSocket
}
