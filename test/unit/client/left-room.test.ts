import { describe, expect, it } from 'vitest'
import {
  createTestClient,
  createTestNetwork,
  createTestServer,
  manualClock,
} from '../../../src/testing/index.js'

/** A client in a room whose first entry is still being handled, with more behind it. */
async function busyRoom(historyMessages = 1_000) {
  const may = { join: true }
  const clock = manualClock()
  const network = createTestNetwork({ seed: 1, clock })
  const server = createTestServer({ network, authorize: () => may.join, limits: { historyMessages } })
  const client = createTestClient({ network, url: server.url })
  const room = client.room('hall')
  const told: unknown[] = []
  let finish = (): void => undefined
  room.on('news', (data) => {
    told.push(data)
    return data === 1 ? new Promise<void>((resolve) => (finish = resolve)) : undefined
  })
  client.lifecycle.on('gap', ({ room: gapOf, from, to }) => void (gapOf !== null && told.push({ from, to })))
  void client.connect()
  void room.join()
  await clock.advanceAsync(100)
  const publish = async (...news: number[]): Promise<void> => {
    for (const data of news) await server.toRoom('hall').send('news', data)
    await clock.advanceAsync(100)
  }
  const done = async (): Promise<void> => {
    finish()
    await clock.advanceAsync(100)
  }
  await publish(1, 2, 3)
  return { may, clock, client, room, told, publish, done }
}

describe('a room with a handler that takes its time', () => {
  it('hands on nothing that waited once it was left', async () => {
    const { room, told, done, clock } = await busyRoom()
    void room.leave()
    await clock.advanceAsync(100)
    await done()

    expect(told).toEqual([1])
  })

  it('tells of no gap of the time before it was joined anew', async () => {
    const { client, room, told, publish, done, clock } = await busyRoom(2)
    await client.disconnect()
    await publish(4, 5, 6)
    void client.connect()
    await clock.advanceAsync(100)
    void room.join({ from: 'now' })
    await clock.advanceAsync(100)
    await done()
    await publish(7)

    expect(told).toEqual([1, 7])
  })

  it('hands on what came before the server ended it, unless it is joined anew', async () => {
    for (const joinsAnew of [false, true]) {
      const { may, client, room, told, publish, done, clock } = await busyRoom()
      may.join = false
      await client.disconnect()
      void client.connect()
      await clock.advanceAsync(100)
      expect(room.snapshot.status).toBe('out')
      may.join = true
      if (joinsAnew) void room.join({ from: 'now' })
      await clock.advanceAsync(100)
      await done()
      await publish(4)

      expect(told).toEqual(joinsAnew ? [1, 4] : [1, 2, 3])
    }
  })

  it('hands on nothing of the same batch once a handler has left', async () => {
    const { room, told, done, clock, client, publish } = await busyRoom()
    await done()
    await client.disconnect()
    await publish(4, 5, 6)
    room.on('news', (data) => {
      if (data === 4) void room.leave()
    })
    void client.connect()
    await clock.advanceAsync(100)

    expect(told).toEqual([1, 2, 3, 4])
  })

  it('tells of a gap after the entries before it', async () => {
    const { client, told, publish, done, clock } = await busyRoom(2)
    await client.disconnect()
    await publish(4, 5, 6)
    void client.connect()
    await clock.advanceAsync(100)
    expect(told).toEqual([1])
    await done()

    expect(told).toEqual([1, 2, 3, { from: 4, to: 4 }, 5, 6])
  })
})
