import { describe, expect, it } from 'vitest'
import { twoNodes } from '../support/two-nodes.js'

describe('25: the store loses the record of a producer while a node is at work with it', () => {
  it('the node ends the connection as "state lost"; the client sends again elsewhere, with one effect', async () => {
    // Room for one record: that of another client pushes ours out.
    const { a, b, client: makeClient, pass } = twoNodes({ maxProducerRecords: 1 })
    const runs: [string, unknown, boolean][] = []
    for (const [name, node] of [
      ['a', a],
      ['b', b],
    ] as const) {
      node.on('count', (data, context) => {
        runs.push([name, data, context.redelivered])
        context.toRoom('board').send('counted', data)
      })
    }
    const reader = makeClient({ auth: 'ben' })
    const board: unknown[] = []
    reader.client.room('board').on('counted', (data) => void board.push(data))
    reader.to = b
    void reader.client.connect()
    void reader.client.room('board').join()

    const ours = makeClient()
    void ours.client.connect()
    const first = ours.client.send('count', 1)
    await pass(10)
    expect(first.state).toBe('accepted')
    ours.to = b

    const other = makeClient({ auth: 'cleo' })
    other.to = b
    void other.client.connect()
    void other.client.send('count', 'other')
    await pass(10)

    const codes: number[] = []
    ours.client.lifecycle.on('close', ({ code }) => codes.push(code))
    const lost = [2, 3].map((data) => ours.client.send('count', data))
    await pass(100)

    expect(codes).toEqual([4202])
    expect(lost.map(({ state }) => state)).toEqual(['accepted', 'accepted'])
    expect(runs).toEqual([
      ['a', 1, false],
      ['b', 'other', false],
      ['a', 2, false],
      ['a', 3, false],
      ['b', 2, true],
      ['b', 3, true],
    ])
    // What node a did in vain had no effect.
    expect(board).toEqual([1, 'other', 2, 3])
  })
})
