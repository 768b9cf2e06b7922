/** All peers by the name that `--peers` takes. Loaded one at a time: a process pays for the one that it measures. */
import type { Peer } from './peer.js'

export const peers = {
  surewire: async () => (await import('./surewire.js')).surewire,
  'surewire-await': async () => (await import('./surewire.js')).surewireAwait,
  ws: async () => (await import('./ws.js')).ws,
  'ws-acks': async () => (await import('./ws.js')).wsAcks,
  'ws-resume': async () => (await import('./ws-resume.js')).wsResume,
  socketio: async () => (await import('./socketio.js')).socketio,
  'socketio-retries': async () => (await import('./socketio.js')).socketioRetries,
  partysocket: async () => (await import('./partysocket.js')).partysocket,
  'reconnecting-websocket': async () => (await import('./reconnecting-websocket.js')).reconnectingWebSocket,
  'graphql-ws': async () => (await import('./graphql-ws.js')).graphqlWs,
  mqtt: async () => (await import('./mqtt.js')).mqtt,
} as const satisfies Record<string, () => Promise<Peer>>

export type PeerName = keyof typeof peers

export const peerNames = Object.keys(peers) as PeerName[]

export const isPeerName = (name: string): name is PeerName => Object.hasOwn(peers, name)
