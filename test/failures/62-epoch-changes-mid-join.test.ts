import { describe, expect, it } from 'vitest'
import type { Gap } from '../../src/index.js'
import { memoryStore } from '../../src/server/index.js'
import { answeringLate, inMemory } from '../support/memory.js'

const LATENCY_MS = 5

/** A member that knows a room up to entry 3 of 6 comes back to it; after so many ms the server loses its memory. */
async function rejoin(loseAfterMs: number, isLate: boolean) {
  const memory = inMemory({
    faults: { latencyMs: LATENCY_MS },
    ...(isLate ? { store: (clock) => answeringLate(memoryStore({ clock }), clock, () => 4) } : {}),
  })
  const { server } = memory
  const publish = async (...texts: string[]): Promise<void> => {
    for (const text of texts) {
      void server.toRoom('news').send('n', text)
      await memory.pass(isLate ? 10 : 0)
    }
  }
  const client = memory.client({ reconnect: { jitter: 'none', initialDelayMs: 20 } })
  const room = client.room('news')
  void client.connect()
  void room.join()
  await memory.pass(200)
  await publish('old 1', 'old 2', 'old 3')
  await memory.pass(50)
  const cursor = room.snapshot.cursor ?? { epoch: 'none', offset: -1 }
  void room.leave()
  await memory.pass(50)
  await publish('old 4', 'old 5', 'old 6')

  const seen: unknown[] = []
  const gaps: Gap[] = []
  room.on('n', (data) => void seen.push(data))
  client.lifecycle.on('gap', (gap) => gap.room === 'news' && gaps.push(gap))
  let recovered: boolean | null = null
  void room.join({ from: cursor }).then((joined) => (recovered = joined.recovered))
  await memory.pass(loseAfterMs)
  const joinedBefore = recovered !== null
  server.restart({ keepStore: false })
  await publish('new 1', 'new 2', 'new 3', 'new 4')
  await memory.pass(5_000)
  await publish('new 5')
  await memory.pass(500)
  return {
    seen,
    gaps,
    recovered: recovered as boolean | null,
    joinedBefore,
    cursor: room.snapshot.cursor,
    before: cursor,
  }
}

const OLD = ['old 4', 'old 5', 'old 6']
const NEW = ['new 1', 'new 2', 'new 3', 'new 4', 'new 5']

const range = (to: number, isLate: boolean): [number, boolean][] =>
  Array.from({ length: to }, (_, ms) => [ms, isLate])

describe('62: the epoch of a room changes while it is joined', () => {
  const cases = [...range(31, false), ...range(61, true)]
  it.each(cases)(
    'after %i ms (a store that answers late: %s): one gap says so, and the new log comes whole',
    async (ms, isLate) => {
      const { seen, gaps, recovered, joinedBefore, cursor, before } = await rejoin(ms, isLate)
      const old = seen.filter((text) => OLD.includes(String(text)))
      expect(seen).toEqual([...OLD.slice(0, old.length), ...NEW])
      expect(gaps).toMatchObject([{ from: 4 + old.length, to: null, why: 'epoch' }])
      expect(cursor).toMatchObject({ offset: NEW.length })
      expect(cursor?.epoch).not.toBe(before.epoch)
      // A join that was answered after the loss has to say itself that it did not recover everything.
      expect(recovered).toBe(joinedBefore)
    },
  )
})
