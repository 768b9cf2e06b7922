/**
 * The platform twin of Deno and Bun: they have a WebSocket of their own, and an application may pass that of `ws`.
 *
 * Owns: what platform.web.ts says.
 */
import { nodeExtras } from './node-extras.js'
import type { SocketExtras } from './socket.js'

export { defaultWebSocket } from './platform.web.js'

export const extras: SocketExtras | null = nodeExtras
