import { expect, test } from 'vitest'
import { CloseCode } from '../../src/protocol/close-codes.js'
import { type Encoded, MAX_DEPTH } from '../../src/protocol/codec.js'
import { FrameType, type LogPosition } from '../../src/protocol/frames.js'
import { producer, type RawClient, requests } from '../support/raw-client.js'
import { inEveryWorld, type World } from '../support/world.js'

const { ENTRY, SKIP, GAP, JOIN, JOINED, SEND, ACCEPTED, HANDLED, REQUEST, LEAVE, LEFT } = FrameType

/** Joins a room and returns the position that JOINED names. */
async function join(
  client: RawClient,
  room: string,
  n = 1,
  epoch?: string,
  offset?: number,
): Promise<LogPosition> {
  client.send([JOIN, n, room, epoch ?? null, offset ?? null])
  const joined = await client.find(JOINED)
  expect(joined.slice(0, 3)).toEqual([JOINED, n, room])
  return [joined[3], joined[4]]
}

/** Length of all batches with an entry in them: what HANDLED counts. */
function bytesOfEntries({ messages, serializer }: RawClient): number {
  const holdsEntry = (data: Encoded): boolean =>
    (serializer.decode(data, MAX_DEPTH) as unknown[][]).some(([type]) => type === ENTRY)
  return messages.filter(holdsEntry).reduce((bytes, data) => bytes + serializer.size(data), 0)
}

/** A connection whose presence does not matter: rooms in HELLO are answered with PRESENCE too. */
async function connectQuietly(world: World): Promise<RawClient> {
  const client = await world.connect()
  client.ignore(FrameType.PRESENCE)
  return client
}

inEveryWorld('logs', (world) => {
  test('[LOG-1] offsets of a log are dense and grow', async () => {
    const server = await world().serve()
    const client = await connectQuietly(world())
    await client.hello()
    await join(client, 'lobby')
    for (let n = 1; n <= 20; n++) void server.toRoom('lobby').send('count', n)
    const entries = await client.findAll(ENTRY, 20)
    expect(entries.map((entry) => [entry[2], entry[4]])).toEqual(
      Array.from({ length: 20 }, (_, n) => [n + 1, n + 1]),
    )
  })

  test('[LOG-2] every receiver gets the same entry', async () => {
    const server = await world().serve()
    const one = await connectQuietly(world())
    const other = await connectQuietly(world())
    await one.hello()
    await other.hello()
    await join(one, 'lobby')
    await join(other, 'lobby')
    void server.toRoom('lobby').send('news', { deep: ['data'] })
    expect(await one.find(ENTRY)).toEqual(await other.find(ENTRY))
  })

  test('[LOG-3] delivery resumes after the cursor that HELLO offers', async () => {
    const server = await world().serve()
    const first = await connectQuietly(world())
    await first.hello()
    const [epoch] = await join(first, 'lobby')
    for (let n = 1; n <= 5; n++) void server.toRoom('lobby').send('count', n)
    await first.findAll(ENTRY, 5)
    const again = await connectQuietly(world())
    const { logs } = await again.hello({ cursors: { 'room/lobby': [epoch, 2] } })
    expect(logs['room/lobby']).toEqual([epoch, 2])
    const entries = await again.findAll(ENTRY, 3)
    expect(entries.map((entry) => entry[2])).toEqual([3, 4, 5])
  })

  test('[LOG-4] a cursor at the head gets what comes, and nothing twice', async () => {
    const server = await world().serve()
    const client = await connectQuietly(world())
    await client.hello()
    await server.toRoom('lobby').send('count', 1)
    const [epoch, offset] = await join(client, 'lobby')
    expect(offset).toBe(1)
    const again = await connectQuietly(world())
    await again.hello({ cursors: { 'room/lobby': [epoch, 1] } })
    expect(await again.barrier()).toEqual([])
    void server.toRoom('lobby').send('count', 2)
    expect((await again.next(ENTRY))[2]).toBe(2)
  })

  test('[LOG-5] a cursor of another epoch is told by GAP to null, then the log comes from its first entry', async () => {
    const server = await world().serve()
    await server.toRoom('lobby').send('count', 1)
    const client = await connectQuietly(world())
    const { logs } = await client.hello({ cursors: { 'room/lobby': ['another epoch', 7] } })
    const [epoch, offset] = logs['room/lobby'] ?? []
    expect([epoch === 'another epoch', offset]).toEqual([false, 0])
    expect((await client.next(GAP)).slice(1, 5)).toEqual(['room/lobby', epoch, 8, null])
    expect((await client.next(ENTRY)).slice(1, 3)).toEqual(['room/lobby', 1])
  })

  test('[LOG-6] a cursor beyond the head is an epoch change', async () => {
    const server = await world().serve()
    const first = await connectQuietly(world())
    await first.hello()
    const [epoch] = await join(first, 'lobby')
    await server.toRoom('lobby').send('count', 1)
    const client = await connectQuietly(world())
    const { logs } = await client.hello({ cursors: { 'room/lobby': [epoch, 5] } })
    expect(logs['room/lobby']?.[1]).toBe(0)
    expect((await client.next(GAP)).slice(1, 5)).toEqual(['room/lobby', logs['room/lobby']?.[0], 6, null])
    expect((await client.next(ENTRY))[2]).toBe(1)
  })

  test('[LOG-7] a cursor older than the history gets one GAP with the exact range, then what is left', async () => {
    const server = await world().serve({ limits: { historyMessages: 3 } })
    const first = await connectQuietly(world())
    await first.hello()
    const [epoch] = await join(first, 'lobby')
    first.close(1006)
    await world().wait(() => server.stats().connections === 0, 'the first reader to be gone')
    for (let n = 1; n <= 10; n++) await world().during(server.toRoom('lobby').send('count', n))
    const client = await connectQuietly(world())
    const { logs } = await client.hello({ cursors: { 'room/lobby': [epoch, 2] } })
    expect(logs['room/lobby']).toEqual([epoch, 2])
    expect(await client.next(GAP)).toEqual([GAP, 'room/lobby', epoch, 3, 7, 'history'])
    const entries = await client.findAll(ENTRY, 3)
    expect(entries.map((entry) => entry[2])).toEqual([8, 9, 10])
    expect(await client.barrier()).toEqual([])
  })

  test('[LOG-8] a log that began anew and was trimmed is told by two GAPs', async () => {
    const server = await world().serve({ limits: { historyMessages: 2 } })
    for (let n = 1; n <= 4; n++) await world().during(server.toRoom('lobby').send('count', n))
    const client = await connectQuietly(world())
    const { logs } = await client.hello({ cursors: { 'room/lobby': ['another epoch', 1] } })
    const epoch = logs['room/lobby']?.[0]
    expect((await client.next(GAP)).slice(1, 5)).toEqual(['room/lobby', epoch, 2, null])
    expect((await client.next(GAP)).slice(1, 5)).toEqual(['room/lobby', epoch, 1, 2])
    expect((await client.next(ENTRY))[2]).toBe(3)
  })

  test('[LOG-9] an entry for others shows as SKIP before the next entry of its log', async () => {
    const server = await world().serve()
    const one = await connectQuietly(world())
    const other = await connectQuietly(world())
    const { session } = await one.hello()
    await other.hello()
    await join(one, 'lobby')
    await join(other, 'lobby')
    void server.toRoom('lobby').send('secret', 1, { except: session.id })
    void server.toRoom('lobby').send('news', 2)
    const skip = await one.next(SKIP)
    expect(skip).toEqual([SKIP, 'room/lobby', 1])
    expect((await one.next(ENTRY)).slice(2, 5)).toEqual([2, 'news', 2])
    expect((await other.next(ENTRY)).slice(2, 5)).toEqual([1, 'secret', 1])
  })

  test('[LOG-10] an entry for others shows as SKIP before the next PING', async () => {
    const server = await world().serve()
    const client = await connectQuietly(world())
    client.answersPings = false
    const { session } = await client.hello({ pingMs: 250 })
    await join(client, 'lobby')
    void server.toRoom('lobby').send('secret', 1, { except: session.id })
    await world().wait(() => client.pings.length > 0, 'a PING')
    expect(client.unread).toEqual([[SKIP, 'room/lobby', 1]])
  })

  test('[LOG-11] a message sent without echo is skipped for its sender', async () => {
    await world().serve()
    const one = await connectQuietly(world())
    const other = await connectQuietly(world())
    await one.hello({ producers: [producer('a')] })
    await other.hello()
    await join(one, 'lobby')
    await join(other, 'lobby')
    one.send([SEND, 1, 'lobby', 'chat', 'hi', { echo: false }], [SEND, 2, 'lobby', 'chat', 'all'])
    const [first, second] = await other.findAll(ENTRY, 2)
    expect([first?.[4], second?.[4]]).toEqual(['hi', 'all'])
    expect(await one.find(SKIP)).toEqual([SKIP, 'room/lobby', 1])
    expect((await one.find(ENTRY))[4]).toBe('all')
  })

  test('[LOG-12] messages to a user reach all of their connections, messages to all reach everyone', async () => {
    const server = await world().serve({ authenticate: ({ auth }) => ({ id: String(auth) }) })
    const phone = await connectQuietly(world())
    const laptop = await connectQuietly(world())
    const stranger = await connectQuietly(world())
    await phone.hello({ auth: 'ada' })
    await laptop.hello({ auth: 'ada' })
    await stranger.hello({ auth: 'eve' })
    void server.toUser('ada').send('note', 1)
    void server.toAll().send('news', 2)
    const heard = async (client: RawClient, count: number) =>
      (await client.findAll(ENTRY, count)).map((entry) => `${entry[1]} ${String(entry[4])}`).toSorted()
    const both = ['all 2', 'user/ada 1']
    expect(await heard(phone, 2)).toEqual(both)
    expect(await heard(laptop, 2)).toEqual(both)
    expect(await heard(stranger, 1)).toEqual(['all 2'])
  })

  test('[LOG-13] the name user alone asks for the own log from its start', async () => {
    const server = await world().serve({ authenticate: ({ auth }) => ({ id: String(auth) }) })
    await world().during(server.toUser('ada').send('note', 'earlier'))
    const late = await connectQuietly(world())
    const welcome = await late.hello({ auth: 'ada' })
    expect(welcome.logs['user/ada']?.[1]).toBe(1)
    const early = await connectQuietly(world())
    const { logs } = await early.hello({ auth: 'ada', cursors: { user: ['', 0] } })
    expect(logs['user/ada']?.[1]).toBe(0)
    expect((await early.next(ENTRY)).slice(1, 5)).toEqual(['user/ada', 1, 'note', 'earlier'])
    expect(await late.barrier()).toEqual([])
  })

  test('[LOG-14] messages to a session survive a reconnect', async () => {
    const server = await world().serve()
    const first = await connectQuietly(world())
    const { session, logs } = await first.hello()
    first.close(1006)
    void server.toSession(session.id).send('note', 'while away')
    const again = await connectQuietly(world())
    const log = `session/${session.id}`
    const welcome = await again.hello({
      session: { id: session.id, key: session.key, attach: 2 },
      cursors: { [log]: logs[log] ?? ['', 0] },
    })
    expect(welcome.session.resumed).toBe(true)
    expect((await again.next(ENTRY)).slice(1, 5)).toEqual([log, 1, 'note', 'while away'])
  })
})

inEveryWorld('windows', (world) => {
  test('[WIN-1] a number past the window of messages ends the connection', async () => {
    const server = await world().serve({ limits: { maxInFlight: 4 } })
    server.on('never', () => new Promise<void>(() => undefined))
    const client = await world().connect()
    const { window } = await client.hello({ producers: [producer('a')] })
    expect(window.messages).toBe(4)
    client.send(...[1, 2, 3, 4].map((seq) => [SEND, seq, null, 'never', 0]))
    expect(await client.barrier()).toEqual([])
    client.send([SEND, 5, null, 'never', 0])
    expect((await client.refusal()).code).toBe(CloseCode.PROTOCOL_ERROR)
  })

  test('[WIN-2] bytes past the window end the connection, but one batch may always be outstanding', async () => {
    const server = await world().serve({ limits: { maxInFlightBytes: 1_000 } })
    server.on('never', () => new Promise<void>(() => undefined))
    const client = await world().connect()
    const { window } = await client.hello({ producers: [producer('a')] })
    expect(window.bytes).toBe(1_000)
    client.send([SEND, 1, null, 'never', 'x'.repeat(2_000)])
    expect(await client.barrier()).toEqual([])
    client.send([SEND, 2, null, 'never', 'x'])
    expect((await client.refusal()).code).toBe(CloseCode.PROTOCOL_ERROR)
  })

  test('[WIN-3] the server sends no more entries than the window until they are handled', async () => {
    const server = await world().serve()
    const client = await world().connect()
    await client.hello({ window: { messages: 3, bytes: 1_000_000 } })
    await join(client, 'lobby')
    for (let n = 1; n <= 10; n++) void server.toRoom('lobby').send('count', n)
    const first = (await client.barrier()).filter(([type]) => type === ENTRY)
    expect(first.map((entry) => entry[2])).toEqual([1, 2, 3])
    client.send([HANDLED, 2, 0])
    const second = (await client.barrier()).filter(([type]) => type === ENTRY)
    expect(second.map((entry) => entry[2])).toEqual([4, 5])
    client.send([HANDLED, 5, 0])
    const third = (await client.barrier()).filter(([type]) => type === ENTRY)
    expect(third.map((entry) => entry[2])).toEqual([6, 7, 8])
  })

  test('[WIN-4] the server sends no more bytes than the window until they are handled', async () => {
    const server = await world().serve()
    const client = await world().connect()
    await client.hello({ window: { messages: 1_000, bytes: 1_000 } })
    await join(client, 'lobby')
    for (let n = 1; n <= 20; n++) await world().during(server.toRoom('lobby').send('big', 'x'.repeat(400)))
    const first = (await client.barrier()).filter(([type]) => type === ENTRY).length
    expect(first).toBeGreaterThan(0)
    expect(first).toBeLessThan(20)
    expect((await client.barrier()).filter(([type]) => type === ENTRY)).toEqual([])
    client.send([HANDLED, first, bytesOfEntries(client)])
    expect((await client.barrier()).filter(([type]) => type === ENTRY).length).toBeGreaterThan(0)
  })

  test('[WIN-5] replies pass a full window', async () => {
    const server = await world().serve()
    server.onRequest('ask', () => 'answer')
    const client = await world().connect()
    await client.hello({ window: { messages: 1, bytes: 1_000_000 }, producers: [requests('r')] })
    await join(client, 'lobby')
    void server.toRoom('lobby').send('count', 1)
    void server.toRoom('lobby').send('count', 2)
    expect((await client.barrier()).filter(([type]) => type === ENTRY)).toHaveLength(1)
    client.send([REQUEST, 1, 'ask', null])
    expect((await client.find(ENTRY))[4]).toBe('answer')
  })

  test('[WIN-6] HANDLED of more than was sent ends the connection', async () => {
    await world().serve()
    const client = await world().connect()
    await client.hello()
    client.send([HANDLED, 1, 0])
    expect((await client.refusal()).code).toBe(CloseCode.PROTOCOL_ERROR)
  })

  test('[WIN-7] a slow reader does not hold up the others', async () => {
    const server = await world().serve()
    const slow = await world().connect()
    const quick = await world().connect()
    await slow.hello({ window: { messages: 1, bytes: 1_000_000 } })
    await quick.hello()
    await join(slow, 'lobby')
    await join(quick, 'lobby')
    for (let n = 1; n <= 50; n++) void server.toRoom('lobby').send('count', n)
    expect(await quick.findAll(ENTRY, 50)).toHaveLength(50)
    for (let n = 1; n <= 50; n++) {
      expect((await slow.find(ENTRY))[2]).toBe(n)
      slow.send([HANDLED, n, 0])
    }
  })

  test('[WIN-8] logs that lag take turns', async () => {
    const server = await world().serve()
    const client = await world().connect()
    await client.hello({ window: { messages: 4, bytes: 1_000_000 } })
    await join(client, 'one', 1)
    await join(client, 'two', 2)
    for (let n = 1; n <= 200; n++) void server.toRoom('one').send('count', n)
    for (let n = 1; n <= 3; n++) void server.toRoom('two').send('count', n)
    const seen: string[] = []
    for (let handled = 1; !seen.includes('room/two') && handled <= 200; handled++) {
      seen.push((await client.find(ENTRY))[1])
      client.send([HANDLED, handled, 0])
    }
    expect(seen.indexOf('room/two')).toBeGreaterThanOrEqual(0)
    expect(seen.length).toBeLessThan(200)
  })
})

inEveryWorld('rooms', (world) => {
  test('[ROOM-1] JOIN without a position starts from now', async () => {
    const server = await world().serve()
    await world().during(server.toRoom('lobby').send('count', 1))
    const client = await world().connect()
    await client.hello()
    expect((await join(client, 'lobby'))[1]).toBe(1)
    void server.toRoom('lobby').send('count', 2)
    expect((await client.next(ENTRY))[2]).toBe(2)
  })

  test('[ROOM-2] JOIN with an offset but no epoch starts after that offset of the current epoch', async () => {
    const server = await world().serve()
    for (let n = 1; n <= 3; n++) await world().during(server.toRoom('lobby').send('count', n))
    const client = await world().connect()
    await client.hello()
    client.send([JOIN, 1, 'lobby', null, 1])
    expect((await client.next(JOINED))[4]).toBe(1)
    expect((await client.findAll(ENTRY, 2)).map((entry) => entry[2])).toEqual([2, 3])
  })

  test('[ROOM-3] JOIN with epoch and offset resumes, with GAPs as after WELCOME', async () => {
    const server = await world().serve()
    await world().during(server.toRoom('lobby').send('count', 1))
    const client = await world().connect()
    await client.hello()
    client.send([JOIN, 1, 'lobby', 'another epoch', 3])
    const [, , , epoch, offset] = await client.next(JOINED)
    expect(offset).toBe(0)
    expect((await client.next(GAP)).slice(1, 5)).toEqual(['room/lobby', epoch, 4, null])
    expect((await client.next(ENTRY))[2]).toBe(1)
  })

  test('[ROOM-4] JOIN of a room already followed restarts it at the asked position', async () => {
    const server = await world().serve()
    const client = await world().connect()
    await client.hello()
    await join(client, 'lobby', 1)
    for (let n = 1; n <= 3; n++) void server.toRoom('lobby').send('count', n)
    await client.findAll(ENTRY, 3)
    client.send([JOIN, 2, 'lobby', null, 1])
    expect((await client.next(JOINED))[4]).toBe(1)
    expect((await client.findAll(ENTRY, 2)).map((entry) => entry[2])).toEqual([2, 3])
  })

  test('[ROOM-5] LEAVE is answered with LEFT and its number; nothing of the room follows', async () => {
    const server = await world().serve()
    const client = await world().connect()
    await client.hello()
    await join(client, 'lobby')
    client.send([LEAVE, 2, 'lobby'])
    expect((await client.next(LEFT)).slice(0, 3)).toEqual([LEFT, 2, 'lobby'])
    await world().during(server.toRoom('lobby').send('count', 1))
    expect(await client.barrier()).toEqual([])
  })

  test('[ROOM-6] a room that one may not join is answered with LEFT', async () => {
    await world().serve({ authorize: ({ room }) => room !== 'secret' })
    const client = await world().connect()
    await client.hello()
    client.send([JOIN, 1, 'secret'])
    expect(await client.next(LEFT)).toEqual([LEFT, 1, 'secret', 'forbidden'])
    await join(client, 'lobby', 2)
  })

  test('[ROOM-7] a room offered in HELLO that one may not join is not in WELCOME, and LEFT follows', async () => {
    await world().serve({ authorize: ({ room }) => room !== 'secret' })
    const client = await world().connect()
    const { logs } = await client.hello({ cursors: { 'room/secret': ['e', 0], 'room/lobby': ['e', 0] } })
    expect([Object.hasOwn(logs, 'room/secret'), Object.hasOwn(logs, 'room/lobby')]).toEqual([false, true])
    expect(await client.find(LEFT)).toEqual([LEFT, 0, 'secret', 'forbidden'])
  })

  test('[ROOM-8] sending to a room needs permission, not membership', async () => {
    await world().serve({ authorize: ({ kind, room }) => kind !== 'send' || room !== 'secret' })
    const reader = await world().connect()
    await reader.hello()
    await join(reader, 'lobby')
    const client = await world().connect()
    await client.hello({ producers: [producer('a')] })
    client.send([SEND, 1, 'lobby', 'chat', 'hi'], [SEND, 2, 'secret', 'chat', 'hi'])
    expect((await client.next(FrameType.REJECTED)).slice(0, 4)).toEqual([
      FrameType.REJECTED,
      0,
      2,
      'forbidden',
    ])
    expect(await client.next(ACCEPTED)).toEqual([ACCEPTED, 0, 2])
    expect((await reader.next(ENTRY)).slice(1, 5)).toEqual(['room/lobby', 1, 'chat', 'hi'])
  })

  test('[ROOM-9] an entry names its message and its sender', async () => {
    await world().serve({ authenticate: ({ auth }) => ({ id: String(auth) }) })
    const client = await world().connect()
    await client.hello({ auth: 'ada', producers: [producer('a')] })
    await join(client, 'lobby')
    client.send([SEND, 1, 'lobby', 'chat', 'hi'])
    const meta = (await client.find(ENTRY))[5]
    expect([meta.id, meta.from, Number.isSafeInteger(meta.at)]).toEqual(['a.1', 'ada', true])
  })

  test('[ROOM-10] more rooms than allowed are refused one by one', async () => {
    await world().serve({ limits: { maxRooms: 2 } })
    const client = await world().connect()
    await client.hello()
    client.send([JOIN, 1, 'one'], [JOIN, 2, 'two'], [JOIN, 3, 'three'])
    await client.findAll(JOINED, 2)
    expect((await client.find(LEFT)).slice(0, 3)).toEqual([LEFT, 3, 'three'])
    expect(await client.barrier()).toEqual([])
  })
})
