/**
 * Ids and acknowledgements as people write them by hand over a WebSocket: one frame a message, one frame back for each.
 *
 * Owns: both halves. Which socket carries it is the adapter's (ws.ts, partysocket.ts, reconnecting-websocket.ts).
 */
import { type WebSocket, WebSocketServer } from 'ws'
import { listen } from './listen.js'
import type { OpenOptions, Payload, PeerClient, PeerServer, ServeOptions } from './peer.js'

type Up = { readonly id?: number; readonly data: Payload }
type Down = { readonly ack: number } | { readonly push: Payload }

export async function serveHandAcks({ port, handled }: ServeOptions): Promise<PeerServer> {
  const { http, url, cut, lastConnectionAt } = await listen(port)
  const sockets = new Set<WebSocket>()
  const server = new WebSocketServer({ server: http, perMessageDeflate: false })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('message', (data: Buffer) => {
      const { id, data: payload } = JSON.parse(data.toString()) as Up
      handled(payload)
      if (id !== undefined) socket.send(JSON.stringify({ ack: id }))
    })
  })
  const push = (payload: Payload): void => {
    const prepared = Buffer.from(JSON.stringify({ push: payload }))
    for (const socket of sockets) socket.send(prepared, { binary: false })
  }
  return { url, push, cut, lastConnectionAt }
}

/** What the adapters have in common; sockets that queue may be sent to before they are open. */
export interface TextSocket {
  send(text: string): void
  close(): void
  opened(): Promise<void>
}

/** Makes the socket of a client: `received` gets each text. */
export type DialText = (received: (text: string) => void) => TextSocket

export function openHandAcks(dial: DialText, { acknowledge }: OpenOptions): PeerClient {
  const pending = new Map<number, () => void>()
  let handler: (payload: Payload) => void = () => undefined
  let nextId = 0
  const socket = dial((text) => {
    const message = JSON.parse(text) as Down
    if ('push' in message) return handler(message.push)
    const acknowledged = pending.get(message.ack)
    pending.delete(message.ack)
    acknowledged?.()
  })
  return {
    ready: () => socket.opened(),
    send(data, acknowledged) {
      if (!acknowledge) return socket.send(JSON.stringify({ data }))
      const id = nextId++
      pending.set(id, acknowledged)
      socket.send(JSON.stringify({ id, data }))
    },
    onPush(next) {
      handler = next
    },
    close: () => socket.close(),
  }
}
