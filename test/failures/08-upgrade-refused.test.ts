import { describe, expect, it } from 'vitest'
import type { ConnectError } from '../../src/index.js'
import { fastClient, goodServer } from '../support/dialling.js'
import { until } from '../support/ledger.js'
import { type OddServer, serveHttp } from '../support/odd-server.js'
import { SOON_MS } from '../support/through-proxy.js'

const refusing = (status: number, headers: Record<string, string> = {}): Promise<OddServer> =>
  serveHttp((_request, response) => response.writeHead(status, headers).end())

describe('8: the upgrade is refused over HTTP', { timeout: SOON_MS }, () => {
  it.each([401, 403])(
    '%i: one more try with fresh credentials, then an AuthError for good',
    async (status) => {
      const server = await refusing(status)
      let tokens = 0
      const client = fastClient({ url: server.url, auth: () => ++tokens })
      await expect(client.connect()).rejects.toMatchObject({ name: 'AuthError', code: 'auth_refused' })
      expect(client.snapshot).toMatchObject({ status: 'closed', retryAt: null })
      expect(tokens).toBe(2)
      expect(server.accepted).toBe(2)
    },
  )

  it.each([401, 403])('%i: fixed credentials are not tried again', async (status) => {
    const server = await refusing(status)
    const client = fastClient({ url: server.url, auth: 'fixed' })
    await expect(client.connect()).rejects.toMatchObject({ name: 'AuthError' })
    expect(server.accepted).toBe(1)
  })

  it('404: is tried again with backoff, and the error names the status', async () => {
    const lost = await refusing(404)
    const good = await goodServer()
    const urls = [lost.url, lost.url]
    const client = fastClient({ url: () => urls.shift() ?? good.url })
    const errors: (number | null)[] = []
    client.lifecycle.on('error', (error) => errors.push((error as ConnectError).status))
    await client.connect()
    expect(errors).toEqual([404, 404])
  })

  it.each([429, 503])('%i: comes back when Retry-After says so, and not before', async (status) => {
    const server = await refusing(status, { 'retry-after': '30' })
    const client = fastClient({ url: server.url })
    void client.connect()
    await until('the refusal is known', () => client.snapshot.retryAt !== null, SOON_MS)
    const waitMs = (client.snapshot.retryAt ?? 0) - Date.now()
    expect(waitMs).toBeGreaterThan(29_000)
    expect(waitMs).toBeLessThan(31_000)
    expect(client.snapshot.error).toMatchObject({ status, retryAfterMs: 30_000 })
    // Whoever calls connect() again doesn't get around it.
    void client.connect()
    expect(client.snapshot.retryAt).not.toBeNull()
  })
})
