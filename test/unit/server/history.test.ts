import { describe, expect, it } from 'vitest'
import type { Gap } from '../../../src/index.js'
import {
  createTestClient,
  createTestNetwork,
  createTestServer,
  manualClock,
} from '../../../src/testing/index.js'

describe('history', () => {
  it('is trimmed to the message for one who was away, although others are there who have it all', async () => {
    const clock = manualClock()
    const network = createTestNetwork({ seed: 1, clock })
    const server = createTestServer({ network, limits: { historyMessages: 10 }, authorize: () => true })
    const [present, away] = [0, 1].map(() => createTestClient({ network, url: server.url }))
    if (present === undefined || away === undefined) throw new Error('two clients')
    const offsets: (number | null)[] = []
    const gaps: Gap[] = []
    away.room('hall').on('news', (_data, { offset }) => void offsets.push(offset))
    away.lifecycle.on('gap', (gap) => gaps.push(gap))
    for (const client of [present, away]) {
      void client.connect()
      void client.room('hall').join()
    }
    await clock.advanceAsync(100)
    await away.disconnect()

    for (let count = 0; count < 30; count++) await server.toRoom('hall').send('news', count)
    await clock.advanceAsync(100)
    void away.connect()
    await clock.advanceAsync(100)

    expect(gaps).toMatchObject([{ room: 'hall', from: 1, to: 20, why: 'history' }])
    expect(offsets).toEqual([21, 22, 23, 24, 25, 26, 27, 28, 29, 30])
  })
})
