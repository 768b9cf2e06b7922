import { expect, test } from 'vitest'
import { CloseCode } from '../../../../src/protocol/close-codes.js'
import { FrameType } from '../../../../src/protocol/frames.js'
import type { Store } from '../../../../src/server/core/store.js'
import { memoryStore } from '../../../../src/server/memory-store.js'
import { manualClock } from '../../../../src/testing/manual-clock.js'
import { seededRandom } from '../../../../src/testing/seeded-random.js'
import {
  type Frame,
  helloOf,
  offer,
  requests,
  send,
  settle,
  type Unreliable,
  unreliable,
  type World,
  world,
} from '../harness.js'

const { ACCEPTED, REJECTED, ENTRY, REQUEST, USE, JOIN, JOINED, WELCOME } = FrameType

function troubled(): { store: Unreliable; server: World } {
  const clock = manualClock()
  const store = unreliable(memoryStore({ clock }))
  return { store, server: world({ clock, store }) }
}

test('a commit that fails is made again until it succeeds; nothing is acknowledged before', async () => {
  const { store, server } = troubled()
  const runs: unknown[] = []
  server.engine.on('note', (data) => void runs.push(data))
  const peer = server.connect()
  peer.hello({ producers: [offer('a')] })
  store.fates.commit = ['fails', 'fails']
  peer.says(send(1), send(2))
  await settle(server.clock)
  expect(peer.take(ACCEPTED)).toEqual([])
  await server.clock.advanceAsync(5_000)
  expect(peer.take(ACCEPTED)).toEqual([[ACCEPTED, 0, 2]])
  expect(runs).toEqual([1, 2])
  expect(server.engine.stats().storeFailures).toBe(2)
})

test('a commit whose answer was lost counts once: its effects are there once, and it is acknowledged', async () => {
  const { store, server } = troubled()
  server.engine.on('note', (data, ctx) => ctx.toRoom('r').send('noted', data))
  const peer = server.connect()
  peer.hello({ producers: [offer('a')] })
  peer.says([JOIN, 1, 'r'])
  peer.take()
  store.fates.commit = ['lost']
  peer.says(send(1))
  await server.clock.advanceAsync(5_000)
  expect(peer.take(ACCEPTED, ENTRY).map(([type, , offset]) => [type, offset])).toEqual([
    [ENTRY, 1],
    [ACCEPTED, 1],
  ])
})

test('the end of a request whose answer was lost is committed once: one reply', async () => {
  const { store, server } = troubled()
  server.engine.onRequest('sum', () => 3)
  const peer = server.connect()
  peer.hello({ producers: [requests('q')] })
  store.fates.commit = ['done', 'lost']
  peer.says([REQUEST, 1, 'sum', null])
  await server.clock.advanceAsync(20_000)
  expect(peer.take(ENTRY)).toHaveLength(1)
})

test('while a commit is under way the next handlers run, and one later commit covers them', async () => {
  const { store, server } = troubled()
  const runs: unknown[] = []
  server.engine.on('note', (data) => void runs.push(data))
  const peer = server.connect()
  peer.hello({ producers: [offer('a')] })
  store.held = []
  peer.says(send(1))
  peer.says(send(2))
  peer.says(send(3))
  expect(runs).toEqual([1, 2, 3])
  expect(store.calls.filter((call) => call === 'commit')).toHaveLength(1)
  store.release()
  await settle(server.clock)
  expect(store.calls.filter((call) => call === 'commit')).toHaveLength(2)
  expect(peer.take(ACCEPTED).at(-1)).toEqual([ACCEPTED, 0, 3])
})

test('a request does not start before its beginning is committed', async () => {
  const { store, server } = troubled()
  let runs = 0
  server.engine.onRequest('sum', () => ++runs)
  const peer = server.connect()
  peer.hello({ producers: [requests('q')] })
  store.held = []
  peer.says([REQUEST, 1, 'sum', null])
  await settle(server.clock)
  expect(runs).toBe(0)
  store.release()
  await settle(server.clock)
  expect(runs).toBe(1)
})

test('a request waits until the messages before it are committed, and no longer', async () => {
  const { server } = troubled()
  const order: string[] = []
  let finish: () => void = () => {}
  server.engine.on('note', (data) => {
    order.push(`note ${String(data)}`)
    return new Promise<void>((resolve) => (finish = resolve))
  })
  server.engine.onRequest('sum', () => void order.push('sum'))
  const peer = server.connect()
  peer.hello({ producers: [offer('a'), requests('q')] })
  peer.says(send(1), [USE, 1], [REQUEST, 1, 'sum', null])
  peer.says(send(2))
  await settle(server.clock)
  expect(order).toEqual(['note 1'])
  finish()
  await settle(server.clock)
  expect(order).toEqual(['note 1', 'note 2', 'sum'])
})

test('of two attaches whose answers come in the wrong order, the newer one has the producer', async () => {
  const clock = manualClock()
  const inner = memoryStore({ clock })
  const answers: (() => void)[] = []
  const store = unreliable({
    ...unreliable(inner),
    attachProducer: (request) => {
      const result = inner.attachProducer(request)
      return new Promise((resolve) => answers.push(() => resolve(result)))
    },
  })
  const server = world({ clock, store })
  const first = server.connect()
  first.says([FrameType.HELLO, helloOf({ producers: [offer('a')] })])
  answers.shift()?.()
  await settle(clock)
  const slow = server.connect()
  slow.says([FrameType.HELLO, helloOf({ producers: [offer('a', { attach: 2 })] })])
  const quick = server.connect()
  quick.says([FrameType.HELLO, helloOf({ producers: [offer('a', { attach: 3 })] })])
  answers[1]?.()
  await settle(clock)
  answers[0]?.()
  await settle(clock)
  expect(quick.take(WELCOME)[0]?.[1]).toMatchObject({ producers: [{ last: 0 }] })
  expect(slow.take(WELCOME)[0]?.[1]).toMatchObject({ producers: [null] })
  expect(quick.ended).toBeNull()
})

test('many logs that lag are read a few at a time, and all of them to the end', async () => {
  const { store, server } = troubled()
  const rooms = ['a', 'b', 'c', 'd', 'e', 'f']
  for (const room of rooms) for (let n = 0; n < 300; n++) await server.engine.toRoom(room).send('note', n)
  const peer = server.connect()
  const cursors = Object.fromEntries(rooms.map((room) => [`room/${room}`, ['', 0] as const]))
  peer.hello({ cursors, window: { messages: 10_000, bytes: 10_000_000 } })
  const before = store.calls.filter((call) => call === 'read').length
  expect(before).toBeLessThanOrEqual(rooms.length * 6)
  await server.clock.advanceAsync(100)
  const count = (room: string): number =>
    peer.raw
      .flatMap((text) => JSON.parse(String(text)) as Frame[])
      .filter(([type, log]) => type === ENTRY && log === `room/${room}`).length
  expect(rooms.map(count)).toEqual(rooms.map(() => 300))
})

/** A store whose reads are answered when they are released. */
function slowReads() {
  const clock = manualClock()
  const inner = memoryStore({ clock })
  const reads: (() => void)[] = []
  const read: Store['read'] = (...args) =>
    new Promise((resolve) => reads.push(() => resolve(inner.read(...args))))
  const server = world({ clock, store: { ...unreliable(inner), read } })
  const release = async (count: number): Promise<void> => {
    for (const next of reads.splice(0, count)) next()
    await settle(clock)
  }
  return { clock, reads, server, release }
}

test('no more than two full pages of one connection are under way', async () => {
  const { clock, reads, server } = slowReads()
  const rooms = ['a', 'b', 'c', 'd', 'e', 'f']
  for (const room of rooms) for (let n = 0; n < 64; n++) await server.engine.toRoom(room).send('note', n)
  const peer = server.connect()
  peer.hello({ cursors: Object.fromEntries(rooms.map((room) => [`room/${room}`, ['', 0] as const])) })
  expect(reads).toHaveLength(2)
  for (let next = reads.shift(); next !== undefined; next = reads.shift()) {
    next()
    await settle(clock)
    expect(reads.length).toBeLessThanOrEqual(2)
  }
  expect(peer.take(ENTRY)).toHaveLength(384)
})

test('logs that lack a message each are read together', async () => {
  const { server, reads, release } = slowReads()
  const rooms = Array.from({ length: 200 }, (_, n) => `room-${n}`)
  for (const room of rooms) await server.engine.toRoom(room).send('note', 0)
  const peer = server.connect()
  peer.hello({ cursors: Object.fromEntries(rooms.map((room) => [`room/${room}`, ['', 0] as const])) })
  expect(reads).toHaveLength(128)
  await release(128)
  expect(reads).toHaveLength(72)
  await release(72)
  expect(peer.take(ENTRY)).toHaveLength(200)
})

test('a log that may ask for its page and is left gives its turn to the next', async () => {
  const { server, reads, release } = slowReads()
  const rooms = ['a', 'b', 'c', 'd', 'e', 'f']
  for (const room of rooms) for (let n = 0; n < 64; n++) await server.engine.toRoom(room).send('note', n)
  const peer = server.connect()
  const cursors = Object.fromEntries(rooms.map((room) => [`room/${room}`, ['', 0] as const]))
  peer.hello({ cursors, window: { messages: 64, bytes: 10_000_000 } })
  expect(reads).toHaveLength(2)
  await release(1)
  expect(peer.take(ENTRY)).toHaveLength(64)
  for (const [n, room] of rooms.slice(0, -1).entries()) peer.says([FrameType.LEAVE, n + 1, room])
  await settle(server.clock)
  peer.says([FrameType.HANDLED, 64, 0])
  await settle(server.clock)
  await release(reads.length)
  expect(peer.take(ENTRY).filter(([, log]) => log === 'room/f')).toHaveLength(64)
})

test('an attach that fails ends the connection, because asking again could mistake our own attach for another', async () => {
  const { store, server } = troubled()
  store.fates.attachProducer = ['lost']
  const peer = server.connect()
  peer.says([
    FrameType.HELLO,
    {
      v: 1,
      producers: [offer('a')],
      cursors: {},
      window: { messages: 9, bytes: 999 },
      maxFrame: 9_999,
      caps: {},
    },
  ])
  await settle(server.clock)
  expect(peer.failure).toBe('store_unavailable')
  expect(peer.ended?.code).toBe(1013)
  const again = server.connect()
  expect(again.hello({ producers: [offer('a', { attach: 2 })] }).producers[0]).toMatchObject({ last: 0 })
})

test('a log that cannot be opened is asked for again, and WELCOME comes when it is there', async () => {
  const { store, server } = troubled()
  store.fates.logState = ['fails', 'fails']
  const peer = server.connect()
  peer.says([
    FrameType.HELLO,
    { v: 1, producers: [], cursors: {}, window: { messages: 9, bytes: 999 }, maxFrame: 9_999, caps: {} },
  ])
  expect(peer.take(WELCOME)).toEqual([])
  await server.clock.advanceAsync(2_000)
  expect(peer.take(WELCOME)).toHaveLength(1)
})

test('a connection that ends during its handshake leaves nothing followed and nothing attached', async () => {
  const { store, server } = troubled()
  store.held = []
  const peer = server.connect()
  peer.says([
    FrameType.HELLO,
    {
      v: 1,
      producers: [offer('a')],
      cursors: { 'room/r': ['', 0] },
      window: { messages: 9, bytes: 999 },
      maxFrame: 9_999,
      caps: {},
    },
  ])
  peer.breaks()
  store.release()
  await settle(server.clock)
  await server.clock.advanceAsync(60_000)
  expect(server.engine.stats()).toMatchObject({ connections: 0, sessions: 0, feeds: 0, producers: 0 })
  expect(store.calls).toContain('detachSession')
})

test('a record that another process took fences this one: the handler aborts, the connection ends with 4401', async () => {
  const clock = manualClock()
  const store = memoryStore({ clock })
  const server = world({ clock, store })
  let signal: AbortSignal | null = null
  server.engine.on('slow', (_, ctx) => {
    signal = ctx.signal
    return new Promise<void>(() => {})
  })
  server.engine.on('note', () => {})
  const peer = server.connect()
  peer.hello({ producers: [offer('a')] })
  peer.says(send(1))
  const other = world({ clock, store, random: seededRandom(2) })
  other.connect().hello({ producers: [offer('a', { attach: 2, written: 2 })] })
  peer.take()
  peer.says(send(2), send(3, 'slow'))
  clock.endTurn()
  expect(peer.ended?.code).toBe(CloseCode.SUPERSEDED)
  expect(peer.take(ACCEPTED)).toEqual([])
  expect((signal as AbortSignal | null)?.aborted).toBe(true)
})

test('a record that is gone while its client is connected ends the connection with 4202', () => {
  const clock = manualClock()
  const store = memoryStore({ clock, maxProducerRecords: 1 })
  const server = world({ clock, store })
  server.engine.on('note', () => {})
  const peer = server.connect()
  peer.hello({ producers: [offer('a')] })
  server.connect().hello({ producers: [offer('b')] })
  peer.says(send(1))
  expect(peer.ended?.code).toBe(CloseCode.STATE_LOST)
})

test('messages in hand survive their connection and are acknowledged to the next one', async () => {
  const { store, server } = troubled()
  let runs = 0
  server.engine.on('note', () => void runs++)
  const peer = server.connect()
  peer.hello({ producers: [offer('a')] })
  store.held = []
  peer.says(send(1), send(2))
  peer.breaks()
  store.release()
  await settle(server.clock)
  const next = server.connect()
  const welcome = next.hello({ producers: [offer('a', { attach: 2, written: 2 })] })
  expect(welcome.producers[0]).toMatchObject({ last: 2, held: 2 })
  next.says(send(2), send(3))
  expect(next.take(ACCEPTED, REJECTED).at(-1)).toEqual([ACCEPTED, 0, 3])
  expect(runs).toBe(3)
})

test('a late page of a log that was left meanwhile is ignored', async () => {
  const { store, server } = troubled()
  for (let n = 0; n < 300; n++) await server.engine.toRoom('r').send('note', n)
  const peer = server.connect()
  peer.hello()
  store.held = []
  peer.says([JOIN, 1, 'r', null, 0])
  const waiting = store.held
  store.held = null
  for (const go of waiting ?? []) go()
  await settle(server.clock)
  expect(peer.take(JOINED)).toHaveLength(1)
  store.held = []
  peer.says([FrameType.LEAVE, 2, 'r'])
  peer.take()
  store.release()
  await settle(server.clock)
  expect(peer.take(ENTRY)).toEqual([])
  peer.says([JOIN, 3, 'r', null, 290])
  await settle(server.clock)
  expect(peer.take(ENTRY).map((frame) => frame[2])).toEqual([
    291, 292, 293, 294, 295, 296, 297, 298, 299, 300,
  ])
})
