import { expect, test } from 'vitest'
import { FrameType } from '../../../../src/protocol/frames.js'
import type { AppendListener, LogEntry } from '../../../../src/server/core/store.js'
import { memoryStore } from '../../../../src/server/memory-store.js'
import { manualClock } from '../../../../src/testing/manual-clock.js'
import { type Frame, type RawPeer, requests, settle, world } from '../harness.js'

const { ENTRY, GAP, SKIP, PING, JOIN, JOINED, HANDLED, WELCOME, PRESENCE, REQUEST } = FrameType

const offsets = (frames: Frame[]): unknown[] => frames.map((frame) => frame[2])

async function publish(
  server: ReturnType<typeof world>,
  room: string,
  count: number,
  data: unknown = 'x',
): Promise<void> {
  for (let n = 0; n < count; n++) await server.engine.toRoom(room).send('note', data)
  server.clock.endTurn()
}

function reader(
  server: ReturnType<typeof world>,
  room = 'r',
  hello: Parameters<RawPeer['hello']>[0] = {},
): RawPeer {
  const peer = server.connect()
  peer.hello(hello)
  peer.says([JOIN, 1, room])
  peer.take()
  return peer
}

test('a reader whose reply comes in the same turn gets it before the entry that all get', async () => {
  const server = world()
  let answer = (): void => undefined
  server.engine.onRequest('tell', async (_data, context) => {
    await new Promise<void>((resolve) => {
      answer = resolve
    })
    context.toRoom('r').send('note', 'x')
    return 'told'
  })
  const asking = reader(server, 'r', { producers: [requests('q')] })
  const other = reader(server)
  asking.says([REQUEST, 1, 'tell', null])
  await settle(server.clock)
  asking.take()
  answer()
  await settle(server.clock)

  expect(asking.take(ENTRY).map((frame) => String(frame[1]).split('/')[0])).toEqual(['replies', 'room'])
  expect(other.take(ENTRY)).toHaveLength(1)
})

test('equal readers of a room get one and the same batch', async () => {
  const server = world()
  const readers = [reader(server), reader(server), reader(server)]
  for (const peer of readers) peer.raw.length = 0
  await publish(server, 'r', 3)
  const [first, second, third] = readers
  expect(first?.raw).toHaveLength(1)
  expect(second?.raw).toEqual(first?.raw)
  expect(third?.raw).toEqual(first?.raw)
  expect(offsets(first?.take(ENTRY) ?? [])).toEqual([1, 2, 3])
})

test('a shared batch is not given to a reader that stands elsewhere', async () => {
  const server = world()
  const early = reader(server)
  await publish(server, 'r', 2)
  const late = reader(server)
  early.take()
  await publish(server, 'r', 1)
  expect(offsets(early.take(ENTRY))).toEqual([3])
  expect(offsets(late.take(ENTRY))).toEqual([3])
})

test('more entries in one turn than the newest that are kept at hand arrive all the same', async () => {
  const server = world()
  const peer = reader(server)
  await publish(server, 'r', 700)
  await server.clock.advanceAsync(10)
  expect(offsets(peer.take(ENTRY))).toEqual(Array.from({ length: 700 }, (_, n) => n + 1))
})

test('the window of messages stops entries, and each HANDLED lets as many more through', async () => {
  const server = world()
  const peer = reader(server, 'r', { window: { messages: 3, bytes: 1_000_000 } })
  await publish(server, 'r', 10)
  expect(offsets(peer.take(ENTRY))).toEqual([1, 2, 3])
  peer.says([HANDLED, 2, 0])
  expect(offsets(peer.take(ENTRY))).toEqual([4, 5])
  peer.says([HANDLED, 5, 0])
  expect(offsets(peer.take(ENTRY))).toEqual([6, 7, 8])
})

test('the window of bytes counts whole batches that hold an entry, and no others', async () => {
  const server = world()
  const peer = reader(server, 'r', { window: { messages: 1_000, bytes: 600 } })
  peer.sizes.length = 0
  await publish(server, 'r', 20, 'x'.repeat(100))
  const sent = peer.take(ENTRY).length
  const bytes = peer.sizes.reduce((sum, size) => sum + size, 0)
  expect(sent).toBeLessThan(6)
  peer.says([HANDLED, sent, bytes + 1])
  expect(peer.failure).toBe('handled_unsent')
})

test('HANDLED of exactly what was sent is right to the byte', async () => {
  const server = world()
  const peer = reader(server, 'r', { window: { messages: 1_000, bytes: 600 } })
  peer.sizes.length = 0
  await publish(server, 'r', 20, 'ü'.repeat(50))
  const bytes = peer.sizes.reduce((sum, size) => sum + size, 0)
  const sent = peer.take(ENTRY).length
  peer.says([HANDLED, sent, bytes])
  expect(peer.ended).toBeNull()
  expect(offsets(peer.take(ENTRY))[0]).toBe(sent + 1)
})

test('an entry longer than the client takes is a GAP of its own', async () => {
  const server = world()
  const peer = reader(server, 'r', { maxFrame: 2_000 })
  await publish(server, 'r', 1)
  await publish(server, 'r', 1, 'x'.repeat(3_000))
  await publish(server, 'r', 1)
  const frames = peer.take(ENTRY, GAP)
  expect(frames.map((frame) => frame[0])).toEqual([ENTRY, GAP, ENTRY])
  expect(frames[1]?.slice(3)).toEqual([2, 2, 'too_large'])
})

test('batches stay within what the client takes', async () => {
  const server = world()
  const peer = reader(server, 'r', { maxFrame: 2_000 })
  peer.sizes.length = 0
  await publish(server, 'r', 100, 'x'.repeat(100))
  await server.clock.advanceAsync(10)
  expect(Math.max(...peer.sizes)).toBeLessThanOrEqual(2_000)
  expect(peer.take(ENTRY)).toHaveLength(100)
})

test('entries for other devices are skipped, told before the next entry and not by a frame of their own', async () => {
  const server = world({ authenticate: () => ({ id: 'u' }) })
  const phone = server.connect()
  const desk = server.connect()
  phone.hello({ device: { kind: 'mobile' } })
  desk.hello({ device: { kind: 'desktop' } })
  await server.engine.toUser('u').send('a', 1, { devices: ['mobile'] })
  await server.engine.toUser('u').send('b', 2, { devices: ['mobile'] })
  server.clock.endTurn()
  expect(desk.take()).toEqual([])
  expect(offsets(phone.take(ENTRY))).toEqual([1, 2])
  await server.engine.toUser('u').send('c', 3)
  server.clock.endTurn()
  expect(desk.take().map((frame) => frame.slice(0, 3))).toEqual([
    [SKIP, 'user/u', 2],
    [ENTRY, 'user/u', 3],
  ])
})

test('what was skipped is told before the next PING', async () => {
  const server = world({ authenticate: () => ({ id: 'u' }) })
  const desk = server.connect()
  desk.hello({ device: { kind: 'desktop' }, pingMs: 1_000 })
  await server.engine.toUser('u').send('a', 1, { devices: ['mobile'] })
  server.clock.advance(1_000)
  expect(desk.take(SKIP, PING).map((frame) => frame[0])).toEqual([SKIP, PING])
  desk.says([FrameType.PONG, 0])
  server.clock.advance(1_000)
  expect(desk.take(SKIP, PING).map((frame) => frame[0])).toEqual([PING])
})

test('a full socket gets no entries until it is empty again, then all of them', async () => {
  const server = world()
  const peer = reader(server)
  peer.bufferedAmount = 2_000_000
  await publish(server, 'r', 1)
  peer.take()
  await publish(server, 'r', 300)
  server.clock.advance(200)
  expect(peer.take(ENTRY)).toEqual([])
  peer.bufferedAmount = 0
  await server.clock.advanceAsync(200)
  expect(peer.take(ENTRY)).toHaveLength(300)
})

test('a socket that never empties is closed', async () => {
  const server = world()
  const peer = reader(server)
  peer.bufferedAmount = 20_000_000
  await publish(server, 'r', 1)
  expect(peer.ended?.code).toBe(4000)
})

test('GAPs of a join come in the same batch as JOINED', async () => {
  const clock = manualClock()
  const server = world({ clock, store: memoryStore({ clock, historyMessages: 5 }) })
  await publish(server, 'r', 12)
  const peer = server.connect()
  peer.hello()
  peer.says([JOIN, 1, 'r', null, 3])
  const batch = peer.batches.find((frames) => frames.some(([type]) => type === JOINED)) ?? []
  expect(batch.filter(([type]) => type === GAP).map((frame) => frame.slice(3))).toEqual([[4, 7, 'history']])
  expect(offsets(peer.take(ENTRY))).toEqual([8, 9, 10, 11, 12])
})

test('a crowd that comes back is served in portions, and everybody gets everything', async () => {
  const server = world()
  await publish(server, 'r', 200)
  const crowd = Array.from({ length: 100 }, () => server.connect())
  const count = (peer: RawPeer): number =>
    peer.raw.flatMap((text) => JSON.parse(String(text)) as Frame[]).filter(([type]) => type === ENTRY).length
  for (const peer of crowd) peer.hello({ cursors: { 'room/r': ['', 0] } })
  expect(crowd.filter((peer) => count(peer) === 200).length).toBeLessThan(100)
  await server.clock.advanceAsync(100)
  expect(crowd.map(count)).toEqual(crowd.map(() => 200))
})

test('an append that this process did not hear of is read from the store', () => {
  const clock = manualClock()
  const inner = memoryStore({ clock })
  let deaf = false
  const store = {
    ...wrap(inner),
    listen: (listener: AppendListener) =>
      inner.listen((log: string, epoch: string, entry: LogEntry) => {
        if (!deaf) listener(log, epoch, entry)
      }),
  }
  const server = world({ clock, store })
  const peer = reader(server)
  inner.append(note(1))
  clock.endTurn()
  deaf = true
  inner.append(note(2))
  deaf = false
  inner.append(note(3))
  inner.append(note(4))
  clock.advance(10)
  expect(peer.take(ENTRY).map((frame) => [frame[2], frame[4]])).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 4],
  ])
})

test('a log that begins anew under its readers is told by GAP to null, then read from its start', () => {
  const clock = manualClock()
  const inner = memoryStore({ clock, maxLogs: 6 })
  const server = world({ clock, store: inner })
  const peer = reader(server)
  inner.append(note(1))
  clock.advance(1)
  peer.take()
  for (let n = 0; n < 12; n++) inner.append({ ...note(n), log: `room/other${n}` })
  inner.append(note(9))
  clock.advance(10)
  const frames = peer.take(GAP, ENTRY)
  expect(frames[0]?.slice(3)).toEqual([2, null, 'epoch'])
  expect(offsets(frames.slice(1))).toEqual([1])
})

test('presence changes of one turn travel as one frame, encoded for all', async () => {
  const server = world()
  const watcher = reader(server)
  const others = [server.connect(), server.connect()]
  for (const peer of others) peer.hello()
  watcher.take()
  server.clock.endTurn()
  const says = others.map((_, n): Frame => [JOIN, 1, 'r', null, null, { n }])
  others[0]?.says(says[0] as Frame, [PRESENCE, 'r', 0, 'update', [{ n: 'latest' }]])
  const [frame, ...more] = watcher.take(PRESENCE)
  expect(more).toEqual([])
  expect(frame?.[3]).toBe('join')
  expect(frame?.[4]).toMatchObject([{ state: { n: 'latest' } }])
})

test('WELCOME names the position that delivery starts after, even if entries came during the handshake', async () => {
  const server = world()
  await publish(server, 'r', 5)
  const peer = server.connect()
  const welcome = peer.hello({ cursors: { 'room/r': ['', 2] } })
  expect(welcome.logs['room/r']?.[1]).toBe(2)
  await server.clock.advanceAsync(5)
  expect(peer.take(WELCOME)).toEqual([])
})

const note = (data: unknown) => ({
  log: 'room/r',
  type: 'note',
  data,
  meta: { id: `n${String(data)}`, from: null, at: 0 },
  audience: null,
})

function wrap(store: ReturnType<typeof memoryStore>): ReturnType<typeof memoryStore> {
  return {
    name: store.name,
    attachProducer: (request) => store.attachProducer(request),
    commit: (commit) => store.commit(commit),
    append: (append) => store.append(append),
    logState: (log) => store.logState(log),
    read: (log, after, limit) => store.read(log, after, limit),
    attachSession: (request) => store.attachSession(request),
    detachSession: (id, owner, ended) => store.detachSession(id, owner, ended),
    detachProducer: (id, owner) => store.detachProducer(id, owner),
    listen: (listener) => store.listen(listener),
    close: () => store.close(),
  }
}
