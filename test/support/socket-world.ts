/**
 * Real sockets for hand-driven peers, on `ws`.
 *
 * Owns: a raw client's dial and a raw server's listening over TCP. Nothing of `src/` is in between, so that a mistake
 * there cannot hide itself.
 * Does not own: waiting (world.ts).
 */
import type { AddressInfo } from 'node:net'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import type { Encoded } from '../../src/protocol/codec.js'
import type { DialTarget, Link, LinkEvents } from '../../src/runtime/ports.js'
import type { RawSink } from './raw-server.js'

/** What a raw server makes of a connection. */
export interface AcceptedSocket {
  received(data: Encoded): void
  closed(code: number, reason: string): void
}

/** Dials with `ws`, without any help. */
export function dialSocket(target: DialTarget, events: LinkEvents): Link {
  const socket = new WebSocket(target.url, [...target.protocols], { perMessageDeflate: false })
  let opened = false
  socket.on('open', () => {
    opened = true
    events.opened(socket.protocol)
  })
  socket.on('message', (data, isBinary) => events.received(decoded(data, isBinary)))
  socket.on('close', (code, reason) => opened && events.closed(code, reason.toString()))
  socket.on('error', (error) => !opened && events.failed(error))
  return {
    send: (data) => socket.send(data),
    close: (code, reason) => (code === 1006 ? socket.terminate() : socket.close(code, reason)),
    get bufferedAmount() {
      return socket.bufferedAmount
    },
  }
}

export interface SocketListener {
  readonly url: string
  stop(): Promise<void>
}

/** Listens on a free port; every connection goes to `accept`. */
export async function listenOnSocket(
  accept: (protocol: string, sink: RawSink) => AcceptedSocket,
): Promise<SocketListener> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  server.on('connection', (socket) => attach(socket, accept))
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `ws://127.0.0.1:${port}/ws`, stop: () => stop(server) }
}

function attach(socket: WebSocket, accept: (protocol: string, sink: RawSink) => AcceptedSocket): void {
  const accepted = accept(socket.protocol, {
    send: (data) => socket.send(data),
    close: (code, reason) => socket.close(code, reason),
    cut: () => socket.terminate(),
  })
  socket.on('message', (data, isBinary) => accepted.received(decoded(data, isBinary)))
  socket.on('close', (code, reason) => accepted.closed(code, reason.toString()))
  // 'close' follows and says what there is to say.
  socket.on('error', () => undefined)
}

function stop(server: WebSocketServer): Promise<void> {
  for (const socket of server.clients) socket.terminate()
  return new Promise((resolve) => server.close(() => resolve()))
}

function decoded(data: RawData, isBinary: boolean): Encoded {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)
  return isBinary ? new Uint8Array(bytes) : bytes.toString()
}
