import { describe, expect, it } from 'vitest'
import { twoNodes } from '../support/two-nodes.js'

describe('26: a client resumes on another node, in memory', () => {
  it('with its session, its place in every log, and nothing accepted twice', async () => {
    const { network, a, b, client: makeClient, pass } = twoNodes()
    const runs: [string, unknown][] = []
    a.on('count', (data) => void runs.push(['a', data]))
    b.on('count', (data) => void runs.push(['b', data]))
    const placed = makeClient()
    const { client } = placed
    const heard: unknown[] = []
    client.on('direct', (data) => void heard.push(data))
    client.room('board').on('news', (data) => void heard.push(data))
    void client.connect()
    void client.room('board').join()
    void client.send('count', 0)
    await pass(10)
    const session = client.snapshot.session?.id ?? ''

    network.links()[0]?.stall('down')
    const receipts = [1, 2].map((data) => client.send('count', data))
    await pass(10)
    void b.toUser('ada').send('direct', 'while away')
    void a.toRoom('board').send('news', 'while away')
    void b.toSession(session).send('direct', 'to the session')
    placed.to = b
    a.crash()
    await pass(100)

    expect(client.snapshot.session).toEqual({ id: session, resumed: true })
    expect(receipts.map(({ state }) => state)).toEqual(['accepted', 'accepted'])
    const last = client.send('count', 3)
    await pass(10)
    expect(last.state).toBe('accepted')
    expect(runs).toEqual([
      ['a', 0],
      ['a', 1],
      ['a', 2],
      ['b', 3],
    ])
    expect(heard.map(String).toSorted()).toEqual(['to the session', 'while away', 'while away'])
    expect(client.stats()).toMatchObject({ gaps: 0, connects: 2 })
  })

  it('what still runs on the first node has no effect; once that is noticed, it is told to stop', async () => {
    const { network, a, b, client: makeClient, clock, pass } = twoNodes()
    const told: unknown[] = []
    const works = (name: string, ms: number) => (node: typeof a) =>
      node.on('count', async (data, context) => {
        told.push(`${name} begins${context.redelivered ? ' again' : ''}`)
        context.signal.addEventListener('abort', () => told.push(`${name} is told to stop`))
        await new Promise<void>((resolve) => void clock.setTimer(resolve, ms))
        context.toRoom('board').send('counted', `${String(data)} by ${name}`)
      })
    works('a', 500)(a)
    works('b', 1_000)(b)
    const reader = makeClient({ auth: 'ben' })
    const board: unknown[] = []
    reader.client.room('board').on('counted', (data) => void board.push(data))
    reader.to = b
    void reader.client.connect()
    void reader.client.room('board').join()
    const placed = makeClient()
    void placed.client.connect()
    const receipts = [1, 2].map((data) => placed.client.send('count', data))
    await pass(10)

    // The connection to the first node is dead, and that node doesn't know.
    placed.to = b
    network.links().at(-1)?.cut({ serverAfterMs: null })
    await pass(5_000)
    expect(receipts.map(({ state }) => state)).toEqual(['accepted', 'accepted'])
    expect(board).toEqual(['1 by b', '2 by b'])
    expect(told).toEqual(['a begins', 'b begins again', 'a begins', 'a is told to stop', 'b begins again'])
    expect(placed.client.snapshot.status).toBe('connected')
  })
})
