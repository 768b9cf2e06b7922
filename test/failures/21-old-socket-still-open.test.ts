import { describe, expect, it } from 'vitest'
import { flawless, until } from '../support/ledger.js'
import { allSettled, sendCounted, SOON_MS, throughProxy } from '../support/through-proxy.js'

const PATIENT = { heartbeat: { intervalMs: 60_000, timeoutMs: 60_000 } }

describe('21: a client resumes while the server still holds its old socket open', () => {
  it('the old one is fenced at once, and what arrives on it later changes nothing', async () => {
    const { client, proxy, server, handled, anotherProxy } = await throughProxy(20, {
      client: PATIENT,
      server: PATIENT,
    })
    const other = await anotherProxy()
    const before = proxy.stats.bytes.up
    proxy.blackhole('up')
    const stuck = sendCounted(client, 0, 10)
    await until('the messages are under way', () => proxy.stats.bytes.up > before, SOON_MS)
    expect(server.stats().connections).toBe(1)

    client.update({ url: other.url })
    await client.connect()
    expect(server.stats()).toMatchObject({ connections: 1, sessions: 1, sessionsResumed: 1, sessionsNew: 1 })
    const fresh = sendCounted(client, 10, 20)
    // What was under way on the old connection arrives now, while the same numbers come on the new one.
    await proxy.heal()

    expect(await allSettled(stuck, 10)).toEqual({ accepted: 10 })
    expect(await allSettled(fresh, 10)).toEqual({ accepted: 10 })
    await until('nothing is left of the old connection', () => proxy.connections === 0, SOON_MS)
    expect(handled.tally()).toEqual(flawless(20))
    expect(client.snapshot.status).toBe('connected')
    expect(client.stats()).toMatchObject({ connects: 2 })
  })
})
