import { describe, expect, it } from 'vitest'
import { flawless, Ledger, until } from '../support/ledger.js'
import { allSettled, sendCounted, SOON_MS, throughProxy } from '../support/through-proxy.js'

const PATIENT = { heartbeat: { intervalMs: 60_000, timeoutMs: 60_000 } }

describe('5: a connection is cut inside a frame', () => {
  it('half a batch of the server is delivered to nobody; after the resume all of it is, once', async () => {
    const { client, proxy, server } = await throughProxy(0, { client: PATIENT, server: PATIENT })
    const delivered = new Ledger(20)
    client.on('news', (data) => delivered.handled((data as { index: number }).index))
    const cut = proxy.cutInsideFrame('down')
    for (let index = 0; index < 20; index++) void server.toUser('ada').send('news', { index })
    await cut
    expect(delivered.missing).toBe(20)
    await until('everything is delivered', () => delivered.missing === 0, SOON_MS)
    expect(delivered.tally()).toEqual(flawless(20))
  })

  it('half a batch of the client runs nothing; after the resume all of it runs, once', async () => {
    const { client, proxy, handled } = await throughProxy(20, { client: PATIENT, server: PATIENT })
    const cut = proxy.cutInsideFrame('up')
    const outcomes = sendCounted(client, 0, 20)
    await cut
    expect(await allSettled(outcomes, 20)).toEqual({ accepted: 20 })
    expect(handled.tally()).toEqual(flawless(20))
  })
})
