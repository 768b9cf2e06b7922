/**
 * The WebSocket transport against real sockets: `ws` servers and raw TCP servers that misbehave.
 *
 * Each case of FAILURES that a transport alone can meet: 2–5, 7–9, 13, 14, 37, 41, 42, 46.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { ConnectError } from '../../src/protocol/errors.js'
import type { Link } from '../../src/runtime/ports.js'
import { type WebSocketOptions, webSocket } from '../../src/transports/websocket.js'

type Event =
  | { type: 'opened'; protocol: string }
  | { type: 'received'; data: string | Uint8Array }
  | { type: 'closed'; code: number; reason: string }
  | { type: 'failed'; error: Error }
type EventOf<T extends Event['type']> = Extract<Event, { type: T }>

const cleanups: (() => void | Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Dialled {
  readonly link: Link
  readonly events: Event[]
  next<T extends Event['type']>(type: T): Promise<EventOf<T>>
}

/** Dials and records everything the transport reports. */
function dial(url: string, options: WebSocketOptions = {}, protocols: string[] = []): Dialled {
  const events: Event[] = []
  const waiting: (() => void)[] = []
  let read = 0
  const push = (event: Event): void => {
    events.push(event)
    for (const wake of waiting.splice(0)) wake()
  }
  const link = webSocket(options).open(
    { url, protocols },
    {
      opened: (protocol) => push({ type: 'opened', protocol }),
      received: (data) => push({ type: 'received', data }),
      closed: (code, reason) => push({ type: 'closed', code, reason }),
      failed: (error) => push({ type: 'failed', error }),
    },
  )
  cleanups.push(() => link.close(1000, ''))
  const next = async <T extends Event['type']>(type: T): Promise<EventOf<T>> => {
    while (read >= events.length) await new Promise<void>((resolve) => waiting.push(resolve))
    const event = events[read++] as Event
    if (event.type !== type)
      throw new Error(`expected ${type}, got ${JSON.stringify(event)} ${describeError(event)}`)
    return event as EventOf<T>
  }
  return { link, events, next }
}

const describeError = (event: Event): string => (event.type === 'failed' ? String(event.error) : '')

async function failure(dialled: Dialled): Promise<ConnectError> {
  const { error } = await dialled.next('failed')
  expect(error).toBeInstanceOf(ConnectError)
  return error as ConnectError
}

/** A `ws` server that calls back for every connection. */
async function serve(
  onSocket: (socket: WebSocket, request: IncomingMessage) => void = () => undefined,
  options: ServerOptions = {},
): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options })
  server.on('connection', onSocket)
  await once(server, 'listening')
  cleanups.push(() => {
    for (const client of server.clients) client.terminate()
    return new Promise((resolve) => server.close(resolve))
  })
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** An HTTP server that answers every upgrade by hand. */
async function serveHttp(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createHttpServer(answer)
  return listen(server)
}

/** A TCP server; `onSocket` gets every connection. */
async function serveTcp(onSocket: (socket: Socket) => void): Promise<string> {
  return listen(
    createServer((socket) => {
      socket.on('error', () => undefined)
      onSocket(socket)
    }),
  )
}

async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** Answers the upgrade as RFC 6455 section 4.2.2 has it, then hands over the raw socket. */
function upgradeByHand(then: (socket: Socket) => void, accept = acceptOf): (socket: Socket) => void {
  return (socket) => {
    socket.once('data', (head) => {
      const key = /sec-websocket-key: (.+)\r\n/i.exec(head.toString())?.[1] ?? ''
      const lines = [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${accept(key)}`,
      ]
      socket.write(`${lines.join('\r\n')}\r\n\r\n`)
      then(socket)
    })
  }
}

function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

describe('a WebSocket that works', () => {
  it('opens with the subprotocol that the server chose', async () => {
    const url = await serve()
    const dialled = dial(url, { protocols: ['token.abc'] }, ['surewire.1.json'])
    expect(await dialled.next('opened')).toEqual({ type: 'opened', protocol: 'surewire.1.json' })
  })

  it('takes http: for ws:, and drops the fragment', async () => {
    const dialled = dial((await serve()).replace('ws:', 'http:') + '#top')
    expect(await dialled.next('opened')).toEqual({ type: 'opened', protocol: '' })
  })

  it('gives text as text and binary as Uint8Array, and sends both', async () => {
    const url = await serve((socket) =>
      socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary })),
    )
    const dialled = dial(url)
    await dialled.next('opened')
    dialled.link.send('grüße')
    dialled.link.send(new Uint8Array([1, 2, 255]))
    expect((await dialled.next('received')).data).toBe('grüße')
    const { data } = await dialled.next('received')
    expect(data).toStrictEqual(new Uint8Array([1, 2, 255]))
    expect(Object.getPrototypeOf(data)).toBe(Uint8Array.prototype)
  })

  it('sends headers, asked for anew before every dial', async () => {
    const seen: unknown[] = []
    const url = await serve((_socket, request) => seen.push(request.headers['authorization']))
    let count = 0
    const headers = async (): Promise<Record<string, string>> => ({ authorization: `Bearer ${++count}` })
    await dial(url, { headers }).next('opened')
    await dial(url, { headers }).next('opened')
    expect(seen).toEqual(['Bearer 1', 'Bearer 2'])
  })

  it('reports code and reason of the server', async () => {
    const dialled = dial(await serve((socket) => socket.close(4401, 'taken over')))
    await dialled.next('opened')
    expect(await dialled.next('closed')).toEqual({ type: 'closed', code: 4401, reason: 'taken over' })
  })

  it('tells the server code and reason, and reports nothing after close()', async () => {
    let serverSide: (socket: WebSocket) => void
    const connected = new Promise<WebSocket>((resolve) => {
      serverSide = resolve
    })
    const dialled = dial(await serve((socket) => serverSide(socket)))
    await dialled.next('opened')
    const socket = await connected
    socket.send('too late')
    const closed = once(socket, 'close')
    dialled.link.close(1002, 'bad frame')
    const [code, reason] = await closed
    expect([code, String(reason)]).toEqual([1002, 'bad frame'])
    expect(dialled.events).toEqual([{ type: 'opened', protocol: '' }])
  })
})

describe('an upgrade that is refused', () => {
  it.each([
    [401, /credentials/],
    [403, /not allowed/],
    [404, /misspelt, or doubled/],
    [500, /did not open a WebSocket/],
    [200, /ordinary page/],
  ])('with HTTP %i fails with that status and advice', async (status, advice) => {
    const url = await serveHttp((_request, response) => response.writeHead(status).end('no'))
    const error = await failure(dial(`${url}api/v1/ws?token=secret`))
    expect(error.status).toBe(status)
    expect(error.message).toMatch(advice)
    expect(error.message).toContain('/api/v1/ws')
    expect(error.message).not.toContain('secret')
    expect(error.retryable).toBe(true)
  })

  it.each([429, 503])('with HTTP %i says how long to wait', async (status) => {
    const url = await serveHttp((_request, response) =>
      response.writeHead(status, { 'retry-after': '7' }).end(),
    )
    const error = await failure(dial(url))
    expect([error.status, error.retryAfterMs]).toEqual([status, 7_000])
  })

  it('by a redirect names where it points, without following it', async () => {
    let hits = 0
    const url = await serveHttp((_request, response) => {
      hits++
      response.writeHead(302, { location: '/login?next=secret' }).end()
    })
    const error = await failure(dial(url))
    expect(error.status).toBe(302)
    expect(error.message).toMatch(/redirects are not followed; it points to ws:\/\/127\.0\.0\.1:\d+\/login$/)
    expect(hits).toBe(1)
  })

  it('with an endless body does not keep the connection open', async () => {
    let closed: Promise<unknown> = Promise.reject(new Error('the server was not asked'))
    closed.catch(() => undefined)
    const url = await serveHttp((_request, response) => {
      closed = once(response, 'close')
      response.writeHead(503)
      response.write('and so on')
    })
    expect((await failure(dial(url))).status).toBe(503)
    await closed
  })
})

describe('a dial that cannot succeed', () => {
  it('names a port where nothing listens', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const error = await failure(dial(`ws://127.0.0.1:${port}/`))
    expect(error.message).toMatch(/nothing listens there.*\(ECONNREFUSED\)$/)
    expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' })
    expect(error.status).toBeNull()
  })

  it('names a host that does not exist', async () => {
    const error = await failure(dial('ws://nowhere.invalid/'))
    expect(error.message).toMatch(/host name.*\((ENOTFOUND|EAI_AGAIN)\)$/)
  })

  it('says that TLS failed where the port speaks plain ws', async () => {
    const url = await serve()
    const error = await failure(dial(url.replace('ws:', 'wss:')))
    expect(error.message).toMatch(/TLS/)
  })

  it('names a wrong Sec-WebSocket-Accept', async () => {
    const error = await failure(
      dial(
        await serveTcp(
          upgradeByHand(
            () => undefined,
            () => 'bm9uc2Vuc2U=',
          ),
        ),
      ),
    )
    expect(error.message).toMatch(/Sec-WebSocket-Accept/)
  })

  it('names a subprotocol that was not chosen', async () => {
    const error = await failure(dial(await serveTcp(upgradeByHand(() => undefined)), {}, ['surewire.1.json']))
    expect(error.message).toMatch(/subprotocol/i)
  })

  it('names a connection that is cut during the handshake', async () => {
    const error = await failure(
      dial(await serveTcp((socket) => socket.once('data', () => socket.resetAndDestroy()))),
    )
    expect(error.message).toMatch(/cut the connection|hang up/)
  })

  it('names an answer that is not HTTP', async () => {
    const error = await failure(dial(await serveTcp((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))))
    expect(error.message).toMatch(/could not be reached/)
  })
})

describe('a server that never upgrades', () => {
  it('is left at once by close(), and nothing is reported', async () => {
    let accepted: (socket: Socket) => void
    const connected = new Promise<Socket>((resolve) => {
      accepted = resolve
    })
    const dialled = dial(await serveTcp((socket) => socket.once('data', () => accepted(socket))))
    const socket = await connected
    const gone = once(socket, 'close')
    dialled.link.close(4000, 'no answer')
    await gone
    expect(dialled.events).toEqual([])
  })
})

describe('an open connection that goes wrong', () => {
  it('ends as abnormal when it is reset', async () => {
    const dialled = dial(
      await serveTcp(upgradeByHand((socket) => setImmediate(() => socket.resetAndDestroy()))),
    )
    await dialled.next('opened')
    expect((await dialled.next('closed')).code).toBe(1006)
  })

  it('ends as abnormal when TCP ends without a closing handshake', async () => {
    const dialled = dial(await serveTcp(upgradeByHand((socket) => socket.end())))
    await dialled.next('opened')
    expect((await dialled.next('closed')).code).toBe(1006)
  })

  it('ends as invalid at a text message that is not UTF-8', async () => {
    const text = Buffer.from([0x81, 2, 0xc3, 0x28])
    const dialled = dial(await serveTcp(upgradeByHand((socket) => socket.write(text))))
    await dialled.next('opened')
    expect(await dialled.next('closed')).toMatchObject({
      code: 1007,
      reason: expect.stringMatching(/UTF-8/),
    })
  })

  it('ends as a protocol error at an unknown opcode', async () => {
    const dialled = dial(await serveTcp(upgradeByHand((socket) => socket.write(Buffer.from([0x83, 0])))))
    await dialled.next('opened')
    expect((await dialled.next('closed')).code).toBe(1002)
  })

  it.each([false, true])(
    'ends as a protocol error at a message that is too long, deflated: %s',
    async (deflate) => {
      const url = await serve((socket) => socket.send('x'.repeat(100_000)), { perMessageDeflate: deflate })
      const dialled = dial(url, { maxMessageBytes: 10_000 })
      await dialled.next('opened')
      expect(await dialled.next('closed')).toMatchObject({
        code: 1002,
        reason: expect.stringMatching(/payload/),
      })
    },
  )

  it.each([false, true])('sends whole messages of every length, deflated: %s', async (deflate) => {
    const got: [data: Buffer, isBinary: boolean][] = []
    const sent = ['', 'ä', 'x'.repeat(70_000), new Uint8Array(3), new Uint8Array(200).fill(7), 'end']
    let agreed = ''
    let finish = (): void => undefined
    const finished = new Promise<void>((resolve) => (finish = resolve))
    const url = await serve(
      (socket) => {
        agreed = socket.extensions
        socket.on('message', (data: Buffer, isBinary) => {
          got.push([data, isBinary])
          if (got.length === sent.length) finish()
        })
      },
      { perMessageDeflate: deflate && { threshold: 0 } },
    )
    const dialled = dial(url)
    await dialled.next('opened')
    for (const data of sent) dialled.link.send(data)
    await finished
    expect(agreed).toBe(deflate ? 'permessage-deflate' : '')
    expect(got.map(([data, isBinary]) => (isBinary ? new Uint8Array(data) : data.toString()))).toEqual(sent)
  })

  it('is cut soon after close() when the server answers nothing', async () => {
    let gone: Promise<unknown> = Promise.resolve()
    const url = await serveTcp(
      upgradeByHand((socket) => {
        socket.resume()
        gone = once(socket, 'close')
      }),
    )
    const dialled = dial(url)
    await dialled.next('opened')
    const start = performance.now()
    dialled.link.close(1000, 'bye')
    await gone
    const took = performance.now() - start
    expect(took).toBeGreaterThan(1_000)
    expect(took).toBeLessThan(4_000)
  })
})
