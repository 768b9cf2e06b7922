import { describe, expect, it } from 'vitest'
import { TimeoutError } from '../../src/index.js'
import { until } from '../support/ledger.js'
import { serveTcp } from '../support/odd-server.js'
import { SOON_MS } from '../support/through-proxy.js'
import { fastClient, goodServer } from '../support/dialling.js'

describe('7: TCP is accepted and the upgrade never answered', () => {
  it('ends the attempt at connectTimeoutMs, lets go of the socket and tries again', async () => {
    const silent = await serveTcp((socket) => socket.resume())
    const good = await goodServer()
    const urls = [silent.url, silent.url, good.url]
    const client = fastClient({ url: () => urls.shift() ?? good.url, connectTimeoutMs: 200 })
    const errors: unknown[] = []
    client.lifecycle.on('error', (error) => errors.push(error))
    const start = performance.now()
    const connecting = client.connect()
    await until('the first attempt is given up', () => errors.length > 0, SOON_MS)
    expect(performance.now() - start).toBeGreaterThan(190)
    await connecting
    expect(errors).toEqual([expect.any(TimeoutError), expect.any(TimeoutError)])
    expect(errors[0]).toMatchObject({ code: 'connect_timeout', retryable: true })
    await until('its sockets are gone', () => silent.open === 0, SOON_MS)
    expect(silent.accepted).toBe(2)
  })
})
