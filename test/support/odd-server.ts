/**
 * Servers on real sockets that never get as far as a WebSocket, or get there in their own way.
 *
 * Owns: listening, the sockets, clearing up after the test.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface OddServer {
  readonly url: string
  readonly port: number
  /** Connections so far. */
  readonly accepted: number
  /** Connections that are open. */
  readonly open: number
}

/** A TCP server; `onSocket` gets every connection. */
export function serveTcp(onSocket: (socket: Socket) => void): Promise<OddServer> {
  return listen(createServer(onSocket))
}

/** An HTTP server that answers every upgrade as an ordinary request. */
export function serveHttp(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<OddServer> {
  return listen(createHttpServer(answer))
}

async function listen(server: Server): Promise<OddServer> {
  const sockets = new Set<Socket>()
  let accepted = 0
  server.on('connection', (socket) => {
    accepted++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // 'close' follows.
    socket.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => {
      server.close(() => resolve())
    })
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `ws://127.0.0.1:${port}/ws`,
    port,
    get accepted() {
      return accepted
    },
    get open() {
      return sockets.size
    },
  }
}

/** Answers the upgrade as RFC 6455 section 4.2.2 has it, with these headers instead; then the socket is raw. */
export function upgrading(
  headers: (key: string) => Readonly<Record<string, string>>,
  then: (socket: Socket) => void = () => undefined,
): (socket: Socket) => void {
  return (socket) => {
    socket.once('data', (head: Buffer) => {
      const key = /sec-websocket-key: (.+)\r\n/i.exec(head.toString())?.[1] ?? ''
      const all = { Upgrade: 'websocket', Connection: 'Upgrade', ...headers(key) }
      const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`)
      then(socket)
    })
  }
}

/** The right `Sec-WebSocket-Accept`. */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}
