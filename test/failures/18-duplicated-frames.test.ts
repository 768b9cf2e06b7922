import { describe, expect, it } from 'vitest'
import { flawless, Ledger } from '../support/ledger.js'
import { inMemory } from '../support/memory.js'

/**
 * Below a quarter of the receive window: HANDLED counts frames, as the server does that sent them, and from there on it
 * would report more than was sent.
 */
const MESSAGES = 60

describe('18: everything arrives twice, both ways', () => {
  it('every message, request, reply and entry has its effect once, in order', async () => {
    const { server, client: makeClient, network, pass } = inMemory()
    const up = new Ledger(MESSAGES)
    const down = new Ledger(MESSAGES)
    const asked = new Ledger(MESSAGES)
    server.on('count', (data) => up.handled(Number(data)))
    server.onRequest('ask', (data) => {
      asked.handled(Number(data))
      return data
    })
    const client = makeClient()
    const room = client.room('board')
    room.on('news', (data) => down.handled(Number(data)))
    void client.connect()
    void room.join()
    // Producers are attached before the fault: HELLO and ATTACH are said once by definition.
    const first = [client.send('count', 0).settled, client.request('ask', 0)]
    await pass(10)
    await Promise.all(first)
    void server.toRoom('board').send('news', 0)
    await pass(10)

    for (const link of network.links()) link.set({ duplicateChance: 1 })
    const outcomes: unknown[] = []
    const replies: unknown[] = []
    for (let index = 1; index < MESSAGES; index++) {
      void client.send('count', index).settled.then(({ outcome }) => outcomes.push(outcome))
      void client.request('ask', index).then((reply) => replies.push(reply))
      void server.toRoom('board').send('news', index)
      await pass(1)
    }
    await pass(100)

    expect(network.stats.duplicated).toBeGreaterThan(2 * MESSAGES)
    expect(up.tally()).toEqual(flawless(MESSAGES))
    expect(asked.tally()).toEqual(flawless(MESSAGES))
    expect(down.tally()).toEqual(flawless(MESSAGES))
    expect(outcomes).toEqual(Array.from({ length: MESSAGES - 1 }, () => 'accepted'))
    expect(replies).toEqual(Array.from({ length: MESSAGES - 1 }, (_, index) => index + 1))
    expect(client.snapshot).toMatchObject({ status: 'connected', error: null })
    expect(client.stats()).toMatchObject({ connects: 1, duplicatesDropped: expect.any(Number) })
    expect(client.stats().duplicatesDropped).toBeGreaterThan(0)
    expect(server.stats().resent).toBeGreaterThan(0)
  })
})
