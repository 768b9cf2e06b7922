import { describe, expect, it } from 'vitest'
import { flawless, Ledger } from '../support/ledger.js'
import { inMemory } from '../support/memory.js'

const ENTRIES = 6_000
/** What a client lets the server send ahead of its handlers. */
const WINDOW = 1_024

describe('58: a consumer is slower than what is sent to it', () => {
  it('gets no more than its window ahead of its handlers, and in the end everything once, in order', async () => {
    const memory = inMemory({ limits: { historyMessages: ENTRIES } })
    const { server } = memory
    const slow = memory.client({ name: 'slow' })
    const quick = memory.client({ name: 'quick' })
    const bySlow = new Ledger(ENTRIES)
    const byQuick = new Ledger(ENTRIES)
    let letGo: (() => void) | null = null
    let isBlocked = true
    slow.room('ticks').on('tick', (data) => {
      bySlow.handled(data as number)
      if (isBlocked) return new Promise<void>((resolve) => (letGo = resolve))
      return undefined
    })
    quick.room('ticks').on('tick', (data) => byQuick.handled(data as number))
    for (const client of [slow, quick]) {
      void client.connect()
      void client.room('ticks').join()
    }
    await memory.pass(50)

    for (let index = 0; index < ENTRIES; index++) {
      void server.toRoom('ticks').send('tick', index)
      if (index % 100 === 99) await memory.pass(1)
    }
    expect(byQuick.tally()).toEqual(flawless(ENTRIES))
    expect(bySlow.missing).toBe(ENTRIES - 1)
    expect(slow.stats().messagesReceived).toBeLessThanOrEqual(WINDOW)

    isBlocked = false
    ;(letGo as (() => void) | null)?.()
    await memory.pass(1_000)
    expect(bySlow.tally()).toEqual(flawless(ENTRIES))
    expect(slow.stats().gaps).toBe(0)
    expect(slow.stats().reconnects + quick.stats().reconnects).toBe(0)
  })

  it('is not sent more than its socket takes: what waits for it stays in the log', async () => {
    const highWaterBytes = 20_000
    const memory = inMemory({ limits: { highWaterBytes } })
    const client = memory.client()
    const ticks = new Ledger(500)
    client.room('ticks').on('tick', (data) => ticks.handled((data as { index: number }).index))
    void client.connect()
    void client.room('ticks').join()
    await memory.pass(50)
    const [link] = memory.network.links()
    link?.set({ bytesPerSecond: 50_000 })
    const before = link?.sent.down.bytes ?? 0

    for (let index = 0; index < 500; index++) {
      void memory.server.toRoom('ticks').send('tick', { index, text: 'x'.repeat(1_000) })
      await memory.pass(1)
    }
    const handedOver = (link?.sent.down.bytes ?? 0) - before
    expect(handedOver).toBeLessThan(50_000 + 10 * highWaterBytes)
    await memory.pass(20_000)
    expect(ticks.tally()).toEqual(flawless(500))
  })
})
