/**
 * What the programs in all runtimes talk to: the built server in Node, behind a fault proxy of their own.
 *
 * Owns: the server's handlers, an echo for SurewireSocket, an address that refuses, the faults by HTTP.
 */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { startConformanceServer } from '../../scripts/conformance-server.js'
import type { Serializer } from '../../src/index.js'
import type { Server, ServerOptions } from '../../src/server/index.js'
import { createFaultProxy, type FaultProxy } from '../../tools/fault-proxy.js'
import type { Entries, Fault, Place } from './check.js'

/** Silence is noticed within a second; a busy machine must not look silent. */
const HEARTBEAT = { intervalMs: 300, timeoutMs: 700 }

export interface Reference {
  /** Addresses for one run, with a proxy of its own. */
  open(): Promise<{ addresses: Pick<Place, 'url' | 'control' | 'fixtures'>; close(): Promise<void> }>
  close(): Promise<void>
}

export async function startReference(
  { createServer, AuthError }: Entries['server'],
  serializers: readonly Serializer[],
): Promise<Reference> {
  const web = http.createServer((_request, response) => void response.writeHead(404).end())
  const echo = serveEcho(web)
  const headers = new Map<string, http.IncomingHttpHeaders>()
  const options: ServerOptions = {
    server: web,
    serializers,
    heartbeat: HEARTBEAT,
    authorize: () => true,
    authenticate: ({ auth, request }) => {
      if (auth === 'wrong' || typeof auth !== 'string') throw new AuthError('these credentials are refused')
      headers.set(auth, request.headers)
      return { id: auth }
    },
  }
  const server = createServer(options)
  addHandlers(server, (user, name) => headers.get(user)?.[name] ?? null)
  const port = await listen(web)
  const fixtures = await startConformanceServer()
  return {
    open: () => openPlace(port, fixtures.url),
    close: async () => {
      await server.close({ drainMs: 0 })
      for (const client of echo.clients) client.terminate()
      web.closeAllConnections()
      web.close()
      await fixtures.close()
    },
  }
}

function addHandlers(server: Server, headerOf: (user: string, name: string) => unknown): void {
  const counted = new Map<string, number[]>()
  server.on('count', (data) => {
    const { key, index } = data as { key: string; index: number }
    counted.set(key, [...(counted.get(key) ?? []), index])
  })
  server.on('refuse', () => {
    throw new Error('refused on purpose')
  })
  server.on('say', (data, context) => {
    const said = data as { room: string; data: unknown }
    context.toRoom(said.room).send('said', said.data)
  })
  server.on('to-me', (data, context) => context.toSession(context.sessionId).send('for-you', data))
  server.on('kick-me', (_data, { sessionId }) => {
    setTimeout(() => server.kick(sessionId, 'on purpose'), 20)
  })
  server.onRequest('counted', (key) => counted.get(key as string) ?? [])
  server.onRequest('add', (data) => {
    const { a, b } = data as { a: number; b: number }
    return a + b
  })
  server.onRequest('echo', (data) => data)
  server.onRequest('fail', () => {
    throw new Error('fails on purpose')
  })
  server.onRequest('never', () => new Promise(() => undefined))
  server.onRequest('header', (name, { user }) => headerOf(user.id, name as string))
}

/** `/echo` says again what it hears, `/locked` lets nobody in; the other paths are the server's. */
function serveEcho(web: http.Server): WebSocketServer {
  const echo = new WebSocketServer({ noServer: true })
  echo.on('connection', (socket) => {
    socket.on('error', (error) => console.error('echo:', error.message))
    socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }))
  })
  web.on('upgrade', (request: http.IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url === '/locked') socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
    if (request.url === '/echo')
      echo.handleUpgrade(request, socket, head, (one) => echo.emit('connection', one))
  })
  return echo
}

async function openPlace(port: number, fixtures: string): ReturnType<Reference['open']> {
  const proxy = await createFaultProxy({ target: { port } })
  const control = http.createServer((request, response) => {
    response.setHeader('connection', 'close')
    commit(proxy, request.url?.slice(1) as Fault).then(
      () => response.end('done'),
      (error: unknown) => response.writeHead(400).end(String(error)),
    )
  })
  const controlPort = await listen(control)
  return {
    addresses: { url: `ws://127.0.0.1:${proxy.port}`, control: `http://127.0.0.1:${controlPort}`, fixtures },
    close: async () => {
      control.closeAllConnections()
      control.close()
      await proxy.close()
    },
  }
}

async function commit(proxy: FaultProxy, fault: Fault): Promise<void> {
  switch (fault) {
    case 'reset':
      proxy.reset()
      return
    case 'refuse':
      return proxy.refuse(true)
    case 'blackhole':
      return proxy.blackhole()
    case 'heal':
      return proxy.heal()
    default:
      throw new Error(`there is no fault '${String(fault)}'`)
  }
}

function listen(server: http.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
