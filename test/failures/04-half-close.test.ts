import { describe, expect, it } from 'vitest'
import { flawless } from '../support/ledger.js'
import { allSettled, connected, noticed, sendCounted, throughProxy } from '../support/through-proxy.js'

/** So long that only the end of TCP itself can be what was noticed. */
const PATIENT = { heartbeat: { intervalMs: 60_000, timeoutMs: 60_000 } }

describe('4: TCP is closed in one direction (FIN) without a closing handshake', () => {
  it.each(['down', 'up'] as const)('is noticed at once, and nothing is lost (%s)', async (way) => {
    const { client, proxy, handled, server } = await throughProxy(10, { client: PATIENT, server: PATIENT })
    const codes: number[] = []
    client.lifecycle.on('close', ({ code }) => codes.push(code))

    proxy.halfClose(way)
    const outcomes = sendCounted(client, 0, 10)
    await noticed(client)
    await connected(client)

    expect(codes).toEqual([1006])
    expect(await allSettled(outcomes, 10)).toEqual({ accepted: 10 })
    expect(handled.tally()).toEqual(flawless(10))
    expect(server.stats()).toMatchObject({ connections: 1, sessions: 1 })
  })
})
