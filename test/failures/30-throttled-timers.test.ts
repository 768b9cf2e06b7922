import { describe, expect, it } from 'vitest'
import { createClientIn } from '../../src/client/create-client.js'
import type { Client, ClientOptions } from '../../src/index.js'
import type { Clock } from '../../src/runtime/ports.js'
import { manualSignals } from '../../src/testing/index.js'
import { inMemory, type Memory } from '../support/memory.js'

const MINUTE_MS = 60_000

/** Timers at whole minutes only, as in a tab that is hidden for long; the network goes on as ever. */
function throttled(clock: Clock): Clock {
  const late = (delayMs: number): number => {
    const at = clock.now() + delayMs
    return Math.ceil(at / MINUTE_MS) * MINUTE_MS - clock.now()
  }
  return {
    now: () => clock.now(),
    wall: () => clock.wall(),
    setTimer: (callback, delayMs) => clock.setTimer(callback, late(delayMs)),
    endOfTurn: (callback) => clock.endOfTurn(callback),
  }
}

function hiddenTab(memory: Memory, options: Partial<ClientOptions> = {}) {
  const signals = manualSignals()
  const { server, network } = memory
  const client: Client = createClientIn(
    { url: server.url, transports: [network.transport()], ...options },
    { clock: throttled(memory.clock), random: network.random.fork('tab'), signals },
  )
  return { client, signals }
}

describe('30: timers are throttled to one a minute', () => {
  it('a connection stays for hours, and what comes and goes does so at once', async () => {
    const memory = inMemory()
    const { server, pass } = memory
    server.on('count', () => undefined)
    server.onRequest('ask', (data) => data)
    const { client } = hiddenTab(memory)
    const heard: unknown[] = []
    client.on('news', (data) => void heard.push(data))
    void client.connect()
    await pass(10)
    for (let round = 1; round <= 40; round++) {
      await pass(3 * MINUTE_MS + 7_000)
      const receipt = client.send('count', round)
      const reply = client.request('ask', round)
      void server.toAll().send('news', round)
      await pass(10)
      expect(receipt.state).toBe('accepted')
      expect(await reply).toBe(round)
    }
    expect(heard).toHaveLength(40)
    expect(client.stats()).toMatchObject({ connects: 1, causes: {} })
  })

  it('a dead connection is noticed minutes later, and at once when the tab is shown', async () => {
    const memory = inMemory()
    const { network, pass } = memory
    const { client, signals } = hiddenTab(memory)
    void client.connect()
    await pass(10)
    network.links()[0]?.stall()
    await pass(3 * MINUTE_MS)
    expect(client.stats()).toMatchObject({ causes: { heartbeat_timeout: 1 } })

    await pass(MINUTE_MS)
    network.links().at(-1)?.cut()
    await pass(1)
    expect(client.snapshot.status).toBe('reconnecting')
    signals.send('visible')
    await pass(1)
    expect(client.snapshot).toMatchObject({ status: 'connected', session: { resumed: true } })
  })

  it('nothing is written after its time, though the timer that would have ended it is still to come', async () => {
    const memory = inMemory()
    const { server, network, pass } = memory
    const handled: unknown[] = []
    server.on('count', (data) => void handled.push(data))
    const { client, signals } = hiddenTab(memory)
    void client.connect()
    await pass(MINUTE_MS + 1_000)
    network.links()[0]?.cut()
    await pass(10)
    const short = client.send('count', 'short', { ttlMs: 5_000 })
    const lasting = client.send('count', 'lasting', { ttlMs: 50_000 })
    await pass(10_000)
    expect(short.state).toBe('queued')

    signals.send('online')
    await pass(10)
    expect([short.state, lasting.state]).toEqual(['expired', 'accepted'])
    expect(handled).toEqual(['lasting'])
  })
})
