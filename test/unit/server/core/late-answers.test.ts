import { expect, test } from 'vitest'
import { FrameType } from '../../../../src/protocol/frames.js'
import type { Commit, CommitResult, LogPage, Store } from '../../../../src/server/core/store.js'
import { memoryStore } from '../../../../src/server/memory-store.js'
import { type ManualClock, manualClock } from '../../../../src/testing/manual-clock.js'
import { seededRandom } from '../../../../src/testing/seeded-random.js'
import {
  type Frame,
  helloOf,
  offer,
  type RawPeer,
  requests,
  send,
  settle,
  type Unreliable,
  unreliable,
  type World,
  world,
} from '../harness.js'

const { ACCEPTED, ENTRY, GAP, HANDLED, HELLO, JOIN, JOINED, LEAVE, PING, PONG, REQUEST, SKIP, WELCOME } =
  FrameType

interface Slow<Answer> {
  /** Answers that wait, in order. */
  readonly waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void; now: () => Answer }[]
  on: boolean
}

/** A world whose commits and pages can be answered by hand. */
function slow() {
  const clock: ManualClock = manualClock()
  const inner = memoryStore({ clock })
  const commits: Slow<CommitResult> = { waiting: [], on: false }
  const pages: Slow<LogPage> = { waiting: [], on: false }
  const delay = <Answer>(by: Slow<Answer>, now: () => Answer): Answer | Promise<Answer> =>
    by.on ? new Promise((resolve, reject) => by.waiting.push({ resolve, reject, now })) : now()
  const store: Unreliable = Object.assign(unreliable(inner), {
    commit: (commit: Commit) => delay(commits, () => inner.commit(commit) as CommitResult),
    read: (...args: Parameters<Store['read']>) => delay(pages, () => inner.read(...args) as LogPage),
  })
  return { clock, inner, store, commits, pages, server: world({ clock, store }) }
}

async function publish(server: World, room: string, count: number, data: unknown = 'x'): Promise<void> {
  for (let n = 0; n < count; n++) await server.engine.toRoom(room).send('note', data)
  server.clock.endTurn()
}

function live(server: World, hello: Parameters<RawPeer['hello']>[0] = {}): RawPeer {
  const peer = server.connect()
  peer.hello({ pingMs: 0, ...hello })
  peer.take()
  return peer
}

const offsets = (frames: readonly Frame[]): unknown[] => frames.map((frame) => frame[2])

test.each([
  ['as gone', (answer: Slow<CommitResult>['waiting'][number]) => answer.resolve({ ok: false, why: 'gone' })],
  ['as failed', (answer: Slow<CommitResult>['waiting'][number]) => answer.reject(new Error('too late'))],
])(
  'a commit that is answered %s after the record was made anew changes nothing of the new one',
  async (_, answer) => {
    const { clock, server, commits, store } = slow()
    server.engine.on('note', () => {})
    const first = live(server, { producers: [offer('a')] })
    commits.on = true
    first.says(send(1), send(2))
    first.breaks()
    store.attachProducer = (request) => {
      const { offer: offered, newOwner, newEpoch, user } = request
      const { id, key, kind, attach } = offered
      const numbers = { last: 0, refused: [], begun: [], redeliveredUpTo: 2 }
      return {
        ok: true,
        how: 'created',
        record: { id, key, kind, user, epoch: newEpoch, owner: newOwner, attach, ...numbers },
      }
    }
    const second = live(server, { producers: [offer('a', { attach: 2, epoch: 'gone', written: 2 })] })
    const [late] = commits.waiting
    if (late === undefined) throw new Error('nothing was committed')
    answer(late)
    await settle(clock)
    await clock.advanceAsync(60_000)
    expect(second.take(ACCEPTED)).toEqual([])
    expect(second.ended).toBeNull()
    expect(server.engine.stats().producers).toBe(1)
    expect(server.logs.filter(({ message }) => message === 'producer lost')).toEqual([])
    expect(commits.waiting).toHaveLength(1)
  },
)

test('a record that another process took while its client was away is let go of without a word', async () => {
  const { clock, inner, commits, server } = slow()
  server.engine.on('note', () => {})
  const peer = live(server, { producers: [offer('a')] })
  commits.on = true
  peer.says(send(1))
  peer.breaks()
  live(world({ clock, store: inner, random: seededRandom(2) }), {
    producers: [offer('a', { attach: 2, written: 1 })],
  })
  for (const { resolve, now } of commits.waiting) resolve(now())
  await settle(clock)
  expect(peer.take(FrameType.FAIL)).toEqual([])
  expect(server.engine.stats().producers).toBe(0)
})

test('a page that comes after its log was left is dropped', async () => {
  const { clock, server, pages } = slow()
  await publish(server, 'r', 10)
  const peer = live(server)
  pages.on = true
  peer.says([JOIN, 1, 'r', null, 0])
  peer.says([LEAVE, 2, 'r'])
  const [page] = pages.waiting
  page?.resolve(page.now())
  await settle(clock)
  expect(peer.take(ENTRY)).toEqual([])
  expect(pages.waiting).toHaveLength(1)
})

test('entries that are appended while a page is read come behind it, in order', async () => {
  const { clock, server, pages } = slow()
  await publish(server, 'r', 3)
  const peer = live(server)
  pages.on = true
  peer.says([JOIN, 1, 'r', null, 0])
  await publish(server, 'r', 2)
  expect(peer.take(ENTRY)).toEqual([])
  expect(pages.waiting).toHaveLength(1)
  pages.on = false
  const [page] = pages.waiting
  page?.resolve(page.now())
  await settle(clock)
  expect(offsets(peer.take(ENTRY))).toEqual([1, 2, 3, 4, 5])
})

test('a page of another epoch is not delivered as if it were of the one that was read: a GAP comes first', async () => {
  const { clock, server, pages } = slow()
  await publish(server, 'r', 3)
  const peer = live(server)
  pages.on = true
  peer.says([JOIN, 1, 'r', null, 0])
  peer.take()
  const [page] = pages.waiting
  if (page === undefined) throw new Error('no page was asked for')
  const { entries } = page.now()
  const anew: LogPage = { state: { epoch: 'anew', first: 1, head: 2 }, entries: entries.slice(0, 2) }
  page.resolve(anew)
  await settle(clock)
  expect(peer.take(GAP, ENTRY)).toMatchObject([[GAP, 'room/r', 'anew', 1, null, 'epoch']])
  pages.waiting[1]?.resolve(anew)
  await settle(clock)
  expect(offsets(peer.take(ENTRY))).toEqual([1, 2])
})

test('a page from which everything has been trimmed is a GAP up to the head', async () => {
  const { clock, server, pages } = slow()
  await publish(server, 'r', 3)
  const peer = live(server)
  pages.on = true
  peer.says([JOIN, 1, 'r', null, 0])
  peer.take()
  const [page] = pages.waiting
  if (page === undefined) throw new Error('no page was asked for')
  page.resolve({ state: { ...page.now().state, first: 4, head: 3 }, entries: [] })
  await settle(clock)
  expect(peer.take(GAP, ENTRY)).toMatchObject([{ 0: GAP, 3: 1, 4: 3, 5: 'history' }])
})

test('a page with nothing in it, of a log that has more, is not asked for without end', async () => {
  const { clock, server, pages } = slow()
  await publish(server, 'r', 3)
  const peer = live(server)
  pages.on = true
  peer.says([JOIN, 1, 'r', null, 0])
  const [page] = pages.waiting
  if (page === undefined) throw new Error('no page was asked for')
  page.resolve({ state: { ...page.now().state, first: 1 }, entries: [] })
  await settle(clock)
  expect(peer.take(GAP, ENTRY)).toEqual([])
  expect(pages.waiting).toHaveLength(1)
  pages.on = false
  await publish(server, 'r', 1)
  await settle(clock)
  expect(offsets(peer.take(ENTRY))).toEqual([1, 2, 3, 4])
})

test('replies that were given while their client was away come before the window opens', async () => {
  const { clock, server } = slow()
  server.engine.onRequest('sum', () => new Promise((resolve) => clock.setTimer(() => resolve(3), 1_000)))
  const first = server.connect()
  const { session } = first.hello({ producers: [requests('q')], pingMs: 0 })
  first.says([REQUEST, 1, 'sum', null], [REQUEST, 2, 'sum', null])
  first.breaks()
  await clock.advanceAsync(5_000)
  const again = server.connect()
  again.says([
    HELLO,
    helloOf({
      session: { id: session.id, key: session.key, attach: 2 },
      producers: [requests('q', { attach: 2, written: 2 })],
      cursors: { [`replies/${session.id}`]: ['', 0] },
      window: { messages: 1, bytes: 1 },
      pingMs: 0,
    }),
  ])
  await settle(clock)
  expect(again.take(WELCOME, ENTRY).map(([type]) => type)).toEqual([WELCOME, ENTRY, ENTRY])
})

test('a window that closes inside a page lets the rest through once it opens', async () => {
  const { clock, server } = slow()
  await publish(server, 'r', 10)
  const peer = live(server, { window: { messages: 3, bytes: 1_000_000 } })
  peer.says([JOIN, 1, 'r', null, 0])
  await settle(clock)
  expect(offsets(peer.take(ENTRY))).toEqual([1, 2, 3])
  peer.says([HANDLED, 3, 0])
  expect(offsets(peer.take(ENTRY))).toEqual([4, 5, 6])
})

test('a log that was left while its entries waited for the window gives way to the next', async () => {
  const { server } = slow()
  const peer = live(server, { window: { messages: 1, bytes: 1_000_000 } })
  peer.says([JOIN, 1, 'r'], [JOIN, 2, 's'])
  await publish(server, 's', 1)
  await publish(server, 'r', 1)
  peer.says([LEAVE, 3, 'r'])
  expect(offsets(peer.take(ENTRY))).toEqual([1])
  peer.says([HANDLED, 1, 0])
  expect(peer.take(ENTRY)).toEqual([])
  await publish(server, 's', 1)
  expect(peer.take(ENTRY)).toMatchObject([{ 1: 'room/s', 2: 2 }])
})

test('SKIP is said once: not before a PING, if the next entry has brought it', async () => {
  const { clock, server } = slow()
  const peer = server.connect()
  const { session } = peer.hello({ pingMs: 1_000 })
  peer.says([JOIN, 1, 'r'])
  await server.engine.toRoom('r').send('note', 1, { except: [session.id] })
  await server.engine.toRoom('r').send('note', 2)
  clock.endTurn()
  expect(peer.take(SKIP, ENTRY)).toMatchObject([
    { 0: SKIP, 2: 1 },
    { 0: ENTRY, 2: 2 },
  ])
  clock.advance(1_000)
  expect(peer.take(SKIP, PING).map(([type]) => type)).toEqual([PING])
})

test('an entry that a codec cannot say is a GAP of its own', async () => {
  const { inner, server } = slow()
  const peer = live(server)
  peer.says([JOIN, 1, 'r'])
  peer.take()
  const meta = { id: 'm', from: null, at: 0 }
  for (const data of ['before', 1n, 'after']) {
    await inner.append({ log: 'room/r', type: 'note', data, meta, audience: null })
  }
  server.clock.endTurn()
  expect(peer.take(ENTRY, GAP)).toMatchObject([{ 2: 1 }, { 0: GAP, 3: 2, 4: 2, 5: 'unencodable' }, { 2: 3 }])
})

test('a JOIN at an offset without an epoch is one of the log as it is', async () => {
  const { server } = slow()
  await publish(server, 'r', 3)
  const peer = live(server)
  peer.says([JOIN, 1, 'r', '', 1])
  await settle(server.clock)
  expect(peer.take(JOINED)).toMatchObject([{ 4: 1 }])
  expect(offsets(peer.take(ENTRY))).toEqual([])
})

test('a room that was left before the store said where it stands is not followed, nor kept open', async () => {
  const { clock, server, store } = slow()
  await publish(server, 'r', 5)
  const reader = live(server)
  reader.says([JOIN, 1, 'r'])
  const feeds = server.engine.stats().feeds
  const peer = live(server)
  const before = server.engine.stats().feeds
  store.held = []
  peer.says([JOIN, 1, 'r', null, 1])
  peer.says([LEAVE, 2, 'r'])
  store.release()
  await settle(clock)
  expect(peer.take(JOINED, ENTRY)).toEqual([])
  reader.breaks()
  expect(server.engine.stats().feeds).toBeLessThan(before)
  expect(feeds).toBeGreaterThan(0)
})

test.each([
  ['that somebody else reads', true],
  ['that nobody else reads', false],
])(
  'a store that cannot say where a room stands, %s, is asked again while it is wanted, and not after',
  async (_, shared) => {
    const { clock, server, store } = slow()
    await publish(server, 'r', 5)
    const reader = live(server)
    if (shared) reader.says([JOIN, 1, 'r'])
    const peer = live(server)
    store.fates.logState = ['fails', 'fails', 'fails', 'fails']
    peer.says([JOIN, 1, 'r', null, 3])
    await settle(clock)
    await clock.advanceAsync(100)
    const asked = store.calls.filter((call) => call === 'logState').length
    peer.breaks()
    await clock.advanceAsync(60_000)
    expect(store.calls.filter((call) => call === 'logState').length).toBeLessThanOrEqual(asked)
    reader.breaks()
    await clock.advanceAsync(60_000)
    expect(server.engine.stats().feeds).toBe(0)
  },
)

test('a room whose place the store tells only at the second try is joined then', async () => {
  const { clock, server, store } = slow()
  await publish(server, 'r', 5)
  const reader = live(server)
  reader.says([JOIN, 1, 'r'])
  const peer = live(server)
  store.fates.logState = ['fails']
  peer.says([JOIN, 1, 'r', null, 3])
  await settle(clock)
  expect(peer.take(JOINED)).toEqual([])
  await clock.advanceAsync(1_000)
  const frames = peer.take(JOINED, ENTRY)
  expect(frames).toMatchObject([{ 0: JOINED, 4: 3 }, { 2: 4 }, { 2: 5 }])
})

test('what is told to a store that fails is told eight times, and no more', async () => {
  const { clock, server, store } = slow()
  const peer = live(server)
  store.fates.detachSession = Array.from({ length: 20 }, () => 'fails')
  peer.breaks()
  await clock.advanceAsync(120_000)
  expect(store.calls.filter((call) => call === 'detachSession')).toHaveLength(8)
  expect(clock.pendingTimers).toBe(0)
})

test('a connection answers while pages are read for it', async () => {
  const { server, pages } = slow()
  await publish(server, 'r', 3)
  const peer = live(server)
  pages.on = true
  peer.says([JOIN, 1, 'r', null, 0])
  peer.says([PING, 7])
  expect(peer.take(PONG)).toEqual([[PONG, 7]])
})
