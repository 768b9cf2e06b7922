import http from 'node:http'
import net from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { AuthError, ConfigError } from '../../src/protocol/errors.js'
import { FrameType } from '../../src/protocol/frames.js'
import { createServer, type Server, type ServerOptions } from '../../src/server/index.js'

const { ACCEPTED, AWAY, ENTRY, HELLO, JOIN, SEND, WELCOME } = FrameType

const HELLO_FRAME = [
  HELLO,
  {
    v: 1,
    producers: [{ id: 'a', key: 'k', kind: 'messages', attach: 1, floor: 0, written: 0 }],
    cursors: {},
    window: { messages: 100, bytes: 100_000 },
    maxFrame: 1_000_000,
    caps: {},
  },
]

const open: { close(options?: { drainMs?: number }): Promise<void> }[] = []
const sockets: WebSocket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate()
  await Promise.all(open.splice(0).map((server) => server.close({ drainMs: 0 })))
})

async function serve(options: ServerOptions = {}): Promise<{ server: Server; port: number; url: string }> {
  const server = createServer(options)
  open.push(server)
  return { server, ...(await server.listen()) }
}

class Peer {
  readonly socket: WebSocket
  readonly frames: unknown[][] = []
  readonly closed: Promise<{ code: number; reason: string }>
  #stir: () => void = () => {}

  constructor(url: string, protocols = ['surewire.1.json']) {
    this.socket = new WebSocket(url, protocols)
    sockets.push(this.socket)
    this.socket.on('error', () => {})
    this.socket.on('open', () => this.#stir())
    this.socket.on('message', (data: Buffer) => {
      this.frames.push(...(JSON.parse(data.toString()) as unknown[][]))
      this.#stir()
    })
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    })
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#stir = resolve))
  }

  async next(type: number): Promise<unknown[]> {
    await this.until(() => this.frames.some((frame) => frame[0] === type))
    return this.frames.splice(
      this.frames.findIndex((frame) => frame[0] === type),
      1,
    )[0] as unknown[]
  }

  async hello(): Promise<unknown[]> {
    await this.until(() => this.socket.readyState === WebSocket.OPEN)
    this.say(HELLO_FRAME)
    return this.next(WELCOME)
  }

  say(...frames: unknown[]): void {
    this.socket.send(JSON.stringify(frames))
  }
}

/** The answer to a refused upgrade. */
function refused(
  url: string,
  protocols?: string[],
): Promise<{ status: number; retryAfter: string | undefined }> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, protocols ?? ['surewire.1.json'])
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('unexpected-response', (_, response) => {
      response.resume()
      resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] })
    })
  })
}

test('hello, a message, its effect in a room, and the end', async () => {
  const { server, url } = await serve()
  server.on('say', (data, ctx) => ctx.toRoom('lobby').send('said', data))
  const peer = new Peer(url)
  await peer.hello()
  expect(peer.socket.protocol).toBe('surewire.1.json')
  peer.say([JOIN, 1, 'lobby'], [SEND, 1, null, 'say', 'grüße'])
  expect(await peer.next(ACCEPTED)).toEqual([ACCEPTED, 0, 1])
  expect((await peer.next(ENTRY))[4]).toBe('grüße')
  peer.say([FrameType.BYE])
  expect(await peer.closed).toEqual({ code: 1000, reason: 'bye' })
})

test('a wrong path is 404, a subprotocol that nobody speaks 400, a full server 503 with Retry-After', async () => {
  const { port, url } = await serve({ limits: { maxConnections: 1 } })
  expect(await refused(`ws://127.0.0.1:${port}/api/ws`)).toMatchObject({ status: 404 })
  expect(await refused(url, ['surewire.9.json'])).toMatchObject({ status: 400 })
  const peer = new Peer(url)
  await peer.hello()
  expect(await refused(url)).toEqual({ status: 503, retryAfter: '5' })
})

test('plain HTTP: health, status for whom authenticate accepts, 426 at the path of WebSockets', async () => {
  const { port } = await serve({
    authenticate: ({ auth }) => {
      if (auth !== 'secret') throw new AuthError()
      return { id: 'admin' }
    },
  })
  const get = (path: string, headers = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers })
  expect(await (await get('/healthz')).json()).toEqual({ status: 'ok' })
  expect((await get('/ws')).status).toBe(426)
  expect((await get('/nothing')).status).toBe(404)
  expect((await get('/status')).status).toBe(401)
  const status = await get('/status', { authorization: 'Bearer secret' })
  expect(status.status).toBe(200)
  expect(await status.json()).toMatchObject({ connections: 0, messagesIn: 0 })
})

test('an HTTP server of its own keeps its handlers, and other upgrades are left to others', async () => {
  const own = http.createServer((_, response) => response.end('the application'))
  const server = createServer({ server: own, path: '/live' })
  open.push(server, { close: async () => void own.close() })
  const { port, url } = await server.listen()
  expect(url).toBe(`ws://127.0.0.1:${port}/live`)
  expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).text()).toBe('the application')
  await new Peer(url).hello()
  own.on('upgrade', (request, socket) => {
    if (request.url === '/other') socket.end('HTTP/1.1 418 Teapot\r\nConnection: close\r\n\r\n')
  })
  expect(await refused(`ws://127.0.0.1:${port}/other`)).toMatchObject({ status: 418 })
  await server.close()
  expect(own.listening).toBe(true)
})

test('close says AWAY, ends sockets with 4100, and settles although a peer never answers', async () => {
  const { server, port, url } = await serve()
  const peer = new Peer(url)
  await peer.hello()
  const deaf = net.connect(port, '127.0.0.1')
  deaf.on('error', () => {})
  deaf.write(
    'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: surewire.1.json\r\n\r\n',
  )
  await new Promise((resolve) => deaf.once('data', resolve))
  const closing = server.close({ retryAfterMs: 10, spreadMs: 20 })
  expect(await peer.next(AWAY)).toEqual([AWAY, { afterMs: 10, spreadMs: 20, reason: 'shutdown' }])
  expect(await peer.closed).toMatchObject({ code: 4100 })
  await closing
  await expect(server.listen()).rejects.toMatchObject({ code: 'closed' })
  deaf.destroy()
})

test('a message that is too long ends its connection alone', async () => {
  const { url } = await serve({ limits: { maxFrameBytes: 10_000 } })
  const other = new Peer(url)
  await other.hello()
  const peer = new Peer(url)
  await peer.hello()
  peer.socket.send('x'.repeat(20_000))
  expect(await peer.closed).toMatchObject({ code: 1009 })
  expect(other.socket.readyState).toBe(WebSocket.OPEN)
})

test('a port that is taken rejects listen', async () => {
  const { port } = await serve()
  const second = createServer()
  open.push(second)
  await expect(second.listen(port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test.each([
  [{ port: 70_000 }, 'port'],
  [{ path: 'ws' }, 'path'],
  [{ server: {} as http.Server }, 'server'],
])('a wrong option is named: %j', (options, field) => {
  expect(() => createServer(options)).toThrow(expect.objectContaining({ field }))
  expect(() => createServer(options)).toThrow(ConfigError)
})

test('two servers on one HTTP server: each has its path, and a third path is answered 404', async () => {
  const shared = http.createServer()
  const first = createServer({ server: shared, path: '/a' })
  const second = createServer({ server: shared, path: '/b' })
  open.push(second, first)
  const { port } = await first.listen()
  for (const path of ['/a', '/b']) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, ['surewire.1.json'])
    sockets.push(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
  }
  const lost = new WebSocket(`ws://127.0.0.1:${port}/c`, ['surewire.1.json'])
  sockets.push(lost)
  const error = await new Promise<Error>((resolve) => lost.once('error', resolve))
  expect(error.message).toContain('404')
  await Promise.all([first.close({ drainMs: 0 }), second.close({ drainMs: 0 })])
  shared.close()
})

test.each([
  [null, 'options'],
  [{ authorise: () => false }, 'authorise'],
  [{ host: 5 }, 'host'],
])('a wrong option is named: %j', (options, field) => {
  expect(() => createServer(options as never)).toThrow(
    expect.objectContaining({ field, code: 'config_invalid' }),
  )
})
