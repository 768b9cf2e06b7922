/** The HTTP server that every peer's server stands on: it knows its sockets, so that they can be cut. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { wallClock } from '../process/clock.js'

export interface Listener {
  readonly http: http.Server
  readonly url: string
  readonly cut: () => void
  readonly lastConnectionAt: () => number
}

/** @param port 0: any free one */
export async function listen(port: number, path = '/ws'): Promise<Listener> {
  const server = http.createServer((_, response) => response.writeHead(404).end())
  const sockets = new Set<Duplex>()
  let last = 0
  server.prependListener('upgrade', (_, socket: Duplex) => {
    last = wallClock()
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', 2_048, () => resolve())
  })
  return {
    http: server,
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    cut: () => sockets.forEach((socket) => socket.destroy()),
    lastConnectionAt: () => last,
  }
}
