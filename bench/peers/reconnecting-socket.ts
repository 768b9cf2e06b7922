/**
 * What partysocket and reconnecting-websocket have in common: a WebSocket that dials again and queues what is sent
 * meanwhile, with acknowledgements by hand on top (they have none).
 */
import { WebSocket } from 'ws'
import { openHandAcks, serveHandAcks, type TextSocket } from './hand-acks.js'
import type { Peer } from './peer.js'

interface ReconnectingSocket {
  readonly readyState: number
  send(text: string): void
  close(): void
  addEventListener(type: 'message', listener: (event: { data: string }) => void): void
  addEventListener(type: 'open' | 'error', listener: () => void): void
}

interface Options {
  readonly WebSocket: typeof WebSocket
  readonly minReconnectionDelay: number
  readonly maxReconnectionDelay: number
}

export type ReconnectingClass = new (url: string, protocols: string[], options: Options) => ReconnectingSocket

const OPTIONS: Options = { WebSocket, minReconnectionDelay: 50, maxReconnectionDelay: 50 }

function dial(make: ReconnectingClass, url: string, received: (text: string) => void): TextSocket {
  const socket = new make(url, [], OPTIONS)
  socket.addEventListener('message', ({ data }) => received(data))
  socket.addEventListener('error', () => undefined)
  const opened = new Promise<void>((resolve) => {
    if (socket.readyState === WebSocket.OPEN) resolve()
    else socket.addEventListener('open', () => resolve())
  })
  return { send: (text) => socket.send(text), close: () => socket.close(), opened: () => opened }
}

export function reconnectingPeer(title: string, name: string, make: ReconnectingClass): Peer {
  return {
    title,
    promise: 'queues while not connected; what was under way is lost',
    packages: [name, 'ws'],
    queues: true,
    pace: 1,
    serve: serveHandAcks,
    open: (url, options) => openHandAcks((received) => dial(make, url, received), options),
  }
}
