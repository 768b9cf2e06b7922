/**
 * Our own server, as conformance tests start, restart and end it.
 *
 * Owns: one interface over a server in memory and one on a real port, both with a store that survives a crash.
 */
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { CommonOptions } from '../../src/server/engine-options.js'
import { createServer, memoryStore, type Server } from '../../src/server/index.js'
import type { CloseServerOptions, ServerApi } from '../../src/server/types.js'
import type { Serializer } from '../../src/protocol/codec.js'
import type { TestNetwork } from '../../src/testing/network-types.js'
import { Registrations } from '../../src/testing/registrations.js'
import { createTestServer } from '../../src/testing/server.js'
import { StorePlug } from '../../src/testing/store-plug.js'

/** What tests may choose of a server, whatever its transport. */
export type ServeOptions = Omit<CommonOptions, 'serializers' | 'store'>

export interface ServerUnderTest extends ServerApi {
  readonly url: string
  /** The process dies, and another takes its place; handlers stay. */
  restart(options: { keepStore: boolean }): Promise<void>
  close(options?: CloseServerOptions): Promise<void>
}

export function serveInMemory(
  network: TestNetwork,
  serializer: Serializer,
  options: ServeOptions,
): ServerUnderTest {
  const server = createTestServer({ ...options, network, serializers: [serializer] })
  const restart = async (how: { keepStore: boolean }): Promise<void> => server.restart(how)
  return {
    url: server.url,
    ...apiOf(() => server),
    restart,
    close: (how) => server.close(how),
  }
}

/** One process on a port. */
interface Process {
  readonly server: Server
  readonly http: http.Server
  readonly plug: StorePlug
  readonly sockets: Set<Socket>
}

export async function serveOnSocket(serializer: Serializer, options: ServeOptions): Promise<ServerUnderTest> {
  const newStore = () => memoryStore({ ...options.limits })
  let store = newStore()
  const start = async (port: number): Promise<Process> => {
    const plug = new StorePlug(store)
    const server = http.createServer()
    const sockets = new Set<Socket>()
    server.on('connection', (socket) => sockets.add(socket))
    const ours = createServer({ ...options, serializers: [serializer], store: plug, server })
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    return { server: ours, http: server, plug, sockets }
  }
  let process = await start(0)
  const { port } = process.http.address() as AddressInfo
  const registrations = new Registrations<ServerApi>(process.server)
  return {
    url: `ws://127.0.0.1:${port}/ws`,
    ...apiOf(() => process.server),
    on: (type, handler) => registrations.add((server) => server.on(type, handler)),
    onRequest: (type, handler) => registrations.add((server) => server.onRequest(type, handler)),
    onSession: (handler) => registrations.add((server) => server.onSession(handler)),
    async restart({ keepStore }) {
      await crash(process)
      if (!keepStore) store = newStore()
      process = await start(port)
      registrations.moveTo(process.server)
    },
    async close(how) {
      await process.server.close(how)
      await stopListening(process)
    },
  }
}

/** Nothing of the process reaches anybody any more. */
async function crash(process: Process): Promise<void> {
  process.plug.pull()
  const stopped = stopListening(process)
  await process.server.close({ drainMs: 0 })
  await stopped
}

function stopListening({ http: server, sockets }: Process): Promise<void> {
  const stopped = new Promise<void>((resolve) => server.close(() => resolve()))
  for (const socket of sockets) socket.resetAndDestroy()
  return stopped
}

/** The calls that go to whichever server runs now. */
function apiOf(server: () => ServerApi): ServerApi {
  return {
    on: (type, handler) => server().on(type, handler),
    onRequest: (type, handler) => server().onRequest(type, handler),
    onSession: (handler) => server().onSession(handler),
    toRoom: (id) => server().toRoom(id),
    toUser: (id) => server().toUser(id),
    toSession: (id) => server().toSession(id),
    toAll: () => server().toAll(),
    presence: (room) => server().presence(room),
    devices: (userId) => server().devices(userId),
    kick: (sessionId, reason) => server().kick(sessionId, reason),
    stats: () => server().stats(),
  }
}
