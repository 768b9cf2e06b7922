import { describe, expect, it } from 'vitest'
import { flawless } from '../support/ledger.js'
import { allSettled, noticed, sendCounted, throughProxy } from '../support/through-proxy.js'

/** Hears the server's pings as before, so that only the server can know. */
const PATIENT = { heartbeat: { intervalMs: 250, timeoutMs: 60_000 } }

describe('2: a black hole in one direction only', () => {
  it('towards the client: it hears nothing and replaces the connection', async () => {
    const { client, proxy, handled } = await throughProxy(10)
    proxy.blackhole('down')
    const outcomes = sendCounted(client, 0, 10)
    await noticed(client)
    await proxy.heal()
    expect(await allSettled(outcomes, 10)).toEqual({ accepted: 10 })
    expect(handled.tally()).toEqual(flawless(10))
  })

  it('towards the server: it hears nothing and tells the client, which still hears it', async () => {
    const { client, proxy, handled } = await throughProxy(10, { client: PATIENT })
    const causes: string[] = []
    client.lifecycle.on('close', ({ cause }) => causes.push(cause.code))
    proxy.blackhole('up')
    const outcomes = sendCounted(client, 0, 10)
    await noticed(client)
    expect(causes).toEqual(['close_4000'])
    await proxy.heal()
    expect(await allSettled(outcomes, 10)).toEqual({ accepted: 10 })
    expect(handled.tally()).toEqual(flawless(10))
  })
})
