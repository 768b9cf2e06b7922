import { describe, expect, it } from 'vitest'
import { inMemory, type Memory } from '../support/memory.js'

interface Run {
  id: string
  data: unknown
  redelivered: boolean
}

/** A client with messages, a request and a room; the server handled everything, but no acknowledgement came. */
async function underWay(onUnknown: 'resend' | 'reject') {
  const memory: Memory = inMemory()
  const { server, network, pass } = memory
  const runs: Run[] = []
  server.on('count', (data, { id, redelivered }) => void runs.push({ id, data, redelivered }))
  let asked = 0
  server.onRequest('ask', () => ++asked)
  const client = memory.client({ onUnknown, reconnect: { initialDelayMs: 10, jitter: 'none' } })
  const heard: unknown[] = []
  const room = client.room('board')
  room.on('news', (data) => void heard.push(data))
  client.lifecycle.on('gap', ({ room: id, from, to, why }) => {
    if (id === 'board') heard.push({ from, to, why })
  })
  void client.connect()
  void room.join()
  void client.send('count', 'settled before')
  void client.request('ask', null)
  await pass(10)
  await server.toRoom('board').send('news', 'before')
  await pass(10)

  network.links()[0]?.stall('down')
  const receipts = [1, 2, 3].map((data) => client.send('count', data))
  const request = client.request('ask', null).then(
    () => 'answered',
    (error: { code: string }) => error.code,
  )
  await pass(10)
  return { memory, client, runs, receipts, request, heard, asked: () => asked }
}

describe('24: the server restarts without its memory', () => {
  it('what was sent is sent again under the same id and says that it may have run before', async () => {
    const { memory, runs, receipts, request, asked } = await underWay('resend')
    expect(runs).toHaveLength(4)
    memory.server.restart({ keepStore: false })
    await memory.pass(1_000)

    expect(receipts.map(({ state }) => state)).toEqual(['accepted', 'accepted', 'accepted'])
    const again = runs.slice(4)
    expect(again.map(({ data, redelivered }) => [data, redelivered])).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ])
    expect(again.map(({ id }) => id)).toEqual(receipts.map(({ id }) => id))
    expect(runs.slice(0, 4).map(({ redelivered }) => redelivered)).toEqual([false, false, false, false])
    // A request never runs twice, whatever the policy.
    expect(await request).toBe('server_forgot')
    expect(asked()).toBe(2)
  })

  it("under onUnknown: 'reject' nothing runs twice, and what is unknown is called so", async () => {
    const { memory, client, runs, receipts, request, asked } = await underWay('reject')
    memory.server.restart({ keepStore: false })
    await memory.pass()
    const fresh = client.send('count', 'fresh')
    await memory.pass(1_000)

    expect(receipts.map(({ state }) => state)).toEqual(['unknown', 'unknown', 'unknown'])
    expect(await receipts[0]?.settled).toMatchObject({ outcome: 'unknown', code: 'server_forgot' })
    expect(fresh.state).toBe('accepted')
    expect(runs.map(({ data }) => data)).toEqual(['settled before', 1, 2, 3, 'fresh'])
    expect(await request).toBe('server_forgot')
    expect(asked()).toBe(2)
  })

  it('a reader hears that its log began anew, and then everything of the new one', async () => {
    const { memory, client, heard } = await underWay('resend')
    memory.server.restart({ keepStore: false })
    void memory.server.toRoom('board').send('news', 'before the client is back')
    await memory.pass(1_000)
    await memory.server.toRoom('board').send('news', 'after')
    await memory.pass(10)

    expect(heard).toEqual([
      'before',
      { from: 2, to: null, why: 'epoch' },
      'before the client is back',
      'after',
    ])
    expect(client.snapshot).toMatchObject({ status: 'connected', session: { resumed: false } })
  })
})
