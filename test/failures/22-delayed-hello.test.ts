import { describe, expect, it } from 'vitest'
import { inMemory } from '../support/memory.js'

describe('22: a HELLO that was delayed arrives after that of a newer connection', () => {
  it('is refused what the newer one holds, which goes on undisturbed', async () => {
    const { server, client: makeClient, network, pass } = inMemory({ faults: { latencyMs: 10 } })
    const handled: unknown[] = []
    server.on('count', (data) => void handled.push(data))
    const client = makeClient({ reconnect: { initialDelayMs: 10, jitter: 'none' } })
    void client.connect()
    client.send('count', 1)
    await pass(200)
    expect(handled).toEqual([1])
    const session = client.snapshot.session?.id

    // The HELLO of the second connection, the first thing said on it, stays on its way.
    const stopTracing = network.trace(({ what, link: id, direction }) => {
      if (what !== 'send' || direction !== 'up' || id !== 2) return
      stopTracing()
      network
        .links()
        .find((link) => link.id === 2)
        ?.stall('up')
    })
    network.links()[0]?.cut()
    client.send('count', 2)
    await pass(200)
    const delayed = network.links().find(({ id }) => id === 2)
    expect(delayed?.sent.up.messages).toBe(1)
    void client.restart({ force: true })
    await pass(200)
    expect(client.snapshot).toMatchObject({ status: 'connected', session: { id: session, resumed: true } })
    expect(handled).toEqual([1, 2])

    delayed?.heal('up')
    const third = client.send('count', 3)
    await pass(200)
    expect(client.snapshot).toMatchObject({ status: 'connected', session: { id: session } })
    expect(third.state).toBe('accepted')
    expect(handled).toEqual([1, 2, 3])
    expect(server.stats()).toMatchObject({ connections: 1, sessions: 1 })
    expect(client.stats()).toMatchObject({ connects: 2 })
  })
})
