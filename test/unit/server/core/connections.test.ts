import { expect, test } from 'vitest'
import { CloseCode } from '../../../../src/protocol/close-codes.js'
import { FrameType } from '../../../../src/protocol/frames.js'
import { type Frame, helloOf, offer, type RawPeer, requests, send, settle, world } from '../harness.js'

const { ACCEPTED, HELLO, JOIN, LEFT, PING, PONG, PRESENCE, REQUEST, USE, VOID, VOLATILE, WELCOME } = FrameType

function joined(server: ReturnType<typeof world>, presence: unknown = null): RawPeer {
  const peer = server.connect()
  peer.hello()
  peer.says([JOIN, 1, 'r', null, null, presence])
  peer.take()
  return peer
}

test('a connection without HELLO is ended when its time is up, not before', () => {
  const server = world({ limits: { helloMs: 1_000 } })
  const peer = server.connect()
  server.clock.advance(999)
  expect(peer.ended).toBeNull()
  server.clock.advance(1)
  expect(peer.failure).toBe('hello_timeout')
  expect(server.engine.stats().connections).toBe(0)
})

test('a handshake that hangs in authenticate ends in time, and may be tried again', () => {
  const server = world({ limits: { helloMs: 1_000 }, authenticate: () => new Promise(() => {}) })
  const peer = server.connect()
  peer.says([HELLO, helloOf()])
  server.clock.advance(1_000)
  expect(peer.ended?.code).toBe(1013)
})

test('an answer of authenticate that comes after the end changes nothing', async () => {
  let answer: (user: { id: string }) => void = () => {}
  const server = world({ authenticate: () => new Promise((resolve) => (answer = resolve)) })
  const peer = server.connect()
  peer.says([HELLO, helloOf({ producers: [offer('a')] })])
  peer.breaks()
  answer({ id: 'u' })
  await settle(server.clock)
  expect(server.engine.stats()).toMatchObject({ connections: 0, sessions: 0, producers: 0, feeds: 0 })
})

test('a HELLO longer than its limit is refused before it is read', () => {
  const server = world({ limits: { maxHelloBytes: 1_000 } })
  const peer = server.connect()
  peer.says([HELLO, helloOf({ auth: 'x'.repeat(1_000) })])
  expect(peer.ended?.code).toBe(CloseCode.TOO_LARGE)
})

test.each([
  ['two producers of one id', helloOf({ producers: [offer('a'), offer('a')] }), 'malformed'],
  [
    'more producers than allowed',
    helloOf({ producers: Array.from({ length: 17 }, (_, n) => offer(`p${n}`)) }),
    'too_many_producers',
  ],
  [
    'more rooms than allowed',
    helloOf({
      cursors: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`room/${n}`, ['', 0] as const])),
    }),
    'too_many_rooms',
  ],
  ['another version', helloOf({ v: 2 }), 'version'],
])('HELLO with %s is refused by name', (_, hello, code) => {
  const server = world({ limits: { maxRooms: 10 } })
  const peer = server.connect()
  peer.says([HELLO, hello])
  expect(peer.failure).toBe(code)
})

test('an idle connection is pinged at its interval, and stays while it answers', () => {
  const server = world()
  const peer = server.connect()
  expect(peer.hello({ pingMs: 1_000 }).pingMs).toBe(1_000)
  for (let beat = 0; beat < 20; beat++) {
    server.clock.advance(1_000)
    expect(peer.take(PING)).toHaveLength(1)
    peer.says([PONG, 0])
  }
  expect(peer.ended).toBeNull()
})

test('an idle connection is pinged at its interval whatever fractions of a millisecond it began at', () => {
  const server = world()
  const peers = Array.from({ length: 200 }, () => {
    server.clock.advance(0.3)
    const peer = server.connect()
    peer.hello({ pingMs: 1_000 })
    return peer
  })
  server.clock.advance(1_000)
  expect(peers.filter((peer) => peer.take(PING).length !== 1)).toEqual([])
})

test('a connection that is silent after a PING is ended at interval and timeout, not before', () => {
  const server = world({ heartbeat: { timeoutMs: 3_000 } })
  const peer = server.connect()
  peer.hello({ pingMs: 1_000 })
  server.clock.advance(3_999)
  expect(peer.ended).toBeNull()
  server.clock.advance(1)
  expect(peer.ended).toEqual({ code: CloseCode.TIMEOUT, reason: 'silent' })
})

test('a connection that talks is not judged silent, but still gets a PING when nothing else was sent to it', () => {
  const server = world({ heartbeat: { timeoutMs: 3_000 } })
  const peer = server.connect()
  peer.hello({ pingMs: 1_000 })
  for (let n = 0; n < 20; n++) {
    server.clock.advance(500)
    peer.says([FrameType.HANDLED, 0, 0])
  }
  expect(peer.ended).toBeNull()
  expect(peer.take(PING).length).toBeGreaterThanOrEqual(9)
})

test('a client that asks for no pings gets none, and a default if it says nothing', () => {
  const server = world({ heartbeat: { intervalMs: 7_000 } })
  const quiet = server.connect()
  expect(quiet.hello({ pingMs: 0 }).pingMs).toBe(0)
  expect(server.connect().hello().pingMs).toBe(7_000)
  server.clock.advance(3_600_000)
  expect(quiet.take(PING)).toEqual([])
})

test('after this process slept, clients have a moment to be heard before they count as silent', () => {
  const server = world({ heartbeat: { timeoutMs: 1_000 } })
  const peer = server.connect()
  peer.hello({ pingMs: 1_000 })
  server.clock.advance(1_000)
  server.clock.sleep(60_000)
  server.clock.advance(1)
  expect(peer.ended).toBeNull()
  peer.says([PONG, 0])
  server.clock.advance(900)
  expect(peer.ended).toBeNull()
})

test('control frames beyond the rate end the connection; messages do not count', () => {
  const server = world({ limits: { controlFramesPerSecond: 10 } })
  server.engine.on('note', () => {})
  const peer = server.connect()
  peer.hello({ producers: [offer('a')] })
  for (let n = 1; n <= 200; n++) peer.says(send(n))
  expect(peer.ended).toBeNull()
  peer.says(...Array.from({ length: 50 }, (): Frame => [PING, 1]))
  expect(peer.ended).toBeNull()
  peer.says([PING, 1])
  expect(peer.failure).toBe('too_many_frames')
  expect(peer.ended?.code).toBe(1013)
})

test('volatile messages beyond the rate are dropped, and leave room for what is not', () => {
  const server = world({ limits: { controlFramesPerSecond: 10 } })
  let heard = 0
  server.engine.on('cursor', () => {
    heard++
  })
  const peer = server.connect()
  peer.hello({ pingMs: 0 })
  peer.says(...Array.from({ length: 500 }, (): Frame => [FrameType.VOLATILE, null, 'cursor', 1]))
  expect(heard).toBe(25)
  peer.says(...Array.from({ length: 25 }, (): Frame => [PING, 1]))
  expect(peer.ended).toBeNull()
})

test('the allowance of control frames comes back with time', () => {
  const server = world({ limits: { controlFramesPerSecond: 10 } })
  const peer = server.connect()
  peer.hello({ pingMs: 0 })
  for (let second = 0; second < 30; second++) {
    peer.says(...Array.from({ length: 10 }, (): Frame => [PING, 1]))
    server.clock.advance(1_000)
  }
  expect(peer.ended).toBeNull()
})

test('a client that comes back again and again with full windows has to wait', () => {
  const server = world({ limits: { maxInFlightBytes: 1_000, maxInFlight: 10_000 } })
  server.engine.on('slow', () => new Promise<void>(() => {}))
  let seq = 0
  let last = server.connect()
  for (let attach = 1; attach < 20 && last.failure === undefined; attach++) {
    last.breaks()
    last = server.connect()
    last.hello({ producers: [offer('a', { attach, written: seq })] })
    last.says(send(++seq, 'slow', 'x'.repeat(900)))
  }
  expect(last.failure).toBe('overloaded')
  expect(last.ended?.code).toBe(1013)
  expect(seq).toBeLessThan(8)
})

test('VOID of a whole range costs one step, and what is in hand is not taken back', () => {
  const server = world()
  server.engine.on('note', () => {})
  const peer = server.connect()
  peer.hello({ producers: [offer('a')] })
  peer.says([VOID, 1, 9_000_000])
  expect(peer.take(ACCEPTED)).toEqual([[ACCEPTED, 0, 9_000_000]])
  peer.says([VOID, 8_999_999, 9_000_001], send(9_000_002))
  expect(peer.take(ACCEPTED)).toEqual([[ACCEPTED, 0, 9_000_002]])
})

test('a member whose connection broke leaves after the grace, one that said BYE at once', () => {
  const server = world({ limits: { presenceGraceMs: 5_000 } })
  const watcher = joined(server)
  const broken = joined(server, { name: 'broken' })
  const leaving = joined(server, { name: 'leaving' })
  server.clock.endTurn()
  watcher.take()
  leaving.says([FrameType.BYE])
  expect(watcher.take(PRESENCE).map((frame) => frame[3])).toEqual(['leave'])
  broken.breaks()
  server.clock.advance(4_999)
  expect(watcher.take(PRESENCE)).toEqual([])
  server.clock.advance(1)
  expect(watcher.take(PRESENCE).map((frame) => frame[3])).toEqual(['leave'])
})

test('PRESENCE before the permission to join shows nobody to the room', () => {
  const server = world({
    authenticate: ({ auth }) => ({ id: String(auth) }),
    authorize: ({ kind, user }) => (user.id === 'spy' ? new Promise(() => {}) : kind === 'join'),
  })
  const watcher = server.connect()
  watcher.hello({ auth: 'watcher' })
  watcher.says([JOIN, 1, 'r'])
  watcher.take()
  const spy = server.connect()
  spy.hello({ auth: 'spy' })
  spy.says([JOIN, 1, 'r'], [PRESENCE, 'r', 0, 'update', [{ here: true }]])
  expect(watcher.take(PRESENCE)).toEqual([])
})

test('a volatile message reaches those who are there, and nobody with a full socket', () => {
  const server = world()
  const sender = joined(server)
  const there = joined(server)
  const slow = joined(server)
  slow.bufferedAmount = 5_000_000
  slow.says([PING, 1])
  slow.take()
  sender.says([VOLATILE, 'r', 'typing', { on: true }])
  expect(there.take(VOLATILE)).toHaveLength(1)
  expect(slow.take(VOLATILE)).toEqual([])
  expect(sender.take(VOLATILE)).toEqual([])
})

test('volatile messages whose handler hangs are dropped beyond a bound', () => {
  const server = world()
  let runs = 0
  server.engine.on('cursor', () => {
    runs++
    return new Promise<void>(() => {})
  })
  const peer = joined(server)
  for (let n = 0; n < 500; n++) peer.says([VOLATILE, 'r', 'cursor', n])
  expect(runs).toBe(64)
  server.clock.advance(30_000)
  peer.says([VOLATILE, 'r', 'cursor', 0])
  expect(runs).toBe(65)
})

test('a session kicked is told why, and cannot resume', () => {
  const server = world()
  const peer = server.connect()
  const { session } = peer.hello()
  server.engine.kick(session.id, 'bad manners')
  server.clock.endTurn()
  expect(peer.take(FrameType.FAIL)).toEqual([[FrameType.FAIL, 'kicked', 'bad manners']])
  expect(peer.ended?.code).toBe(CloseCode.KICKED)
  const again = server.connect().hello({ session: { id: session.id, key: session.key, attach: 2 } })
  expect(again.session).toMatchObject({ resumed: false, why: 'unknown' })
})

test('rooms beyond the limit are refused one by one; those already followed are not', () => {
  const server = world({ limits: { maxRooms: 2 } })
  const peer = server.connect()
  peer.hello()
  peer.says([JOIN, 1, 'a'], [JOIN, 2, 'b'], [JOIN, 3, 'c'], [JOIN, 4, 'a'])
  expect(peer.take(LEFT)).toEqual([[LEFT, 3, 'c', 'too_many_rooms']])
})

test('a request handler that never settles frees its place after a while', async () => {
  const server = world({ limits: { maxRequests: 1, handlerMs: 1_000 } })
  server.engine.onRequest('hang', () => new Promise(() => {}))
  server.engine.onRequest('quick', () => 'quick')
  const peer = server.connect()
  peer.hello({ producers: [requests('q')], pingMs: 0 })
  peer.says([REQUEST, 1, 'hang', null], [REQUEST, 2, 'quick', null])
  await server.clock.advanceAsync(1_000)
  peer.says([REQUEST, 3, 'quick', null])
  const first = peer.take(FrameType.ENTRY)
  expect(first.map((frame) => frame[4])).toMatchObject([{ code: 'timeout' }])
  await server.clock.advanceAsync(1_000)
  expect(peer.take(FrameType.ENTRY).map((frame) => frame[4])).toEqual(['quick', 'quick'])
})

test('a request whose client gave up before it could start is answered as expired and never runs', async () => {
  const server = world({ limits: { maxRequests: 1 } })
  let runs = 0
  let finish: () => void = () => {}
  server.engine.onRequest('slow', () => new Promise<null>((resolve) => (finish = () => resolve(null))))
  server.engine.onRequest('late', () => ++runs)
  const peer = server.connect()
  peer.hello({ producers: [requests('q')], pingMs: 0 })
  peer.says([REQUEST, 1, 'slow', null], [REQUEST, 2, 'late', null, 500])
  server.clock.advance(600)
  finish()
  await settle(server.clock)
  expect(peer.take(FrameType.ENTRY).map((frame) => [(frame[5] as { re: string }).re, frame[4]])).toEqual([
    ['q.1', null],
    ['q.2', { code: 'expired', message: 'the request expired before it could start' }],
  ])
  expect(runs).toBe(0)
})

test('SENDs after a handler that hangs are held, and one after its deadline runs', async () => {
  const server = world({ limits: { handlerMs: 1_000 } })
  const runs: unknown[] = []
  server.engine.on('hang', () => new Promise<void>(() => {}))
  server.engine.on('note', (data) => void runs.push(data))
  const peer = server.connect()
  peer.hello({ producers: [offer('a')], pingMs: 0 })
  peer.says(send(1, 'hang'), send(2))
  server.clock.advance(999)
  expect(runs).toEqual([])
  server.clock.advance(1)
  expect(runs).toEqual([2])
  expect(peer.take(FrameType.REJECTED, ACCEPTED).map((frame) => frame.slice(0, 4))).toEqual([
    [FrameType.REJECTED, 0, 1, 'handler_timeout'],
    [ACCEPTED, 0, 2],
  ])
})

test('once everybody is gone, nothing is left', async () => {
  const server = world({ limits: { handlerMs: 1_000, presenceGraceMs: 1_000 } })
  server.engine.on('note', (_, ctx) => ctx.toRoom('r').send('noted', 1))
  server.engine.onRequest('sum', () => 3)
  const peers = Array.from({ length: 10 }, (_, n) => {
    const peer = server.connect()
    peer.hello({ producers: [offer(`a${n}`), requests(`q${n}`)] })
    peer.says([JOIN, 1, 'r', null, null, { n }], send(1), [USE, 1], [REQUEST, 1, 'sum', null])
    return peer
  })
  for (const peer of peers) peer.breaks()
  await server.clock.advanceAsync(120_000)
  expect(server.engine.stats()).toMatchObject({ connections: 0, sessions: 0, feeds: 0, producers: 0 })
  expect(await server.engine.presence('r')).toEqual([])
  expect(server.clock.pendingTimers).toBe(0)
})

test('a user that cannot be encoded ends the connection and is logged, and the server goes on', () => {
  const server = world({
    authenticate: ({ auth }) => (auth === 'odd' ? { id: 'u', self: 1n } : { id: 'u' }),
  })
  const odd = server.connect()
  odd.says([HELLO, helloOf({ auth: 'odd' })])
  expect(odd.ended?.code).toBe(1011)
  expect(server.connect().hello({ auth: 'fine' }).user.id).toBe('u')
  expect(server.logs.some(({ level }) => level === 'error')).toBe(true)
})

test('a connection that ended because its WELCOME cannot be encoded leaves nothing behind', async () => {
  const greeted: unknown[] = []
  const server = world({ authenticate: () => ({ id: 'u', self: 1n }) })
  server.engine.onSession(({ user }) => void greeted.push(user.id))
  const odd = server.connect()
  odd.says([HELLO, helloOf({ producers: [offer('a')], cursors: { 'room/r': ['gone', 5] } })])
  await server.clock.advanceAsync(120_000)
  expect(server.engine.stats()).toMatchObject({ connections: 0, sessions: 0, feeds: 0, producers: 0 })
  expect(server.clock.pendingTimers).toBe(0)
  expect(greeted).toEqual([])
})

test('WELCOME is the first frame, whatever else is due', () => {
  const server = world()
  const peer = server.connect()
  peer.says([HELLO, helloOf({ cursors: { 'room/r': ['gone', 5], 'room/s': ['', 0] } })])
  expect(peer.batches.flat()[0]?.[0]).toBe(WELCOME)
})

test('a number that was committed is acknowledged again; one in hand is not answered', () => {
  const server = world()
  server.engine.on('note', () => {})
  server.engine.on('hang', () => new Promise<void>(() => {}))
  const peer = server.connect()
  peer.hello({ producers: [offer('a')] })
  peer.says(send(1), send(2))
  peer.take()
  peer.says(send(1))
  expect(peer.take(ACCEPTED)).toEqual([[ACCEPTED, 0, 2]])
  peer.says(send(3, 'hang'))
  peer.says(send(3, 'hang'))
  expect(peer.take(ACCEPTED)).toEqual([])
  expect(server.engine.stats().resent).toBe(2)
})

test('acknowledged bytes make room: any amount may be sent, one window at a time', () => {
  const server = world({ limits: { maxInFlightBytes: 1_000 } })
  server.engine.on('note', () => {})
  const peer = server.connect()
  peer.hello({ producers: [offer('a')] })
  for (let n = 1; n <= 50; n++) peer.says(send(n, 'note', 'x'.repeat(400)))
  expect(peer.ended).toBeNull()
})

test('a connection that ends while a permission is asked for leaves nothing followed', () => {
  const server = world({ authorize: () => new Promise(() => {}) })
  const peer = server.connect()
  peer.says([HELLO, helloOf({ cursors: { 'room/r': ['', 0] } })])
  expect(server.engine.stats().feeds).toBeGreaterThan(0)
  peer.breaks()
  expect(server.engine.stats().feeds).toBe(0)
})

test('joining a room twice follows it once', () => {
  const server = world()
  const peer = joined(server)
  peer.says([JOIN, 2, 'r'])
  const before = server.engine.stats().feeds
  peer.says([FrameType.LEAVE, 3, 'r'])
  expect(server.engine.stats().feeds).toBe(before - 1)
})

test('a session has one live connection: the older one is told that it moved', () => {
  const server = world()
  const older = server.connect()
  const { session } = older.hello()
  const newer = server.connect()
  expect(newer.hello({ session: { ...session, attach: 2 } }).session).toMatchObject({
    id: session.id,
    resumed: true,
  })
  expect(older.ended?.code).toBe(CloseCode.SESSION_UNKNOWN)
  expect(server.engine.stats().sessions).toBe(1)
  server.engine.kick(session.id)
  server.clock.endTurn()
  expect(newer.ended?.code).toBe(CloseCode.KICKED)
})
