import { expect, it } from 'vitest'
import { memoryStore } from '../../../src/server/memory-store.js'
import { manualClock } from '../../../src/testing/index.js'
import { StorePlug } from '../../../src/testing/store-plug.js'

it('gives every call of a dead process a promise of its own: one for all would keep all who wait in memory', async () => {
  const plug = new StorePlug(memoryStore({ clock: manualClock() }))
  plug.pull()
  const [one, other] = [plug.logState('room/r'), plug.logState('room/r')]
  expect(one).not.toBe(other)
  const settled = await Promise.race([one, other, Promise.resolve('still waiting')])
  expect(settled).toBe('still waiting')
})
