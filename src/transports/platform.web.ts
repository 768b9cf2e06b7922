/**
 * The platform twin of browsers, workers and React Native: the standard WebSocket and nothing beside it.
 *
 * Owns: the answer to "which WebSocket, if the application names none?". package.json's `imports` chooses between this
 * file and its twins `platform.node.ts` and `platform.server.ts`; all export the same names. Called by the websocket
 * transport only.
 */
import type { SocketExtras } from './socket.js'

/** Read at every dial, not once at import: polyfills and test doubles may arrive later. */
export function defaultWebSocket(): typeof globalThis.WebSocket | undefined {
  return globalThis.WebSocket
}

/** `ws` cannot run here, so nothing that deals with it is shipped to browsers. */
export const extras: SocketExtras | null = null
