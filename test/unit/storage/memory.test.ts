import { describe, expect, it } from 'vitest'
import type { StorageChange } from '../../../src/protocol/storage.js'
import { memoryStorage } from '../../../src/storage/memory.js'

const producer = (id: string): StorageChange => ({
  type: 'producer',
  producer: { id, key: 'k', attach: 1, epoch: null, user: null, floor: 0 },
})
const append = (id: string, seq: number): StorageChange => ({
  type: 'append',
  message: { producer: id, seq, body: `body ${seq}` },
})

describe('memory storage', () => {
  it('gives an outbox to the next page once its page has closed, in the order of numbers', async () => {
    const storage = memoryStorage()
    const first = await storage.open()
    await first.apply([producer('a'), append('a', 2), append('a', 1)])
    expect((await storage.open()).leftovers).toEqual([])
    await first.close()

    expect((await storage.open()).leftovers).toMatchObject([
      { producer: { id: 'a' }, messages: [{ seq: 1 }, { seq: 2 }] },
    ])
  })

  it('gives an outbox to one page only', async () => {
    const storage = memoryStorage()
    const first = await storage.open()
    await first.apply([producer('a'), append('a', 1)])
    await first.close()
    const [second, third] = [await storage.open(), await storage.open()]

    expect([second.leftovers.length, third.leftovers.length]).toEqual([1, 0])
  })

  it('forgets what is settled and what is done with', async () => {
    const storage = memoryStorage()
    const first = await storage.open()
    await first.apply([producer('a'), append('a', 1), append('a', 2), producer('b'), append('b', 1)])
    await first.apply([
      { type: 'settle', producer: 'a', seq: 1 },
      { type: 'forget', producer: 'b' },
    ])
    await first.close()

    expect((await storage.open()).leftovers).toMatchObject([
      { producer: { id: 'a' }, messages: [{ seq: 2 }] },
    ])
  })

  it('keeps the latest that is said of a producer', async () => {
    const storage = memoryStorage()
    const first = await storage.open()
    await first.apply([producer('a'), append('a', 1)])
    await first.apply([
      { type: 'producer', producer: { id: 'a', key: 'k', attach: 7, epoch: 'e', user: 'ada', floor: 3 } },
    ])
    await first.close()

    expect((await storage.open()).leftovers[0]).toMatchObject({
      producer: { attach: 7, floor: 3 },
      messages: [{}],
    })
  })

  it('lets go of one outbox for whoever it belongs to', async () => {
    const storage = memoryStorage()
    const first = await storage.open()
    await first.apply([producer('a'), append('a', 1), producer('b'), append('b', 1)])
    first.release('a')
    const second = await storage.open()
    second.release('b')

    expect(second.leftovers.map(({ producer: { id } }) => id)).toEqual(['a'])
    expect((await storage.open()).leftovers).toEqual([])
  })

  it('ignores changes to what it does not have', async () => {
    const handle = await memoryStorage().open()

    await expect(
      handle.apply([append('nobody', 1), { type: 'settle', producer: 'nobody', seq: 1 }]),
    ).resolves.toBeUndefined()
  })

  it('claims what has been let go of since it was opened, once', async () => {
    const storage = memoryStorage()
    const first = await storage.open()
    const second = await storage.open()
    await first.apply([producer('a'), append('a', 1), producer('b'), append('b', 1)])
    expect(await second.claim?.()).toEqual([])
    first.release('a')
    expect((await second.claim?.())?.map(({ producer: { id } }) => id)).toEqual(['a'])
    expect(await second.claim?.()).toEqual([])
    await first.close()
    expect((await second.claim?.())?.map(({ producer: { id } }) => id)).toEqual(['b'])
  })
})
