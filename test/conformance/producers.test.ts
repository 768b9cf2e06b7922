import { expect, test } from 'vitest'
import { CloseCode } from '../../src/protocol/close-codes.js'
import { FrameType } from '../../src/protocol/frames.js'
import { gate } from '../support/gate.js'
import { producer, requests } from '../support/raw-client.js'
import { inEveryWorld } from '../support/world.js'

const { SEND, REQUEST, ATTACH, ATTACHED, USE, ACCEPTED, ENTRY } = FrameType

inEveryWorld('fencing', (world) => {
  test('[FEN-1] an attach that is not newer is refused for that producer alone', async () => {
    await world().serve()
    const first = await world().connect()
    await first.hello({ producers: [producer('a', { attach: 5 })] })
    const second = await world().connect()
    const { producers } = await second.hello({ producers: [producer('a', { attach: 5 }), producer('b')] })
    expect(producers).toMatchObject([null, { last: 0 }])
    expect(await first.barrier()).toEqual([])
  })

  test('[FEN-2] a connection whose producers a newer one took is closed 4401', async () => {
    await world().serve()
    const first = await world().connect()
    await first.hello({ producers: [producer('a', { attach: 1 })] })
    const second = await world().connect()
    const { producers } = await second.hello({ producers: [producer('a', { attach: 2 })] })
    expect(producers).toMatchObject([{ last: 0 }])
    expect((await first.closing()).code).toBe(CloseCode.SUPERSEDED)
  })

  test('[FEN-3] a connection whose session alone was taken is closed 4200', async () => {
    await world().serve()
    const first = await world().connect()
    const { session } = await first.hello({ producers: [producer('a')] })
    const second = await world().connect()
    const welcome = await second.hello({ session: { ...session, attach: 2 }, producers: [producer('b')] })
    expect(welcome.session).toMatchObject({ id: session.id, resumed: true })
    expect((await first.closing()).code).toBe(CloseCode.SESSION_UNKNOWN)
  })

  test('[FEN-4] an attach of a session that is not newer makes a new one', async () => {
    await world().serve()
    const first = await world().connect()
    const { session } = await first.hello()
    const second = await world().connect()
    await second.hello({ session: { ...session, attach: 7 } })
    await first.closing()
    const third = await world().connect()
    const welcome = await third.hello({ session: { ...session, attach: 7 } })
    expect(welcome.session).toMatchObject({ resumed: false, why: 'stale' })
    expect(welcome.session.id).not.toBe(session.id)
    expect(await second.barrier()).toEqual([])
  })

  test('[FEN-5] WELCOME states what is in hand; the handler runs on and answers the newer connection', async () => {
    const server = await world().serve()
    const door = gate()
    let runs = 0
    server.on('slow', () => {
      runs++
      return door.opened
    })
    const first = await world().connect()
    const { session } = await first.hello({ producers: [producer('a')] })
    first.send([SEND, 1, null, 'slow', 0], [SEND, 2, null, 'slow', 0])
    await first.barrier()
    const second = await world().connect()
    const { producers } = await second.hello({
      session: { ...session, attach: 2 },
      producers: [producer('a', { attach: 2, written: 2 })],
    })
    expect(producers).toMatchObject([{ last: 0, held: 2 }])
    door.open()
    await world().wait(
      () => second.unread.some((frame) => frame[0] === ACCEPTED && frame[2] === 2),
      'ACCEPTED of 2',
    )
    expect(runs).toBe(2)
  })

  test('[FEN-6] a producer offered with the wrong key is refused', async () => {
    await world().serve()
    const first = await world().connect()
    await first.hello({ producers: [producer('a')] })
    const thief = await world().connect()
    const { producers } = await thief.hello({ producers: [producer('a', { attach: 2, key: 'guessed' })] })
    expect(producers).toEqual([null])
    expect(await first.barrier()).toEqual([])
  })

  test('[FEN-7] a session offered with the wrong key is not resumed', async () => {
    await world().serve()
    const first = await world().connect()
    const { session } = await first.hello()
    const thief = await world().connect()
    const welcome = await thief.hello({ session: { id: session.id, key: 'guessed', attach: 2 } })
    expect(welcome.session).toMatchObject({ resumed: false, why: 'key' })
    expect(await first.barrier()).toEqual([])
  })

  test('[FEN-8] frames of a refused producer end the connection', async () => {
    const server = await world().serve()
    server.on('note', () => undefined)
    const first = await world().connect()
    await first.hello({ producers: [producer('a')] })
    const thief = await world().connect()
    await thief.hello({ producers: [producer('a', { attach: 2, key: 'guessed' })] })
    thief.send([SEND, 1, null, 'note', 0])
    expect((await thief.refusal()).code).toBe(CloseCode.PROTOCOL_ERROR)
  })

  test('[FEN-9] ATTACH adds a producer at the next index', async () => {
    const server = await world().serve()
    server.on('note', () => undefined)
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([ATTACH, 1, producer('b')])
    const [, index, state] = await client.next(ATTACHED)
    expect([index, state]).toMatchObject([1, { last: 0, held: 0, refused: [] }])
    client.send([USE, 1], [SEND, 1, null, 'note', 0])
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 1, 1])
  })

  test('[FEN-10] ATTACH at an index that is not the next ends the connection', async () => {
    await world().serve()
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([ATTACH, 3, producer('b')])
    expect((await client.refusal()).code).toBe(CloseCode.PROTOCOL_ERROR)
  })

  test('[FEN-11] ATTACH of a refused producer is answered with null, and its index is taken', async () => {
    await world().serve()
    const first = await world().connect()
    await first.hello({ producers: [producer('a')] })
    const client = await world().connect()
    await client.hello()
    client.send([ATTACH, 0, producer('a', { attach: 2, key: 'guessed' })], [ATTACH, 1, producer('b')])
    expect(await client.next(ATTACHED)).toEqual([ATTACHED, 0, null])
    expect((await client.next(ATTACHED))[2]).toMatchObject({ last: 0 })
  })

  test('[FEN-12] what is offered as another user’s is refused and leaves no record', async () => {
    await world().serve({ authenticate: ({ auth }) => ({ id: String(auth) }) })
    const ours = (attach: number) => producer('a', { attach, user: 'ada' })
    const eve = await world().connect()
    expect((await eve.hello({ auth: 'eve', producers: [ours(5)] })).producers).toEqual([null])
    eve.send([ATTACH, 1, ours(6)])
    expect(await eve.next(ATTACHED)).toEqual([ATTACHED, 1, null])
    const ada = await world().connect()
    expect((await ada.hello({ auth: 'ada', producers: [ours(1)] })).producers).toMatchObject([{ last: 0 }])
  })
})

inEveryWorld('epochs of producers', (world) => {
  test('[EPO-1] a record that is there goes on where it was', async () => {
    const server = await world().serve()
    server.on('note', () => undefined)
    const first = await world().connect()
    const hello = await first.hello({ producers: [producer('a')] })
    first.send([SEND, 1, null, 'note', 0], [SEND, 2, null, 'note', 0])
    await first.find(ACCEPTED)
    const epoch = hello.producers[0]?.epoch ?? ''
    const again = await world().connect()
    const { producers } = await again.hello({ producers: [producer('a', { attach: 2, epoch, written: 2 })] })
    expect(producers).toMatchObject([{ last: 2, held: 2, epoch }])
  })

  test('[EPO-2] a record that is not there begins anew at the floor, in a new epoch', async () => {
    await world().serve()
    const client = await world().connect()
    const offer = producer('a', { attach: 9, epoch: 'of another server', floor: 7, written: 10 })
    const { producers } = await client.hello({ producers: [offer] })
    expect(producers).toMatchObject([{ last: 7, held: 7, refused: [] }])
    expect(producers[0]?.epoch).not.toBe('of another server')
  })

  test('[EPO-3] a record of another epoch begins anew', async () => {
    const server = await world().serve()
    server.on('note', () => undefined)
    const first = await world().connect()
    const hello = await first.hello({ producers: [producer('a')] })
    first.send([SEND, 1, null, 'note', 0])
    await first.find(ACCEPTED)
    const again = await world().connect()
    const offer = producer('a', { attach: 2, epoch: 'another', floor: 0, written: 3 })
    const { producers } = await again.hello({ producers: [offer] })
    expect(producers).toMatchObject([{ last: 0 }])
    expect(producers[0]?.epoch).not.toBe(hello.producers[0]?.epoch)
  })

  test('[EPO-4] a record below the floor has forgotten and begins anew', async () => {
    await world().serve()
    const first = await world().connect()
    const hello = await first.hello({ producers: [producer('a')] })
    const epoch = hello.producers[0]?.epoch ?? ''
    const again = await world().connect()
    const offer = producer('a', { attach: 2, epoch, floor: 4, written: 5 })
    const { producers } = await again.hello({ producers: [offer] })
    expect(producers).toMatchObject([{ last: 4 }])
    expect(producers[0]?.epoch).not.toBe(epoch)
  })

  test('[EPO-5] messages written before the record was made anew are redelivered, later ones are not', async () => {
    const server = await world().serve()
    const seen: unknown[] = []
    server.on('note', (_data, ctx) => void seen.push([ctx.id, ctx.redelivered]))
    const client = await world().connect()
    await client.hello({ producers: [producer('a', { attach: 2, epoch: 'lost', floor: 1, written: 3 })] })
    client.send(...[2, 3, 4].map((seq) => [SEND, seq, null, 'note', 0]))
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 0, 4])
    expect(seen).toEqual([
      ['a.2', true],
      ['a.3', true],
      ['a.4', false],
    ])
  })

  test('[EPO-6] a fresh producer redelivers nothing', async () => {
    const server = await world().serve()
    const seen: boolean[] = []
    server.on('note', (_data, ctx) => void seen.push(ctx.redelivered))
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([SEND, 1, null, 'note', 0])
    await client.next(ACCEPTED)
    expect(seen).toEqual([false])
  })

  test('[EPO-7] the redelivery bound outlives later attaches', async () => {
    const server = await world().serve()
    const seen: unknown[] = []
    server.on('note', (_data, ctx) => void seen.push([ctx.id, ctx.redelivered]))
    const first = await world().connect()
    const lost = producer('a', { attach: 2, epoch: 'lost', floor: 0, written: 2 })
    const { producers } = await first.hello({ producers: [lost] })
    const epoch = producers[0]?.epoch ?? ''
    const second = await world().connect()
    await second.hello({ producers: [producer('a', { attach: 3, epoch, written: 2 })] })
    second.send([SEND, 1, null, 'note', 0], [SEND, 2, null, 'note', 0], [SEND, 3, null, 'note', 0])
    await second.find(ACCEPTED)
    expect(seen).toEqual([
      ['a.1', true],
      ['a.2', true],
      ['a.3', false],
    ])
  })

  test('[EPO-8] what the memory of the server outlives is not handled again', async () => {
    const server = await world().serve()
    const handled: unknown[] = []
    server.on('note', (data) => void handled.push(data))
    const first = await world().connect()
    const hello = await first.hello({ producers: [producer('a')] })
    first.send([SEND, 1, null, 'note', 'one'], [SEND, 2, null, 'note', 'two'])
    await first.find(ACCEPTED)
    await server.restart({ keepStore: true })
    const again = await world().connect()
    const epoch = hello.producers[0]?.epoch ?? ''
    const welcome = await again.hello({ producers: [producer('a', { attach: 2, epoch, written: 2 })] })
    expect(welcome.producers).toMatchObject([{ last: 2, epoch }])
    again.send([SEND, 2, null, 'note', 'two'], [SEND, 3, null, 'note', 'three'])
    await world().wait(
      () => again.unread.some((frame) => frame[0] === ACCEPTED && frame[2] === 3),
      'ACCEPTED of 3',
    )
    expect(handled).toEqual(['one', 'two', 'three'])
  })

  test('[EPO-9] a restarted server without its memory begins every producer anew', async () => {
    const server = await world().serve()
    server.on('note', () => undefined)
    const first = await world().connect()
    const hello = await first.hello({ producers: [producer('a')] })
    first.send([SEND, 1, null, 'note', 0])
    await first.find(ACCEPTED)
    await server.restart({ keepStore: false })
    const again = await world().connect()
    const epoch = hello.producers[0]?.epoch ?? ''
    const offer = producer('a', { attach: 2, epoch, floor: 1, written: 1 })
    const welcome = await again.hello({ session: { ...hello.session, attach: 2 }, producers: [offer] })
    expect(welcome.producers).toMatchObject([{ last: 1 }])
    expect(welcome.producers[0]?.epoch).not.toBe(epoch)
    expect(welcome.session).toMatchObject({ resumed: false, why: 'unknown' })
  })

  test('[EPO-10] requests begun by a process that died are answered as unknown by the one that takes over', async () => {
    const server = await world().serve()
    server.onRequest('wait', () => new Promise<never>(() => undefined))
    const first = await world().connect()
    const { session, producers } = await first.hello({ producers: [requests('r')] })
    first.send([REQUEST, 1, 'wait', null])
    await first.find(ACCEPTED)
    await server.restart({ keepStore: true })
    const again = await world().connect()
    const epoch = producers[0]?.epoch ?? ''
    const welcome = await again.hello({
      session: { id: session.id, key: session.key, attach: 2 },
      producers: [requests('r', { attach: 2, epoch, written: 1 })],
    })
    expect(welcome.session.resumed).toBe(true)
    expect(welcome.producers).toMatchObject([{ last: 1 }])
    const [, log, , , data, meta] = await again.find(ENTRY)
    expect([log, data, meta]).toMatchObject([
      `replies/${session.id}`,
      { code: 'unknown' },
      { re: 'r.1', error: true },
    ])
  })
})
