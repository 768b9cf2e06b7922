import { describe, expect, test } from 'vitest'
import { createClient } from '../../../src/client/create-client.js'
import { memoryStore } from '../../../src/server/memory-store.js'
import { createTestClient, manualSignals } from '../../../src/testing/client.js'
import { manualClock } from '../../../src/testing/manual-clock.js'
import { createTestNetwork } from '../../../src/testing/network.js'
import { createTestServer } from '../../../src/testing/server.js'

function build(seed = 1) {
  const clock = manualClock()
  const network = createTestNetwork({ seed, clock, faults: { latencyMs: 10 } })
  const server = createTestServer({ network })
  const client = createTestClient({ network, url: server.url })
  return { clock, network, server, client }
}

describe('a server on a test network', () => {
  test('works with createClient as it is, in real time', async () => {
    const server = createTestServer()
    server.on('hello', (data, ctx) => ctx.toSession(ctx.sessionId).send('greeting', data))
    const client = createClient({ url: server.url, transports: [server.transport()] })
    const greeting = new Promise((resolve) => client.once('greeting', resolve))
    await client.connect()
    expect((await client.send('hello', 'you')).outcome).toBe('accepted')
    expect(await greeting).toBe('you')
    await client.close()
    await server.close({ drainMs: 0 })
  })

  test('moves only with the clock of its network', async () => {
    const { clock, server, client } = build()
    server.on('note', () => undefined)
    const receipt = client.send('note', 1)
    void client.connect()
    await clock.advanceAsync(49)
    expect(receipt.state).toBe('written')
    await clock.advanceAsync(100)
    expect(receipt.state).toBe('accepted')
  })

  test('that restarts with its store handles nothing twice; handlers stay', async () => {
    const { clock, network, server, client } = build()
    const handled: unknown[] = []
    server.on('note', (data) => void handled.push(data))
    void client.connect()
    void client.send('note', 'first')
    await clock.advanceAsync(1_000)
    network.links()[0]?.stall('down')
    void client.send('note', 'committed, not acknowledged')
    await clock.advanceAsync(100)
    server.restart()
    const next = client.send('note', 'next')
    await clock.advanceAsync(60_000)
    expect(next.state).toBe('accepted')
    expect(handled).toEqual(['first', 'committed, not acknowledged', 'next'])
  })

  test('that restarts without its store has forgotten, and says so to handlers', async () => {
    const { clock, network, server, client } = build()
    const handled: unknown[] = []
    server.on('note', (data, ctx) => void handled.push([data, ctx.redelivered]))
    void client.connect()
    void client.send('note', 0)
    await clock.advanceAsync(1_000)
    network.links()[0]?.stall('down')
    void client.send('note', 1)
    await clock.advanceAsync(100)
    server.restart({ keepStore: false })
    await clock.advanceAsync(60_000)
    expect(handled).toEqual([
      [0, false],
      [1, false],
      [1, true],
    ])
  })

  test('that crashed does nothing more, whatever its handlers still do', async () => {
    const { clock, server, client } = build()
    let finish = (): void => undefined
    const runs: string[] = []
    server.on('slow', (_data, ctx) => {
      runs.push(ctx.id)
      return new Promise<void>((resolve) => (finish = resolve))
    })
    void client.connect()
    const receipt = client.send('slow', 1)
    await clock.advanceAsync(1_000)
    server.crash()
    finish()
    await clock.advanceAsync(1_000)
    expect([receipt.state, client.snapshot.status]).toEqual(['written', 'reconnecting'])
    server.start()
    await clock.advanceAsync(5_000)
    expect(runs).toHaveLength(2)
    finish()
    await clock.advanceAsync(100)
    expect(receipt.state).toBe('accepted')
  })

  test('that is closed leaves no timer and no link, nor does a closed client', async () => {
    const { clock, network, server, client } = build()
    void client.connect()
    await clock.advanceAsync(1_000)
    void client.close()
    void server.close()
    await clock.advanceAsync(60_000)
    expect([network.links(), clock.pendingTimers]).toEqual([[], 0])
  })

  test('takes a store as it is, but not to begin anew with', () => {
    const { network } = build()
    const server = createTestServer({ network, url: 'ws://other.test/ws', store: memoryStore() })
    server.restart()
    expect(() => server.restart({ keepStore: false })).toThrow("option 'store'")
    const factory = createTestServer({ network, url: 'ws://third.test/ws', store: () => memoryStore() })
    factory.restart({ keepStore: false })
  })

  test('is not started twice', () => {
    const { server } = build()
    expect(() => server.start()).toThrow('is running')
  })

  test('forgets a handler that was taken back, also after a restart', async () => {
    const { clock, server, client } = build()
    const off = server.on('note', () => undefined)
    off()
    server.restart()
    void client.connect()
    const receipt = client.send('note', 1)
    await clock.advanceAsync(1_000)
    expect((await receipt.settled).code).toBe('unknown_type')
  })
})

describe('a client on a test network', () => {
  test('hears the signals that the test sends, and stops listening when closed', async () => {
    const { clock, network, server } = build()
    const platform = manualSignals()
    const client = createTestClient({ network, url: server.url, platform })
    expect(platform.listeners).toBe(0)
    network.refuse()
    void client.connect()
    expect(platform.listeners).toBe(1)
    await clock.advanceAsync(100)
    expect(client.snapshot.status).toBe('connecting')
    network.heal()
    platform.send('online')
    await clock.advanceAsync(100)
    expect(client.snapshot.status).toBe('connected')
    void client.close()
    await clock.advanceAsync(2_000)
    expect(platform.listeners).toBe(0)
  })

  test('does the same for the same seed', async () => {
    const run = async (seed: number): Promise<string> => {
      const { clock, network, server, client } = build(seed)
      const trace: unknown[] = []
      network.trace(({ at, what, direction, link }) => trace.push([at, what, direction, link]))
      server.on('note', () => undefined)
      network.set({ cutChance: 0.1, jitterMs: 30 })
      void client.connect()
      for (let n = 0; n < 50; n++) {
        void client.send('note', n)
        await clock.advanceAsync(200)
      }
      return JSON.stringify(trace)
    }
    expect(await run(1)).toBe(await run(1))
    expect(await run(1)).not.toBe(await run(2))
  })
})
