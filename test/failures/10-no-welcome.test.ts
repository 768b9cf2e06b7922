import { describe, expect, it } from 'vitest'
import { fastClient, goodServer } from '../support/dialling.js'
import { until } from '../support/ledger.js'
import { acceptOf, serveTcp, upgrading } from '../support/odd-server.js'
import { SOON_MS } from '../support/through-proxy.js'

const PROTOCOL = { 'Sec-WebSocket-Protocol': 'surewire.1.json' }

describe('10: the upgrade succeeds and no WELCOME comes', () => {
  it('is not "connected"; the attempt ends at connectTimeoutMs, and the messages go over the next', async () => {
    let greeted = 0
    const mute = await serveTcp(
      upgrading(
        (key) => ({ 'Sec-WebSocket-Accept': acceptOf(key), ...PROTOCOL }),
        (socket) => socket.once('data', () => greeted++),
      ),
    )
    const good = await goodServer()
    const urls = [mute.url, mute.url]
    const client = fastClient({ url: () => urls.shift() ?? good.url, connectTimeoutMs: 200 })
    const errors: unknown[] = []
    client.lifecycle.on('error', (error) => errors.push(error))
    const receipt = client.send('hello', null)
    void client.connect()
    await until('the client greets', () => greeted > 0, SOON_MS)
    expect(client.snapshot).toMatchObject({ status: 'connecting', queued: 1, inFlight: 0 })
    await until('the client is connected', () => client.snapshot.status === 'connected', SOON_MS)
    const error = { code: 'connect_timeout', message: expect.stringMatching(/did not send its welcome/) }
    expect(errors).toEqual([expect.objectContaining(error), expect.objectContaining(error)])
    expect((await receipt).outcome).toBe('accepted')
    await until('its sockets are gone', () => mute.open === 0, SOON_MS)
    expect(greeted).toBe(2)
  })
})
