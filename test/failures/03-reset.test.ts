import { describe, expect, it } from 'vitest'
import { flawless, until } from '../support/ledger.js'
import { allSettled, noticed, sendCounted, SOON_MS, throughProxy } from '../support/through-proxy.js'

describe('3: a connection is reset (RST) with messages under way', () => {
  it('is made again at once, and what never arrived is sent again, in order and before what is new', async () => {
    const { client, proxy, handled } = await throughProxy(20)
    const before = proxy.stats.bytes.up
    proxy.blackhole('up')
    const lost = sendCounted(client, 0, 10)
    await until('the messages are under way', () => proxy.stats.bytes.up > before, SOON_MS)

    proxy.reset()
    await noticed(client)
    const fresh = sendCounted(client, 10, 20)
    await proxy.heal()

    expect(await allSettled(lost, 10)).toEqual({ accepted: 10 })
    expect(await allSettled(fresh, 10)).toEqual({ accepted: 10 })
    expect(handled.tally()).toEqual(flawless(20))
    expect(client.stats()).toMatchObject({ reconnects: 1, resent: 10 })
  })
})
