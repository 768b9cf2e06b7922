import { onTestFinished, describe, expect, it } from 'vitest'
import { createClient } from '../../src/index.js'
import { flawless, Ledger, until } from '../support/ledger.js'
import { noticed, SOON_MS, throughProxy } from '../support/through-proxy.js'

describe('6: a network that passes on a byte at a time', () => {
  it('cannot keep an attempt alive beyond connectTimeoutMs, though bytes keep coming', async () => {
    const { anotherProxy } = await throughProxy(0)
    const proxy = await anotherProxy()
    proxy.trickle(20)
    const client = createClient({ url: proxy.url, connectTimeoutMs: 300, reconnect: { initialDelayMs: 20 } })
    onTestFinished(() => client.close({ drainMs: 0 }))
    const errors: string[] = []
    client.lifecycle.on('error', ({ code }) => errors.push(code))
    void client.connect()
    await until('an attempt is given up', () => errors.length > 0, SOON_MS)
    expect(errors[0]).toBe('connect_timeout')
    expect(proxy.stats.bytes.up).toBeGreaterThan(0)
    await until('the next attempt is made', () => proxy.stats.accepted > 1, SOON_MS)
    await proxy.heal()
    await until('the client is connected', () => client.snapshot.status === 'connected', SOON_MS)
  })

  it('is as good as dead on a live connection when no message gets through; nothing is lost', async () => {
    const { client, proxy, server } = await throughProxy(0)
    const delivered = new Ledger(20)
    client.on('news', (data) => delivered.handled((data as { index: number }).index))
    proxy.trickle(20)
    for (let index = 0; index < 20; index++) void server.toUser('ada').send('news', { index })
    await noticed(client)
    expect(delivered.missing).toBe(20)
    await proxy.heal()
    await until('everything is delivered', () => delivered.missing === 0, SOON_MS)
    expect(delivered.tally()).toEqual(flawless(20))
  })
})
