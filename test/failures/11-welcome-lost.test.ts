import { describe, expect, it } from 'vitest'
import { flawless, until } from '../support/ledger.js'
import { allSettled, noticed, sendCounted, SOON_MS, throughProxy } from '../support/through-proxy.js'

describe('11: the server attached a connection, and its WELCOME is lost', () => {
  it('the next dial resumes the same session, with nothing lost or repeated', async () => {
    const { client, proxy, server, handled } = await throughProxy(10, { client: { connectTimeoutMs: 600 } })
    const session = client.snapshot.session?.id
    const opened: boolean[] = []
    client.lifecycle.on('open', ({ resumed }) => opened.push(resumed))
    const errors: string[] = []
    client.lifecycle.on('error', ({ code }) => errors.push(code))
    const resumed = server.stats().sessionsResumed

    proxy.reset()
    await noticed(client)
    const outcomes = sendCounted(client, 0, 10)
    // Once the server has said WELCOME, it is on its way for so long.
    proxy.delay(80)
    await until('the server says WELCOME', () => server.stats().sessionsResumed > resumed, SOON_MS)
    proxy.blackhole('down')
    await until('the attempt is given up', () => errors.includes('connect_timeout'), SOON_MS)
    await proxy.heal()

    expect(await allSettled(outcomes, 10)).toEqual({ accepted: 10 })
    expect(handled.tally()).toEqual(flawless(10))
    expect(opened).toEqual([true])
    expect(client.snapshot.session).toEqual({ id: session, resumed: true })
  })
})
