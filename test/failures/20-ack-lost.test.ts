import { describe, expect, it } from 'vitest'
import { flawless, until } from '../support/ledger.js'
import { allSettled, noticed, sendCounted, SOON_MS, throughProxy } from '../support/through-proxy.js'

describe('20: messages are accepted and the acknowledgement is lost', () => {
  it('the next WELCOME settles them; they are neither sent nor handled again', async () => {
    const { client, proxy, handled } = await throughProxy(10)
    proxy.blackhole('down')
    const outcomes = sendCounted(client, 0, 10)
    await until('the server has handled them', () => handled.missing === 0, SOON_MS)
    expect(outcomes.size).toBe(0)

    proxy.reset()
    await noticed(client)
    await proxy.heal()

    expect(await allSettled(outcomes, 10)).toEqual({ accepted: 10 })
    expect(handled.tally()).toEqual(flawless(10))
    expect(client.stats()).toMatchObject({ messagesSent: 11, resent: 0 })
  })
})
