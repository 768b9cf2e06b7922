/**
 * What the server's own HTTP side answers.
 *
 * Owns: GET /healthz, GET /status (for whom `authenticate` accepts), and the status of refused upgrades.
 */
import { type IncomingMessage, STATUS_CODES, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Engine } from './engine.js'

/** Answers a request that is no upgrade. */
export function answerHttp(
  engine: Pick<Engine, 'authenticate' | 'stats' | 'isClosing'>,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const wanted = pathOf(request)
  if (wanted === path) {
    respond(
      response,
      426,
      { error: 'this path speaks WebSocket' },
      { upgrade: 'websocket', connection: 'upgrade' },
    )
  } else if (wanted !== '/healthz' && wanted !== '/status') {
    respond(response, 404, { error: 'not found' })
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    respond(response, 405, { error: 'only GET' }, { allow: 'GET, HEAD' })
  } else if (wanted === '/healthz') {
    respond(response, engine.isClosing ? 503 : 200, { status: engine.isClosing ? 'closing' : 'ok' })
  } else void answerStatus(engine, request, response)
}

async function answerStatus(
  engine: Pick<Engine, 'authenticate' | 'stats'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, token] = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '') ?? []
  const answer = await engine.authenticate(token, request)
  if (answer.ok) respond(response, 200, engine.stats())
  else if (answer.code === 'auth_refused') {
    respond(response, 401, { error: answer.message }, { 'www-authenticate': 'Bearer' })
  } else respond(response, 503, { error: answer.message }, { 'retry-after': '5' })
}

/** Refuses an upgrade the way HTTP does, so that clients in Node learn why. */
export function refuseUpgrade(
  socket: Duplex,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(message)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  socket.once('finish', () => socket.destroy())
  socket.end(`${lines.join('\r\n')}\r\n\r\n${message}`)
}

/** The path of a request, without query; `null` if it has none that can be read. */
export function pathOf(request: IncomingMessage): string | null {
  try {
    return new URL(request.url ?? '/', 'http://localhost').pathname
  } catch {
    return null
  }
}

function respond(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(JSON.stringify(body))
}
