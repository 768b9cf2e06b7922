/**
 * The platform twin of Node: the WebSocket of `isomorphic-ws`, even where Node has one of its own, because `ws` tells
 * why a dial failed and takes headers.
 *
 * Owns: what platform.web.ts says.
 */
import IsomorphicWebSocket from 'isomorphic-ws'
import { nodeExtras } from './node-extras.js'
import type { SocketExtras } from './socket.js'

/**
 * Typed as the standard WebSocket: the transport uses what both have in common, and the types of `ws` stay out of
 * our public declarations.
 */
export function defaultWebSocket(): typeof globalThis.WebSocket | undefined {
  return IsomorphicWebSocket as unknown as typeof globalThis.WebSocket
}

export const extras: SocketExtras | null = nodeExtras
