import { describe, expect, it } from 'vitest'
import { inMemory } from '../support/memory.js'

describe('28: more was published than the history keeps', () => {
  it('a reader that was away hears of one gap with the exact range, then all that is left, in order', async () => {
    const { server, client: makeClient, pass } = inMemory({ limits: { historyMessages: 5 } })
    const client = makeClient()
    const heard: unknown[] = []
    const room = client.room('board')
    room.on('news', (data, { offset }) => void heard.push([data, offset]))
    client.lifecycle.on('gap', ({ room: id, from, to, why }) => void heard.push({ id, from, to, why }))
    void client.connect()
    void room.join()
    await pass(10)
    for (let index = 1; index <= 3; index++) void server.toRoom('board').send('news', index)
    await pass(10)
    await client.disconnect()
    for (let index = 4; index <= 20; index++) void server.toRoom('board').send('news', index)
    await pass(10)
    heard.length = 0

    void client.connect()
    await pass(10)
    expect(heard).toEqual([
      { id: 'board', from: 4, to: 15, why: 'history' },
      ...[16, 17, 18, 19, 20].map((index) => [index, index]),
    ])
    expect(client.stats().gaps).toBe(1)
    expect(client.snapshot.error).toBeNull()
  })

  it('says nothing of a gap when exactly all of it is kept', async () => {
    const { server, client: makeClient, pass } = inMemory({ limits: { historyMessages: 5 } })
    const client = makeClient()
    const heard: unknown[] = []
    const room = client.room('board')
    room.on('news', (data) => void heard.push(data))
    void client.connect()
    void room.join()
    await pass(10)
    await client.disconnect()
    for (let index = 1; index <= 5; index++) void server.toRoom('board').send('news', index)
    void client.connect()
    await pass(10)
    expect(heard).toEqual([1, 2, 3, 4, 5])
    expect(client.stats().gaps).toBe(0)
  })

  it('a join from the start names what is gone, too, and is not called recovered', async () => {
    const { server, client: makeClient, pass } = inMemory({ limits: { historyMessages: 5 } })
    for (let index = 1; index <= 8; index++) void server.toRoom('board').send('news', index)
    const client = makeClient()
    const heard: unknown[] = []
    const room = client.room('board')
    room.on('news', (data) => void heard.push(data))
    client.lifecycle.on('gap', ({ from, to }) => void heard.push({ from, to }))
    void client.connect()
    const joined = room.join({ from: 'start' })
    await pass(10)
    expect(await joined).toMatchObject({ recovered: false })
    expect(heard).toEqual([{ from: 1, to: 3 }, 4, 5, 6, 7, 8])
  })
})
