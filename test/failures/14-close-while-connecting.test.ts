import { onTestFinished, describe, expect, it } from 'vitest'
import { createClient } from '../../src/index.js'
import { until } from '../support/ledger.js'
import { acceptOf, serveTcp, upgrading } from '../support/odd-server.js'
import { SOON_MS } from '../support/through-proxy.js'

/** Raised by a socket that nobody listens to any more. */
function strayErrors(): unknown[] {
  const errors: unknown[] = []
  const note = (error: unknown): number => errors.push(error)
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  onTestFinished(() => {
    process.off('uncaughtException', note)
    process.off('unhandledRejection', note)
  })
  return errors
}

describe('14: close() while connecting', () => {
  it('while url() or auth() is pending: settles at once, and what they answer later dials nobody', async () => {
    for (const pending of ['url', 'auth'] as const) {
      const server = await serveTcp((socket) => socket.resume())
      let answer = (_value: string): void => undefined
      const slow = () => new Promise<string>((resolve) => (answer = resolve))
      const client = createClient({ url: server.url, [pending]: slow })
      const connecting = client.connect()
      await until(`${pending}() is asked`, () => client.snapshot.attempt === 1, SOON_MS)
      await client.close()
      await expect(connecting).rejects.toMatchObject({ name: 'ClosedError' })
      answer(server.url)
      // A dial that follows would reach the server before this one does.
      const other = createClient({ url: server.url, connectTimeoutMs: 100, reconnect: false })
      await expect(other.connect()).rejects.toMatchObject({ code: 'connect_timeout' })
      expect(server.accepted).toBe(1)
    }
  })

  const phases: [string, () => ReturnType<typeof serveTcp>][] = [
    ['the upgrade is pending', () => serveTcp((socket) => socket.resume())],
    [
      'WELCOME is pending',
      () =>
        serveTcp(
          upgrading(
            (key) => ({
              'Sec-WebSocket-Accept': acceptOf(key),
              'Sec-WebSocket-Protocol': 'surewire.1.json',
            }),
            // Never answers the closing handshake.
            (socket) => socket.resume(),
          ),
        ),
    ],
  ]
  it.each(phases)('while %s: settles at once, and nothing is left of the socket', async (_phase, serve) => {
    const errors = strayErrors()
    const server = await serve()
    const client = createClient({ url: server.url })
    const receipt = client.send('hello', null)
    const connecting = client.connect()
    await until('the server is reached', () => server.open === 1, SOON_MS)
    const start = performance.now()
    await client.close()
    expect(performance.now() - start).toBeLessThan(500)
    await expect(connecting).rejects.toMatchObject({ name: 'ClosedError' })
    expect(receipt.state).toBe('cancelled')
    await until('the socket is gone', () => server.open === 0, SOON_MS)
    expect(client.snapshot).toMatchObject({ status: 'closed', attempt: 0, retryAt: null })
    expect(errors).toEqual([])
  })
})
