import { describe, expect, it } from 'vitest'
import type { Receipt } from '../../src/index.js'
import { inMemory } from '../support/memory.js'

const HANDLER_MS = 2_000

const endOf = async (receipt: Receipt): Promise<string> => {
  const { outcome, code } = await receipt.settled
  return `${outcome} ${code}`
}

describe('57: a handler throws, rejects, or never settles', () => {
  it('is a refusal at the server, undoes what the handler sent, and holds up nobody for longer than handlerMs', async () => {
    const memory = inMemory({ limits: { handlerMs: HANDLER_MS } })
    const { server } = memory
    const handled: unknown[] = []
    let stopped = false
    server.on('throws', (_, ctx) => {
      ctx.toRoom('board').send('effect', 'of throws')
      throw new Error('no')
    })
    server.on('rejects', async (_, ctx) => {
      ctx.toRoom('board').send('effect', 'of rejects')
      await Promise.reject(new Error('no'))
    })
    server.on('hangs', (_, ctx) => {
      ctx.toRoom('board').send('effect', 'of hangs')
      ctx.signal.addEventListener('abort', () => (stopped = true))
      return new Promise<void>(() => undefined)
    })
    server.on('note', (data, ctx) => {
      handled.push(data)
      ctx.toRoom('board').send('effect', data)
    })
    const effects: unknown[] = []
    const client = memory.client()
    const board = client.room('board')
    board.on('effect', (data) => void effects.push(data))
    void client.connect()
    void board.join()
    await memory.pass(50)

    const receipts = [
      client.send('throws', null),
      client.send('rejects', null),
      client.send('hangs', null),
      client.send('note', 'last'),
    ]
    const other = memory.client()
    void other.connect()
    const unaffected = other.send('note', 'of another sender')
    await memory.pass(50)
    expect(await endOf(unaffected)).toBe('accepted null')
    expect(receipts.map(({ state }) => state)).toEqual(['rejected', 'rejected', 'written', 'written'])

    await memory.pass(HANDLER_MS)
    expect(receipts.map(({ state }) => state)).toEqual(['rejected', 'rejected', 'rejected', 'accepted'])
    expect(await Promise.all(receipts.map(endOf))).toEqual([
      'rejected handler_failed',
      'rejected handler_failed',
      'rejected handler_timeout',
      'accepted null',
    ])
    expect(stopped).toBe(true)
    expect(handled).toEqual(['of another sender', 'last'])
    expect(effects).toEqual(['of another sender', 'last'])
  })

  it('rejects a request in each of these ways, and runs it once', async () => {
    const memory = inMemory({ limits: { handlerMs: HANDLER_MS } })
    let runs = 0
    const ways: Record<string, () => unknown> = {
      throws: () => {
        throw new Error('no')
      },
      rejects: () => Promise.reject(new Error('no')),
      hangs: () => new Promise(() => undefined),
    }
    memory.server.onRequest('ask', (way) => {
      runs++
      return ways[String(way)]?.()
    })
    const client = memory.client()
    void client.connect()
    const answers = Object.keys(ways).map((way) =>
      client.request('ask', way).then(
        () => 'answered',
        (error: { code: string }) => error.code,
      ),
    )
    let settled: string[] = []
    void Promise.all(answers).then((all) => (settled = all))
    await memory.pass(HANDLER_MS + 100)
    expect(settled).toEqual(['handler_failed', 'handler_failed', 'timeout'])
    expect(runs).toBe(3)
  })

  it('is an error event at the client, counts as handled, and holds up its own log at most', async () => {
    const memory = inMemory()
    const { server } = memory
    const client = memory.client()
    const errors: string[] = []
    client.lifecycle.on('error', ({ code }) => errors.push(code))
    const seen: string[] = []
    for (const [room, fail] of [
      ['throws', () => expect.fail('on purpose')],
      ['rejects', () => Promise.reject(new Error('on purpose'))],
      ['hangs', () => new Promise<void>(() => undefined)],
    ] as const) {
      client.room(room).on('news', (data, { room: id }) => {
        seen.push(`${id} ${String(data)}`)
        if (data === 1) return fail()
        return undefined
      })
      void client.room(room).join()
    }
    void client.connect()
    await memory.pass(50)
    for (const data of [1, 2]) {
      for (const room of ['hangs', 'throws', 'rejects']) void server.toRoom(room).send('news', data)
    }
    await memory.pass(50)
    expect(seen.map(String).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'hangs 1',
      'rejects 1',
      'rejects 2',
      'throws 1',
      'throws 2',
    ])
    expect(errors).toEqual(['handler_failed', 'handler_failed'])
  })
})
