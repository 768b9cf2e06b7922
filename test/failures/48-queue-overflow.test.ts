import { describe, expect, it } from 'vitest'
import type { Client, Receipt } from '../../src/index.js'
import { inMemory, type Memory } from '../support/memory.js'

const MAX_MESSAGES = 3

type Overflow = 'reject' | 'drop-oldest' | 'drop-newest'

/** Sends five messages while offline, of which three find room; then the server is there. */
async function overfill(overflow: Overflow): Promise<{ handled: unknown[]; ends: string[]; held: number }> {
  const memory = inMemory()
  const handled: unknown[] = []
  memory.server.on('note', (data) => void handled.push(data))
  const client = memory.client({ queue: { maxMessages: MAX_MESSAGES, overflow } })
  const receipts = [1, 2, 3, 4, 5].map((data) => client.send('note', data))
  const held = client.snapshot.queued
  void client.connect()
  await memory.pass(100)
  return { handled, ends: await Promise.all(receipts.map(endOf)), held }
}

async function endOf(receipt: Receipt): Promise<string> {
  const { outcome, code } = await receipt.settled
  return code === null ? outcome : `${outcome}: ${code}`
}

const FULL = 'dropped: queue_full'

describe('48: the queue overflows while the client is offline', () => {
  const cases: [Overflow, number[], string[]][] = [
    ['reject', [1, 2, 3], ['accepted', 'accepted', 'accepted', FULL, FULL]],
    ['drop-newest', [1, 2, 3], ['accepted', 'accepted', 'accepted', FULL, FULL]],
    ['drop-oldest', [3, 4, 5], [FULL, FULL, 'accepted', 'accepted', 'accepted']],
  ]
  it.each(cases)('keeps its bound and says what was dropped under %s', async (overflow, handled, ends) => {
    expect(await overfill(overflow)).toEqual({ handled, ends, held: MAX_MESSAGES })
  })

  it.each<Overflow>(['reject', 'drop-oldest', 'drop-newest'])(
    'bounds bytes, too, under %s',
    async (overflow) => {
      const { client } = offline({ maxBytes: 1_000, overflow })
      for (let sent = 0; sent < 50; sent++) client.send('note', 'x'.repeat(90))
      expect(client.snapshot.queued).toBeLessThanOrEqual(10)
      expect(client.snapshot.queued).toBeGreaterThan(5)
      expect(await endOf(client.send('note', 'x'.repeat(2_000)))).toBe(FULL)
    },
  )

  it('never drops what was written, nor a request that somebody awaits, for something newer', async () => {
    const { client, memory } = offline({ maxMessages: 2, overflow: 'drop-oldest' })
    memory.server.onRequest('ask', (data) => data)
    const asked = client.request('ask', 'still here')
    const ends = [1, 2, 3].map((data) => client.send('note', data)).map(endOf)
    void client.connect()
    await memory.pass(100)
    expect(await asked).toBe('still here')
    expect(await Promise.all(ends)).toEqual([FULL, FULL, 'rejected: unknown_type'])
  })

  it('counts what is under way, so that a stalled network does not grow the queue', async () => {
    const { client, memory } = offline({ maxMessages: 5, overflow: 'reject' })
    void client.connect()
    await memory.pass(100)
    memory.network.stall()
    for (let sent = 0; sent < 100; sent++) {
      client.send('note', sent)
      await memory.pass(1)
    }
    expect(client.snapshot.queued + client.snapshot.inFlight).toBe(5)
  })
})

function offline(queue: { maxMessages?: number; maxBytes?: number; overflow: Overflow }): {
  client: Client
  memory: Memory
} {
  const memory = inMemory()
  return { memory, client: memory.client({ queue }) }
}
