/**
 * `surewire/websocket`: a drop-in for `WebSocket` that reconnects, with any server. It needs nothing of the client.
 */
export type { SocketData } from './backlog.js'
export type { DropEvent, RetryEvent, SocketErrorEvent, SurewireSocketEventMap } from './events.js'
export type { HeartbeatOptions, SurewireSocketOptions } from './options.js'
export { type ProtocolsProvider, SurewireSocket, type UrlProvider } from './surewire-socket.js'
export type { Provided } from './target.js'
export type { WebSocketConstructor } from '../transports/socket.js'
