import { afterEach, describe, expect, it } from 'vitest'
import { createClient, json, type Serializer } from '../../src/index.js'
import { msgpack } from '../../src/serializers/msgpack.js'
import { createServer } from '../../src/server/index.js'
import { createFaultProxy } from '../../tools/fault-proxy.js'
import { flawless, Ledger, until } from '../support/ledger.js'

const MESSAGES = 20_000
const codecs: [string, () => Serializer][] = [
  ['JSON', json],
  ['MessagePack', msgpack],
]

describe('a connection that is reset every 200 to 400 ms', () => {
  const cleanups: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  })

  it.each(codecs)(
    'loses, repeats and reorders nothing of 20,000 messages up and 20,000 down, in %s',
    { timeout: 120_000 },
    async (_name, serializer) => {
      const up = new Ledger(MESSAGES)
      const toRoom = new Ledger(MESSAGES / 2)
      const toUser = new Ledger(MESSAGES / 2)
      const server = createServer({
        serializers: [serializer()],
        authenticate: () => ({ id: 'ada' }),
        authorize: () => true,
        limits: { historyMessages: MESSAGES },
      })
      server.on('up', (data) => up.handled((data as { index: number }).index))
      const { port } = await server.listen(0)
      cleanups.push(() => server.close({ drainMs: 0 }))
      const proxy = await createFaultProxy({ target: { port }, seed: 2 })
      cleanups.push(() => proxy.close())
      const client = createClient({
        url: proxy.url,
        serializer: serializer(),
        queue: { maxMessages: 2 * MESSAGES },
        reconnect: { initialDelayMs: 20, maxDelayMs: 100 },
      })
      cleanups.push(() => client.close({ drainMs: 0 }))
      const gaps: unknown[] = []
      client.lifecycle.on('gap', (gap) => gaps.push(gap))
      client.on('direct', (data) => toUser.handled((data as { index: number }).index))
      const room = client.room('field')
      room.on('shared', (data) => toRoom.handled((data as { index: number }).index))
      await client.connect()
      await room.join()
      proxy.resetEvery(200, 400)

      const outcomes = new Map<string, number>()
      for (let index = 0; index < MESSAGES; index += 100) {
        for (let offset = 0; offset < 100; offset++) {
          const receipt = client.send('up', { index: index + offset, text: 'x'.repeat(80) })
          void receipt.settled.then(({ outcome }) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1))
        }
        for (let offset = 0; offset < 50; offset++) {
          await server.toRoom('field').send('shared', { index: index / 2 + offset })
          await server.toUser('ada').send('direct', { index: index / 2 + offset })
        }
        await new Promise((resolve) => setTimeout(resolve, 30))
      }
      await until('everything is handled', () => up.missing + toRoom.missing + toUser.missing === 0, 60_000)
      await until('every receipt is settled', () => client.snapshot.queued + client.snapshot.inFlight === 0)
      await Promise.resolve()

      expect(up.tally()).toEqual(flawless(MESSAGES))
      expect(toRoom.tally()).toEqual(flawless(MESSAGES / 2))
      expect(toUser.tally()).toEqual(flawless(MESSAGES / 2))
      expect(Object.fromEntries(outcomes)).toEqual({ accepted: MESSAGES })
      expect(gaps).toEqual([])
      expect(proxy.stats.resets).toBeGreaterThan(10)
      expect(client.stats().reconnects).toBeGreaterThan(10)
    },
  )
})
