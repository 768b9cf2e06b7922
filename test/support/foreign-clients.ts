/**
 * What the tests of SurewireSocket under clients of others have in common: a server behind a proxy, sockets that are
 * watched, and cuts that fall while work is under way.
 */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, vi } from 'vitest'
import { type WebSocket as NodeSocket, WebSocketServer } from 'ws'
import { SurewireSocket } from '../../src/websocket/index.js'
import { createFaultProxy, type FaultProxy, type Way } from '../../tools/fault-proxy.js'

export const CUTS = 10

export const eventually = (check: () => void): Promise<void> =>
  vi.waitFor(check, { timeout: 10_000, interval: 5 })

export interface Served {
  readonly server: WebSocketServer
  readonly proxy: FaultProxy
  /** Connections that the server ever had. */
  readonly connections: () => number
}

/** A server of `ws` that chooses the first subprotocol offered, behind a proxy that cuts. */
export async function serve(
  onSocket: (socket: NodeSocket, request: IncomingMessage) => void,
): Promise<Served> {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: ([first = ''], _request) => first,
  })
  let connections = 0
  server.on('connection', (socket, request) => {
    connections += 1
    onSocket(socket, request)
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const proxy = await createFaultProxy({ target: { port }, seed: 6 })
  onTestFinished(async () => {
    await proxy.close()
    for (const client of server.clients) client.terminate()
    server.close()
  })
  return { server, proxy, connections: () => connections }
}

/** Dials that failed, of all sockets of {@link WatchedSocket}. */
let failedDials = 0

/** Retries quickly, and counts dials that fail. */
export class WatchedSocket extends SurewireSocket.with({
  minReconnectionDelay: 10,
  maxReconnectionDelay: 20,
}) {
  constructor(...parameters: ConstructorParameters<typeof SurewireSocket>) {
    super(...parameters)
    for (const type of ['error', 'retry']) this.addEventListener(type, () => (failedDials += 1))
  }
}

/**
 * One cut with work under way. `up`: what is sent never arrives at the server; `down`: it arrives, and nothing that the
 * server says to it comes back.
 */
export interface Cut {
  readonly way: Way
  readonly round: number
}

/** Each way in turn. */
export const wayOf = (round: number): Way => (round % 2 === 0 ? 'up' : 'down')

/**
 * Stops the flow in one direction, lets `begin` start work and wait until it is under way, cuts every connection, and
 * everything flows again; `after` sees to it that nothing of this cut is left for the next. At every third cut nobody
 * listens until a dial has failed.
 */
export async function throughCuts(
  proxy: FaultProxy,
  begin: (cut: Cut) => Promise<void>,
  after: (cut: Cut) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < CUTS; round++) {
    const cut: Cut = { way: wayOf(round), round }
    proxy.blackhole(cut.way)
    await begin(cut)
    const isRefused = round % 3 === 2
    if (isRefused) await proxy.refuse(true)
    const failedBefore = failedDials
    expect(proxy.reset()).toBeGreaterThan(0)
    if (isRefused) await eventually(() => expect(failedDials).toBeGreaterThan(failedBefore))
    await proxy.heal()
    await after(cut)
  }
}
