/** socket.io over WebSocket: `emitWithAck`, with connection state recovery; and with `retries`. */
import type http from 'node:http'
import { listen } from './listen.js'
import { load } from './packages.js'
import type { Payload, Peer, PeerClient, PeerServer, ServeOptions } from './peer.js'

/** What of the packages is used here. */
interface ServerSocket {
  on(event: 'message', handler: (payload: Payload, acknowledge: () => void) => void): void
  on(event: 'join', handler: (rooms: number, acknowledge: () => void) => void): void
  join(rooms: string[]): void
}
interface Emitter {
  emit(event: 'push', payload: Payload): void
}
interface ServerClass {
  new (
    server: http.Server,
    options: object,
  ): Emitter & {
    on(event: 'connection', handler: (socket: ServerSocket) => void): void
    to(room: string): Emitter
  }
}
interface ClientSocket {
  on(event: 'push', handler: (payload: Payload) => void): void
  once(event: 'connect', handler: () => void): void
  emitWithAck(event: string, data: unknown): Promise<unknown>
  close(): void
}
type Connect = (url: string, options: object) => ClientSocket

const RECOVERY_MS = 120_000

async function serve({ port, handled }: ServeOptions): Promise<PeerServer> {
  const { Server } = await load<{ Server: ServerClass }>('socket.io')
  const { http: httpServer, url, cut, lastConnectionAt } = await listen(port, '')
  const io = new Server(httpServer, {
    transports: ['websocket'],
    connectionStateRecovery: { maxDisconnectionDuration: RECOVERY_MS },
  })
  io.on('connection', (socket) => {
    socket.on('message', (payload, acknowledge) => {
      handled(payload)
      acknowledge()
    })
    socket.on('join', (rooms, acknowledge) => {
      socket.join(Array.from({ length: rooms }, (_, room) => `room/${room}`))
      acknowledge()
    })
  })
  return {
    url: url.replace('ws:', 'http:'),
    push: (payload) => io.emit('push', payload),
    pushToRoom: (room, payload) => io.to(`room/${room}`).emit('push', payload),
    cut,
    lastConnectionAt,
  }
}

const { io: connect } = await load<{ io: Connect }>('socket.io-client')

function open(url: string, extra: object): PeerClient {
  const socket = connect(url, {
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 50,
    randomizationFactor: 0,
    ...extra,
  })
  const connected = new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  return {
    ready: () => connected,
    send: (payload, acknowledged) => void socket.emitWithAck('message', payload).then(acknowledged),
    onPush: (handler) => socket.on('push', handler),
    async joinRooms(count) {
      await socket.emitWithAck('join', count)
    },
    close: () => socket.close(),
  }
}

export const socketio: Peer = {
  title: 'socket.io, emitWithAck',
  promise: 'queues while not connected; what was under way may fail though it arrived',
  packages: ['socket.io', 'socket.io-client'],
  queues: true,
  pace: 1,
  serve,
  open: (url) => open(url, {}),
}

export const socketioRetries: Peer = {
  ...socketio,
  title: 'socket.io, retries',
  promise: 'at least once, one message in flight at a time',
  pace: 0.1,
  open: (url) => open(url, { retries: 10, ackTimeout: 10_000 }),
}
