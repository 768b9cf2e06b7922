import https from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import tls from 'node:tls'
import { describe, expect, it } from 'vitest'
import { createClient, type SurewireError } from '../../src/index.js'
import { cleaning } from '../support/cleaning.js'
import { until } from '../support/ledger.js'
import { selfSigned } from '../support/self-signed.js'
import { socketServer } from '../support/socket-server.js'

const DAY_MS = 86_400_000
const fromNow = (days: number): Date => new Date(Date.now() + days * DAY_MS)

const quiet = <S extends TcpServer>(server: S): S => {
  // The client hangs up on it; that is what is tested.
  server.on('tlsClientError', () => undefined)
  return server
}

const untrusted: [string, () => TcpServer, RegExp][] = [
  [
    'a self-signed certificate',
    () => https.createServer(selfSigned('localhost', fromNow(-1), fromNow(1))),
    /the server's certificate is self-signed: add it to NODE_EXTRA_CA_CERTS/,
  ],
  [
    'no certificate at all',
    () => tls.createServer({}),
    /TLS failed: the port may .* lack a certificate, or share no version of TLS/,
  ],
  [
    'plain text where TLS was expected',
    () =>
      createTcpServer((socket) =>
        socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      ),
    /TLS failed: the port (may speak|seems to speak) plain ws:/,
  ],
  [
    'a connection cut during the handshake',
    () => createTcpServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
    /the other side cut the connection during the handshake/,
  ],
]

describe('38: TLS is refused', () => {
  const later = cleaning()

  it.each(untrusted)(
    'says why in a sentence, tries again, and keeps what was sent: %s',
    async (_, make, sentence) => {
      const insecure = quiet(make())
      await new Promise<void>((resolve) => insecure.listen(0, '127.0.0.1', resolve))
      later(() => insecure.close())
      const { server, url } = await socketServer()
      later(() => server.close({ drainMs: 0 }))
      server.on('note', () => undefined)
      let address = `wss://127.0.0.1:${(insecure.address() as AddressInfo).port}/ws?token=secret`
      const client = createClient({ url: () => address, reconnect: { initialDelayMs: 20, maxDelayMs: 20 } })
      later(() => client.close({ drainMs: 0 }))
      const errors: SurewireError[] = []
      client.lifecycle.on('error', (error) => errors.push(error))
      const receipt = client.send('note', 'kept')
      const connected = client.connect()
      await until('it was tried twice', () => errors.length >= 2, 3_000)
      for (const error of errors) {
        expect(error).toMatchObject({ name: 'ConnectError', retryable: true })
        expect(error.message).toMatch(sentence)
        expect(error.message).not.toContain('secret')
        expect(error.cause).toBeInstanceOf(Error)
      }
      // Never in the clear, and never without a trusted certificate.
      expect(receipt.state).toBe('queued')
      expect(server.stats().connections).toBe(0)
      address = url
      await connected
      expect((await receipt).outcome).toBe('accepted')
    },
  )
})
