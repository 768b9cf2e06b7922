import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/server/index.js'
import { seededRandom } from '../../src/testing/seeded-random.js'
import { answeringLate, inMemory } from '../support/memory.js'

const ENTRIES = 60

/** An entry every 2 ms, until shortly after a join that begins after `joinAfterMs`. */
async function race(joinAfterMs: number, from: 'now' | 'start', isLate: boolean) {
  const random = seededRandom(joinAfterMs)
  const memory = inMemory({
    faults: { latencyMs: 3 },
    ...(isLate
      ? { store: (clock) => answeringLate(memoryStore({ clock }), clock, () => random.integer(0, 12)) }
      : {}),
  })
  const client = memory.client()
  const room = client.room('news')
  const seen: (number | null)[] = []
  room.on('n', (_, { offset }) => void seen.push(offset))
  void client.connect()
  await memory.pass(200)
  let cursor: number | null = null
  let published = 0
  let publishedAtJoin = 0
  for (let ms = 0; published < ENTRIES; ms++) {
    if (ms % 2 === 0) {
      void memory.server.toRoom('news').send('n', ms)
      published++
    }
    if (ms === joinAfterMs) {
      publishedAtJoin = published
      void room.join({ from }).then((joined) => (cursor = joined.cursor.offset))
    }
    await memory.pass(1)
    // The last words are spoken while the join is being answered.
    if (ms === joinAfterMs + 10) break
  }
  await memory.pass(1_000)
  return { cursor: cursor ?? -1, seen, published, publishedAtJoin, gaps: client.stats().gaps }
}

const offsets = (after: number, to: number): number[] =>
  Array.from({ length: to - after }, (_, index) => after + 1 + index)

describe('61: a join races what is published', () => {
  const cases = ([false, true] as const).flatMap((isLate) =>
    (['now', 'start'] as const).flatMap((from) =>
      Array.from({ length: 25 }, (_, ms) => [ms, from, isLate ? 'late' : 'at once', isLate] as const),
    ),
  )
  it.each(cases)(
    'after %i ms from %s, with a store that answers %s: everything after the cursor comes, once and in order',
    async (ms, from, _, isLate) => {
      const { cursor, seen, published, publishedAtJoin, gaps } = await race(ms, from, isLate)
      expect(cursor).toBeGreaterThanOrEqual(isLate || from === 'start' ? 0 : publishedAtJoin)
      expect(cursor).toBeLessThanOrEqual(from === 'start' ? 0 : published)
      expect(seen).toEqual(offsets(cursor, published))
      expect(gaps).toBe(0)
    },
  )
})
