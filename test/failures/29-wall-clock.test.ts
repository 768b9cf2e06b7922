import { describe, expect, it } from 'vitest'
import { inMemory } from '../support/memory.js'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

describe.each([
  ['forward', DAY_MS],
  ['back', -DAY_MS],
])('29: the wall clock is set a day %s', (_way, jumpMs) => {
  it('a connection goes on, and so do its requests and their deadlines', async () => {
    const { server, client: makeClient, clock, pass } = inMemory()
    server.onRequest('slow', () => new Promise((resolve) => clock.setTimer(() => resolve('there'), 10_000)))
    server.onRequest('never', () => new Promise(() => undefined))
    const client = makeClient()
    void client.connect()
    await pass(1_000)
    const slow = client.request('slow', null, { timeoutMs: 15_000 })
    let end: unknown = 'pending'
    void client
      .request('never', null, { timeoutMs: 15_000 })
      .catch((error: { code: string }) => (end = error.code))
    await pass(1_000)
    clock.setWall(clock.wall() + jumpMs)
    await pass(13_900)
    expect(await slow).toBe('there')
    expect(end).toBe('pending')
    await pass(200)
    expect(end).toBe('timeout')
    await pass(10 * MINUTE_MS)
    expect(client.snapshot).toMatchObject({ status: 'connected', error: null })
    expect(client.stats()).toMatchObject({ connects: 1 })
  })

  it('neither sessions nor history nor the time to live of a message follow it', async () => {
    const { server, client: makeClient, clock, pass } = inMemory({ limits: { sessionMs: 2 * MINUTE_MS } })
    server.on('count', () => undefined)
    const client = makeClient()
    const heard: unknown[] = []
    const room = client.room('board')
    room.on('news', (data) => void heard.push(data))
    void client.connect()
    void room.join()
    await pass(1_000)
    await client.disconnect()
    await server.toRoom('board').send('news', 'kept')
    const lasting = client.send('count', 1, { ttlMs: 2 * MINUTE_MS })
    const short = client.send('count', 2, { ttlMs: 30_000 })

    clock.setWall(clock.wall() + jumpMs)
    await pass(29_000)
    expect([lasting.state, short.state]).toEqual(['queued', 'queued'])
    await pass(31_000)
    expect([lasting.state, short.state]).toEqual(['queued', 'expired'])
    void client.connect()
    await pass(1_000)
    expect(client.snapshot.session).toMatchObject({ resumed: true })
    expect(lasting.state).toBe('accepted')
    expect(heard).toEqual(['kept'])
    expect(client.stats().gaps).toBe(0)
  })

  it('a client that waits for its next dial waits as long as it would have', async () => {
    const { client: makeClient, network, clock, pass } = inMemory()
    network.refuse()
    const client = makeClient({ reconnect: { initialDelayMs: 20_000, jitter: 'none', factor: 1 } })
    void client.connect()
    await pass(1_000)
    expect(network.stats.dials).toBe(1)
    clock.setWall(clock.wall() + jumpMs)
    await pass(18_000)
    expect(network.stats.dials).toBe(1)
    network.heal()
    await pass(2_000)
    expect(network.stats.dials).toBe(2)
    expect(client.snapshot.status).toBe('connected')
  })
})
