import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type ClientOptions, webSocket } from '../../src/index.js'
import { fastClient, goodServer } from '../support/dialling.js'
import { until } from '../support/ledger.js'
import { acceptOf, type OddServer, serveHttp, serveTcp, upgrading } from '../support/odd-server.js'
import { SOON_MS } from '../support/through-proxy.js'

/** As some platforms do, it takes a server that chose no subprotocol. */
class LenientWebSocket extends WebSocket {
  constructor(url: string) {
    super(url, [])
  }
}

/** The error of the first dial, and what the client said to the server beyond the request for an upgrade. */
async function dial(server: OddServer, options: Partial<ClientOptions> = {}) {
  const good = await goodServer()
  const urls = [server.url]
  const client = fastClient({ url: () => urls.shift() ?? good.url, auth: 'secret', ...options })
  const errors: string[] = []
  client.lifecycle.on('error', ({ message }) => errors.push(message))
  void client.connect()
  await until('the dial has failed', () => errors.length > 0, SOON_MS)
  return { client, error: errors[0] }
}

describe('9: the answer to the upgrade is wrong', () => {
  it('a redirect is not followed, but named, without what may be secret in it; the dial is retried', async () => {
    const paths: (string | undefined)[] = []
    const server = await serveHttp((request, response) => {
      paths.push(request.url)
      response.writeHead(302, { location: `/login?next=secret` }).end()
    })
    const { client, error } = await dial(server)
    expect(error).toMatch(/redirects are not followed; it points to ws:\/\/127\.0\.0\.1:\d+\/login$/)
    await until('the next dial succeeds', () => client.snapshot.status === 'connected', SOON_MS)
    expect(paths).toEqual(['/ws'])
  })

  const said: Buffer[] = []
  const listening = (socket: Socket): void => {
    socket.on('data', (data: Buffer) => said.push(data))
  }
  const cases: [string, Parameters<typeof upgrading>[0], RegExp][] = [
    ['no subprotocol', (key) => ({ 'Sec-WebSocket-Accept': acceptOf(key) }), /subprotocol/],
    [
      'a subprotocol that was not offered',
      (key) => ({ 'Sec-WebSocket-Accept': acceptOf(key), 'Sec-WebSocket-Protocol': 'graphql-ws' }),
      /subprotocol/,
    ],
    [
      'a wrong Sec-WebSocket-Accept',
      () => ({ 'Sec-WebSocket-Accept': 'bm9uc2Vuc2U=', 'Sec-WebSocket-Protocol': 'surewire.1.json' }),
      /Sec-WebSocket-Accept/,
    ],
  ]
  it.each(cases)('%s: no credentials are sent, and the dial is retried', async (_name, headers, advice) => {
    said.length = 0
    const { client, error } = await dial(await serveTcp(upgrading(headers, listening)))
    expect(error).toMatch(advice)
    await until('the next dial succeeds', () => client.snapshot.status === 'connected', SOON_MS)
    expect(Buffer.concat(said).toString('latin1')).not.toContain('secret')
  })

  it('a platform that does not mind the subprotocol gets no credentials either', async () => {
    said.length = 0
    const server = await serveTcp(upgrading((key) => ({ 'Sec-WebSocket-Accept': acceptOf(key) }), listening))
    const { error } = await dial(server, { transports: [webSocket({ WebSocket: LenientWebSocket })] })
    expect(error).toMatch(/chose none of the offered subprotocols surewire\.1\.json/)
    await until('the socket is closed', () => server.open === 0, SOON_MS)
    expect(said.length).toBeLessThanOrEqual(1)
  })
})
