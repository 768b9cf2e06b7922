import { describe, expect, it } from 'vitest'
import { inMemory } from '../support/memory.js'

const MANY = 10_000

/** Enough for ten thousand of everything on a busy machine; what grows with the square of the rooms takes minutes. */
const PATIENCE_MS = 15_000

describe('68: an application listens ten thousand times over', () => {
  it('with handlers of one type: each is called once per message, in order, and can be taken off again', async () => {
    const memory = inMemory({ authenticate: () => ({ id: 'ada' }) })
    const client = memory.client()
    void client.connect()
    await memory.pass(10)
    const start = performance.now()
    const called: number[] = []
    const offs = Array.from({ length: MANY }, (_, index) => client.on('tick', () => void called.push(index)))
    void memory.server.toUser('ada').send('tick', null)
    await memory.pass(10)
    expect(called).toEqual(Array.from({ length: MANY }, (_, index) => index))
    for (const off of offs.slice(1)) off()
    called.length = 0
    void memory.server.toUser('ada').send('tick', null)
    await memory.pass(10)
    expect(called).toEqual([0])
    expect(performance.now() - start).toBeLessThan(PATIENCE_MS)
  })

  it('with subscribers of snapshots and of a room: a change tells each of them once', async () => {
    const memory = inMemory()
    const client = memory.client()
    const start = performance.now()
    let calls = 0
    const offs = Array.from({ length: MANY }, () => client.subscribe(() => calls++))
    void client.connect()
    await memory.pass(10)
    const perChange = calls / MANY
    expect(Number.isInteger(perChange)).toBe(true)
    expect(perChange).toBeGreaterThan(0)
    expect(perChange).toBeLessThanOrEqual(4)
    for (const off of offs) off()
    calls = 0
    void client.disconnect()
    await memory.pass(10)
    expect(calls).toBe(0)
    expect(performance.now() - start).toBeLessThan(PATIENCE_MS)
  })

  it('in rooms, where the server allows so many: every one is joined, heard, and taken up again after a cut', async () => {
    const memory = inMemory({
      limits: { maxRooms: MANY, controlFramesPerSecond: MANY, maxHelloBytes: 4_194_304 },
    })
    const { server, network } = memory
    const client = memory.client({ reconnect: { jitter: 'none', initialDelayMs: 10 } })
    const heard = new Map<string, number>()
    let joined = 0
    const start = performance.now()
    void client.connect()
    for (let index = 0; index < MANY; index++) {
      const room = client.room(`r${index}`)
      room.on('n', (_, { room: id }) => void heard.set(id ?? '', (heard.get(id ?? '') ?? 0) + 1))
      void room.join().then(() => joined++)
    }
    await memory.pass(100)
    expect(joined).toBe(MANY)
    for (const link of network.links()) link.cut()
    for (let index = 0; index < MANY; index++) void server.toRoom(`r${index}`).send('n', null)
    await memory.pass(1_000)
    expect(heard.size).toBe(MANY)
    expect([...heard.values()].every((count) => count === 1)).toBe(true)
    expect(client.stats()).toMatchObject({ reconnects: 1, gaps: 0 })
    expect(client.snapshot.session?.resumed).toBe(true)
    expect(performance.now() - start).toBeLessThan(PATIENCE_MS)
  })

  it('in more rooms than the server allows: those beyond are refused by name, and nothing else is disturbed', async () => {
    const memory = inMemory({ limits: { maxRooms: 100 } })
    const client = memory.client()
    const ends = new Map<string, number>()
    const count = (end: string): void => void ends.set(end, (ends.get(end) ?? 0) + 1)
    void client.connect()
    for (let index = 0; index < 4_000; index++) {
      client
        .room(`r${index}`)
        .join()
        .then(
          () => count('joined'),
          (error: { message: string }) => count(error.message),
        )
    }
    await memory.pass(1_000)
    expect(Object.fromEntries(ends)).toEqual({ joined: 100, 'not in the room: too_many_rooms': 3_900 })
    expect(client.snapshot.status).toBe('connected')
    expect(client.stats().reconnects).toBe(0)
  })
})
