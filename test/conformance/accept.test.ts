import { expect, test } from 'vitest'
import { CloseCode } from '../../src/protocol/close-codes.js'
import { FrameType } from '../../src/protocol/frames.js'
import { gate } from '../support/gate.js'
import { producer, requests } from '../support/raw-client.js'
import { inEveryWorld } from '../support/world.js'

const { SEND, REQUEST, CANCEL, VOID, USE, ACCEPTED, REJECTED, ENTRY } = FrameType

inEveryWorld('accepting messages', (world) => {
  test('[ACC-1] the number after the last runs the handler and is acknowledged', async () => {
    const server = await world().serve()
    const handled: unknown[] = []
    server.on('note', (data, ctx) => void handled.push([ctx.id, data]))
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([SEND, 1, null, 'note', { n: 1 }])
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 0, 1])
    expect(handled).toEqual([['a.1', { n: 1 }]])
  })

  test('[ACC-2] a number that was committed is acknowledged again and runs nothing', async () => {
    const server = await world().serve()
    let runs = 0
    server.on('note', () => void runs++)
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([SEND, 1, null, 'note', 0], [SEND, 2, null, 'note', 0])
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 0, 2])
    client.send([SEND, 1, null, 'note', 0])
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 0, 2])
    expect(runs).toBe(2)
  })

  test('[ACC-3] a number that leaves one out ends the connection', async () => {
    const server = await world().serve()
    let runs = 0
    server.on('note', () => void runs++)
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([SEND, 2, null, 'note', 0])
    expect((await client.refusal()).code).toBe(CloseCode.PROTOCOL_ERROR)
    expect(runs).toBe(0)
  })

  test('[ACC-4] messages that arrive together are acknowledged together', async () => {
    const server = await world().serve()
    server.on('note', () => undefined)
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send(...Array.from({ length: 50 }, (_, index) => [SEND, index + 1, null, 'note', index]))
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 0, 50])
  })

  test('[ACC-5] what a handler sends arrives, once', async () => {
    const server = await world().serve()
    server.on('note', (data, ctx) => ctx.toRoom('lobby').send('noted', data))
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([FrameType.JOIN, 1, 'lobby'])
    await client.next(FrameType.JOINED)
    client.send([SEND, 1, null, 'note', 'x'])
    client.send([SEND, 1, null, 'note', 'x'])
    expect((await client.find(ENTRY)).slice(0, 5)).toEqual([ENTRY, 'room/lobby', 1, 'noted', 'x'])
    await client.find(ACCEPTED)
    expect((await client.barrier()).filter(([type]) => type === ENTRY)).toEqual([])
  })

  test('[ACC-6] what a refused handler sent does not arrive', async () => {
    const server = await world().serve()
    server.on('note', (data, ctx) => {
      ctx.toRoom('lobby').send('noted', data)
      if (data === 'bad') throw new Error('no')
    })
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([FrameType.JOIN, 1, 'lobby'])
    await client.next(FrameType.JOINED)
    client.send([SEND, 1, null, 'note', 'bad'], [SEND, 2, null, 'note', 'good'])
    expect((await client.find(ENTRY)).slice(1, 5)).toEqual(['room/lobby', 1, 'noted', 'good'])
    await client.find(ACCEPTED)
    expect((await client.barrier()).filter(([type]) => type === ENTRY)).toEqual([])
  })

  test('[ACC-7] VOID numbers are passed over and acknowledged', async () => {
    const server = await world().serve()
    const handled: string[] = []
    server.on('note', (_data, ctx) => void handled.push(ctx.id))
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([SEND, 1, null, 'note', 0], [VOID, 2, 4], [SEND, 5, null, 'note', 0])
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 0, 5])
    expect(handled).toEqual(['a.1', 'a.5'])
  })

  test('[ACC-12] VOID numbers are named to whoever attaches later, committed or in hand, and to nobody else', async () => {
    const server = await world().serve()
    const door = gate()
    server.on('note', () => undefined)
    server.on('wait', () => door.opened)
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([VOID, 1, 1], [VOID, 2, 2], [SEND, 3, null, 'note', 0])
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 0, 3])
    client.send([SEND, 4, null, 'wait', 0], [VOID, 5, 5], [VOID, 6, 6])
    expect(await client.barrier()).toEqual([])
    const later = await world().connect()
    const { producers } = await later.hello({ producers: [producer('a', { attach: 2, written: 6 })] })
    const refused = [1, 2, 5, 6].map((seq) => [seq, 'void', ''])
    expect(producers).toMatchObject([{ last: 3, held: 6, refused }])
    door.open()
    expect(await later.next(ACCEPTED)).toEqual([ACCEPTED, 0, 6])
  })

  test('[ACC-8] nothing is acknowledged while its handler runs', async () => {
    const server = await world().serve()
    const door = gate()
    server.on('note', () => door.opened)
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([SEND, 1, null, 'note', 0])
    expect(await client.barrier()).toEqual([])
    door.open()
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 0, 1])
  })

  test('[ACC-9] a number that is in hand is neither run nor answered again', async () => {
    const server = await world().serve()
    const door = gate()
    let runs = 0
    server.on('note', () => {
      runs++
      return door.opened
    })
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([SEND, 1, null, 'note', 0])
    client.send([SEND, 1, null, 'note', 0])
    expect(await client.barrier()).toEqual([])
    door.open()
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 0, 1])
    expect([await client.barrier(), runs]).toEqual([[], 1])
  })

  test('[ACC-10] USE says which producer the following frames number in; a batch starts with the first', async () => {
    const server = await world().serve()
    const handled: string[] = []
    server.on('note', (_data, ctx) => void handled.push(ctx.id))
    const client = await world().connect()
    await client.hello({ producers: [producer('a'), producer('b')] })
    client.send([USE, 1], [SEND, 1, null, 'note', 0])
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 1, 1])
    client.send([SEND, 1, null, 'note', 0])
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 0, 1])
    expect(handled).toEqual(['b.1', 'a.1'])
  })

  test('[ACC-11] USE of a producer that is not attached ends the connection', async () => {
    await world().serve()
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([USE, 1], [SEND, 1, null, 'note', 0])
    expect((await client.refusal()).code).toBe(CloseCode.PROTOCOL_ERROR)
  })
})

inEveryWorld('order', (world) => {
  test('[ORD-1] messages of one producer are handled one at a time, in order', async () => {
    const server = await world().serve()
    const log: string[] = []
    const doors = [gate(), gate(), gate()]
    server.on('note', async (data) => {
      log.push(`start ${String(data)}`)
      await doors[Number(data)]?.opened
      log.push(`end ${String(data)}`)
    })
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send(...[0, 1, 2].map((n) => [SEND, n + 1, null, 'note', n]))
    await client.barrier()
    expect(log).toEqual(['start 0'])
    for (const door of doors) door.open()
    await world().wait(() => log.length === 6, 'all handlers')
    expect(log).toEqual(['start 0', 'end 0', 'start 1', 'end 1', 'start 2', 'end 2'])
    await world().wait(
      () => client.unread.some((frame) => frame[0] === ACCEPTED && frame[2] === 3),
      'the last ACCEPTED',
    )
    expect(client.unread.at(-1)).toEqual([ACCEPTED, 0, 3])
  })

  test('[ORD-2] producers run side by side', async () => {
    const server = await world().serve()
    const door = gate()
    server.on('slow', () => door.opened)
    server.on('quick', () => undefined)
    const client = await world().connect()
    await client.hello({ producers: [producer('a'), producer('b')] })
    client.send([SEND, 1, null, 'slow', 0], [USE, 1], [SEND, 1, null, 'quick', 0])
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 1, 1])
    door.open()
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 0, 1])
  })

  test('[ORD-3] a handler that throws commits a refusal, told before the ACCEPTED that covers it', async () => {
    const server = await world().serve()
    server.on('note', (data) => {
      if (data === 'bad') throw new Error('a secret of the server')
    })
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send(...['good', 'bad', 'good'].map((data, index) => [SEND, index + 1, null, 'note', data]))
    const rejected = await client.next(REJECTED)
    expect(rejected.slice(0, 4)).toEqual([REJECTED, 0, 2, 'handler_failed'])
    expect(rejected[4]).not.toContain('secret')
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 0, 3])
  })

  test('[ORD-4] a handler that passes its deadline is refused, aborted, and its later effects count for nothing', async () => {
    const server = await world().serve({ limits: { handlerMs: 200 } })
    const signals: AbortSignal[] = []
    const door = gate()
    server.on('slow', async (_data, ctx) => {
      signals.push(ctx.signal)
      await door.opened
      ctx.toRoom('lobby').send('late', null)
    })
    server.on('note', () => undefined)
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([FrameType.JOIN, 1, 'lobby'])
    await client.next(FrameType.JOINED)
    client.send([SEND, 1, null, 'slow', 0], [SEND, 2, null, 'note', 0])
    const [, , seq, code] = await client.next(REJECTED)
    expect([seq, code]).toEqual([1, 'handler_timeout'])
    expect(signals[0]?.aborted).toBe(true)
    await world().wait(
      () => client.unread.some((frame) => frame[0] === ACCEPTED && frame[2] === 2),
      'ACCEPTED of 2',
    )
    door.open()
    expect((await client.barrier()).filter(([type]) => type === ENTRY)).toEqual([])
  })

  test('[ORD-5] a resent number that was refused is acknowledged, and stays refused', async () => {
    const server = await world().serve()
    let runs = 0
    server.on('note', () => {
      runs++
      throw new Error('no')
    })
    const first = await world().connect()
    const { session } = await first.hello({ producers: [producer('a')] })
    first.send([SEND, 1, null, 'note', 0])
    await first.find(ACCEPTED)
    first.close(1006)
    const again = await world().connect()
    const { producers } = await again.hello({
      session: { ...session, attach: 2 },
      producers: [producer('a', { attach: 2, written: 1 })],
    })
    expect(producers[0]).toMatchObject({ last: 1, refused: [[1, 'handler_failed', expect.any(String)]] })
    expect(runs).toBe(1)
  })

  test('[ORD-6] a message of a type that nobody handles is refused', async () => {
    await world().serve()
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([SEND, 1, null, 'nobody', 0])
    expect((await client.next(REJECTED)).slice(0, 4)).toEqual([REJECTED, 0, 1, 'unknown_type'])
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 0, 1])
  })
})

inEveryWorld('requests', (world) => {
  test('[REQ-1] the reply is an entry of the replies log that names the request', async () => {
    const server = await world().serve()
    server.onRequest('double', (data) => Number(data) * 2)
    const client = await world().connect()
    const { session } = await client.hello({ producers: [requests('r')] })
    client.send([REQUEST, 1, 'double', 21])
    const entry = await client.find(ENTRY)
    expect(entry.slice(1, 3)).toEqual([`replies/${session.id}`, 1])
    expect(entry[4]).toBe(42)
    expect(entry[5]).toMatchObject({ re: 'r.1' })
    expect(entry[5].error ?? false).toBe(false)
  })

  test('[REQ-2] a failing handler replies with code and message, never with a stack', async () => {
    const server = await world().serve()
    server.onRequest('fail', () => {
      throw new Error('a secret of the server')
    })
    const client = await world().connect()
    await client.hello({ producers: [requests('r')] })
    client.send([REQUEST, 1, 'fail', null])
    const [, , , , data, meta] = await client.find(ENTRY)
    expect(meta).toMatchObject({ re: 'r.1', error: true })
    expect(data).toMatchObject({ code: 'handler_failed' })
    expect(JSON.stringify(data)).not.toContain('secret')
  })

  test('[REQ-3] requests run side by side', async () => {
    const server = await world().serve()
    const doors = [gate(), gate()]
    server.onRequest('wait', async (data) => {
      await doors[Number(data)]?.opened
      return data
    })
    const client = await world().connect()
    await client.hello({ producers: [requests('r')] })
    client.send([REQUEST, 1, 'wait', 0], [REQUEST, 2, 'wait', 1])
    doors[1]?.open()
    expect((await client.find(ENTRY))[5].re).toBe('r.2')
    doors[0]?.open()
    expect((await client.find(ENTRY))[5].re).toBe('r.1')
  })

  test('[REQ-4] no more than maxRequests run at a time; the others wait', async () => {
    const server = await world().serve({ limits: { maxRequests: 2 } })
    const doors = [gate(), gate(), gate()]
    const started: unknown[] = []
    server.onRequest('wait', async (data) => {
      started.push(data)
      await doors[Number(data)]?.opened
    })
    const client = await world().connect()
    await client.hello({ producers: [requests('r')] })
    client.send(...[0, 1, 2].map((n) => [REQUEST, n + 1, 'wait', n]))
    await world().wait(() => started.length === 2, 'two requests to start')
    await client.barrier()
    expect(started).toEqual([0, 1])
    doors[1]?.open()
    await world().wait(() => started.length === 3, 'the third request to start')
    for (const door of doors) door.open()
    await client.findAll(ENTRY, 2)
  })

  test('[REQ-5] a request starts after earlier messages of the connection committed', async () => {
    const server = await world().serve()
    const log: string[] = []
    const door = gate()
    server.on('note', async () => {
      await door.opened
      log.push('message')
    })
    server.onRequest('ask', () => void log.push('request'))
    const client = await world().connect()
    await client.hello({ producers: [producer('a'), requests('r')] })
    client.send([SEND, 1, null, 'note', 0], [USE, 1], [REQUEST, 1, 'ask', null])
    await client.barrier()
    expect(log).toEqual([])
    door.open()
    await client.find(ENTRY)
    expect(log).toEqual(['message', 'request'])
  })

  test('[REQ-6] a request that was accepted never runs again', async () => {
    const server = await world().serve()
    let runs = 0
    server.onRequest('count', () => ++runs)
    const client = await world().connect()
    await client.hello({ producers: [requests('r')] })
    client.send([REQUEST, 1, 'count', null])
    await client.find(ENTRY)
    await client.find(ACCEPTED)
    client.send([REQUEST, 1, 'count', null])
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 0, 1])
    expect([await client.barrier(), runs]).toEqual([[], 1])
  })

  test('[REQ-7] CANCEL aborts the handler of a request', async () => {
    const server = await world().serve()
    const aborted = gate()
    server.onRequest('wait', (_data, ctx) => {
      ctx.signal.addEventListener('abort', () => aborted.open())
      return aborted.opened
    })
    const client = await world().connect()
    await client.hello({ producers: [requests('r')] })
    client.send([REQUEST, 1, 'wait', null])
    await client.find(ACCEPTED)
    client.send([CANCEL, 1])
    const [, , , , , meta] = await client.find(ENTRY)
    expect(meta.re).toBe('r.1')
    await aborted.opened
  })

  test.each([
    ['SEND in a producer of requests', [SEND, 1, null, 'note', 0], requests('r')],
    ['REQUEST in a producer of messages', [REQUEST, 1, 'ask', 0], producer('a')],
    ['CANCEL in a producer of messages', [CANCEL, 1], producer('a')],
  ])('[REQ-8] %s ends the connection', async (_title, frame, offer) => {
    const server = await world().serve()
    server.on('note', () => undefined)
    const client = await world().connect()
    await client.hello({ producers: [offer] })
    client.send(frame)
    expect((await client.refusal()).code).toBe(CloseCode.PROTOCOL_ERROR)
  })

  test('[REQ-9] effects of a request and its reply are committed together', async () => {
    const server = await world().serve()
    server.onRequest('post', (data, ctx) => {
      ctx.toRoom('lobby').send('posted', data)
      if (data === 'bad') throw new Error('no')
      return 'done'
    })
    const client = await world().connect()
    await client.hello({ producers: [requests('r')] })
    client.send([FrameType.JOIN, 1, 'lobby'])
    await client.next(FrameType.JOINED)
    client.send([REQUEST, 1, 'post', 'bad'], [REQUEST, 2, 'post', 'good'])
    const entries = await client.findAll(ENTRY, 3)
    const posted = entries.filter(([, log]) => log === 'room/lobby').map((entry) => entry[4])
    expect(posted).toEqual(['good'])
  })
})
