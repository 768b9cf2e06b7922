import { describe, expect, it } from 'vitest'
import { flawless } from '../support/ledger.js'
import { allSettled, noticed, sendCounted, throughProxy } from '../support/through-proxy.js'

describe('1: a black hole both ways, of which TCP says nothing', () => {
  it('is noticed after interval and timeout, and what was sent into it is handled once', async () => {
    const { client, proxy, server, handled } = await throughProxy(10)

    const start = performance.now()
    proxy.blackhole()
    const outcomes = sendCounted(client, 0, 10)
    await noticed(client)
    expect(performance.now() - start).toBeLessThan(2_000)

    await proxy.heal()
    expect(await allSettled(outcomes, 10)).toEqual({ accepted: 10 })
    expect(handled.tally()).toEqual(flawless(10))
    expect(server.stats()).toMatchObject({ sessionsNew: 1 })
    expect(client.snapshot.session).toMatchObject({ resumed: true })
  })
})
