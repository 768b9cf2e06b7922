import { expect, test, vi } from 'vitest'
import { defineContract, type Schema, type } from '../../../src/protocol/contract.js'
import { AuthError, ConfigError, DeliveryError } from '../../../src/protocol/errors.js'
import { FrameType } from '../../../src/protocol/frames.js'
import { msgpack } from '../../../src/serializers/msgpack.js'
import { memoryStore } from '../../../src/server/memory-store.js'
import { createPublisher } from '../../../src/server/publisher.js'
import type { Context } from '../../../src/server/types.js'
import { manualClock } from '../../../src/testing/manual-clock.js'
import { offer, type RawPeer, requests, send, settle, unreliable, type World, world } from './harness.js'

const { ACCEPTED, AWAY, ENTRY, HELLO, JOIN, REJECTED, REQUEST, VOLATILE } = FrameType

function client(server: World, auth?: unknown): RawPeer {
  const peer = server.connect()
  peer.hello({ producers: [offer('a'), requests('q')], pingMs: 0, ...(auth === undefined ? {} : { auth }) })
  return peer
}

const refusals = (peer: RawPeer): unknown[] => peer.take(REJECTED).map((frame) => frame[3])

/** A validator that takes numbers, also as text, and gives numbers. */
const numeric: Schema<number | string, number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const number = Number(value)
      return Number.isNaN(number) ? { issues: [{ message: 'not a number' }] } : { value: number }
    },
  },
}

test('an error of the application refuses with a code, and says nothing of what is inside', () => {
  const server = world()
  server.engine.on('plain', () => {
    throw new Error('password is hunter2')
  })
  server.engine.on('coded', () => {
    throw Object.assign(new Error('secret'), { code: 'out_of_stock' })
  })
  server.engine.on('told', () => {
    throw new DeliveryError('the shop is closed on Sundays', { code: 'closed', outcome: 'rejected' })
  })
  const peer = client(server)
  peer.says(send(1, 'plain'), send(2, 'coded'), send(3, 'told'))
  expect(peer.take(REJECTED).map((frame) => frame.slice(3))).toEqual([
    ['handler_failed', "the server could not handle 'plain'"],
    ['out_of_stock', "the server could not handle 'coded'"],
    ['closed', 'the shop is closed on Sundays'],
  ])
  expect(server.engine.stats().handlerErrors).toBe(3)
  expect(server.logs.filter(({ level }) => level === 'error')).toHaveLength(3)
})

test('what authorize refuses never reaches a handler; an authorize that fails refuses too', () => {
  const server = world({
    authorize: ({ type: messageType }) => {
      if (messageType === 'broken') throw new Error('no database')
      return messageType === 'allowed'
    },
  })
  const ran: string[] = []
  for (const name of ['allowed', 'denied', 'broken'])
    server.engine.on(name, (_, ctx) => void ran.push(ctx.type))
  const peer = client(server)
  peer.says(send(1, 'denied'), send(2, 'broken'), send(3, 'allowed'))
  expect(ran).toEqual(['allowed'])
  expect(refusals(peer)).toEqual(['forbidden', 'authorize_failed'])
})

test('an asynchronous authorize keeps the order of messages', async () => {
  const server = world({ authorize: () => new Promise((resolve) => setImmediate(() => resolve(true))) })
  const ran: unknown[] = []
  server.engine.on('note', (data) => void ran.push(data))
  const peer = client(server)
  peer.says(send(1), send(2), send(3))
  await vi.waitFor(() => expect(ran).toEqual([1, 2, 3]))
})

test('what a handler sends is copied when it sends it', () => {
  const server = world()
  const board = { cards: ['a'] }
  server.engine.on('note', (_, ctx) => {
    ctx.toRoom('r').send('board', board)
    board.cards.push('b')
  })
  const peer = client(server)
  peer.says([JOIN, 1, 'r'])
  peer.take()
  peer.says(send(1))
  expect(peer.take(ENTRY)[0]?.[4]).toEqual({ cards: ['a'] })
})

test('what cannot be sent is an error in the handler that sends it', () => {
  const server = world()
  const circle: { self?: unknown } = {}
  circle.self = circle
  server.engine.on('circle', (_, ctx) => ctx.toRoom('r').send('x', circle))
  server.engine.on('bigint', (_, ctx) => ctx.toRoom('r').send('x', { n: 1n }))
  server.engine.on('map', (_, ctx) => ctx.toRoom('r').send('x', new Map()))
  const peer = client(server)
  peer.says(send(1, 'circle'), send(2, 'bigint'), send(3, 'map'))
  expect(refusals(peer)).toEqual(['handler_failed', 'handler_failed', 'handler_failed'])
})

test('a context that is kept beyond its handler throws', () => {
  const server = world()
  const kept: Context[] = []
  server.engine.on('note', (_, ctx) => void kept.push(ctx))
  client(server).says(send(1))
  expect(() => kept[0]?.toRoom('r').send('late', 1)).toThrow('has ended')
})

test('the context tells id, user, session, device and room', () => {
  const server = world({ authenticate: () => ({ id: 'u', name: 'Ada' }) })
  const seen: unknown[] = []
  server.engine.on(
    'note',
    (data, ctx) => void seen.push([ctx.id, ctx.user, ctx.room, ctx.device.info, ctx.redelivered, data]),
  )
  const peer = server.connect()
  const { session } = peer.hello({ producers: [offer('a', { written: 1 })], device: { kind: 'mobile' } })
  peer.says(send(1, 'note', 'x', 'r'))
  expect(seen).toEqual([['a.1', { id: 'u', name: 'Ada' }, 'r', { kind: 'mobile' }, true, 'x']])
  expect(session.id).not.toBe('')
})

test('an aborted handler hears of it by its signal, and what it sends counts for nothing', async () => {
  const server = world({ limits: { handlerMs: 1_000 } })
  const reasons: unknown[] = []
  server.engine.on('slow', async (_, ctx) => {
    await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()))
    reasons.push((ctx.signal.reason as DeliveryError).code)
    ctx.toRoom('r').send('late', 1)
  })
  const peer = client(server)
  peer.says([JOIN, 1, 'r'])
  peer.take()
  peer.says(send(1, 'slow'))
  await server.clock.advanceAsync(1_000)
  expect(reasons).toEqual(['handler_timeout'])
  expect(peer.take(ENTRY)).toEqual([])
})

test('a contract: the receiver transforms, wrong data and unknown types are refused by name', () => {
  const contract = defineContract({
    send: { count: numeric },
    receive: { counted: numeric },
    request: { double: { data: numeric, reply: numeric } },
  })
  const server = world({ contract })
  const got: unknown[] = []
  server.engine.on('count', (data) => void got.push(data))
  server.engine.onRequest('double', (data) => Number(data) * 2)
  const peer = client(server)
  peer.says(
    send(1, 'count', '42'),
    send(2, 'count', 'many'),
    send(3, 'other', 1),
    send(4, 'other', 1, 'room'),
  )
  expect(got).toEqual([42])
  expect(refusals(peer)).toEqual(['invalid', 'unknown_type', 'unknown_type'])
  peer.says([FrameType.USE, 1], [REQUEST, 1, 'double', '4'], [REQUEST, 2, 'double', 'x'])
  expect(peer.take(ENTRY).map((frame) => frame[4])).toMatchObject([8, { code: 'invalid' }])
})

test("a contract: what the server sends is checked at the call, a wrong reply is the handler's error", async () => {
  const contract = defineContract({
    send: {},
    receive: { counted: numeric },
    request: { broken: { data: type<null>(), reply: numeric } },
  })
  const server = world({ contract })
  await expect(server.engine.toRoom('r').send('counted', 'x')).rejects.toThrow('breaks the contract')
  await expect(server.engine.toRoom('r').send('typo', 1)).rejects.toThrow(ConfigError)
  server.engine.onRequest('broken', () => 'no number')
  const peer = client(server)
  peer.says([FrameType.USE, 1], [REQUEST, 1, 'broken', null])
  expect(peer.take(ENTRY)[0]?.[4]).toMatchObject({ code: 'handler_failed' })
})

test('a type has one handler; removing it makes room for another', () => {
  const { engine } = world()
  const remove = engine.on('note', () => {})
  expect(() => engine.on('note', () => {})).toThrow(ConfigError)
  remove()
  remove()
  engine.on('note', () => {})
})

test('onSession runs for new sessions only, and what it sends reaches them', async () => {
  const server = world()
  let runs = 0
  server.engine.onSession((ctx) => {
    runs++
    ctx.toSession(ctx.sessionId).send('welcome', { n: runs })
  })
  const peer = server.connect()
  const { session } = peer.hello()
  await settle(server.clock)
  expect(peer.take(ENTRY).map((frame) => frame[4])).toEqual([{ n: 1 }])
  peer.breaks()
  server.connect().hello({ session: { id: session.id, key: session.key, attach: 2 } })
  await settle(server.clock)
  expect(runs).toBe(1)
})

test('answers of authenticate are remembered for a while, by a key that is not the token', () => {
  const keys: string[] = []
  let asked = 0
  const server = world({
    authenticate: () => ({ id: `u${++asked}` }),
    authCacheMs: 1_000,
    digest: (text) => {
      keys.push(text)
      return `hash of ${text.length}`
    },
  })
  expect(server.connect().hello({ auth: 'token' }).user.id).toBe('u1')
  expect(server.connect().hello({ auth: 'token' }).user.id).toBe('u1')
  server.clock.advance(1_000)
  expect(server.connect().hello({ auth: 'token' }).user.id).toBe('u2')
})

test('a client without credentials of its own never gets the user of another', () => {
  let asked = 0
  const server = world({ authenticate: () => ({ id: `u${++asked}` }), authCacheMs: 60_000 })
  expect(server.connect().hello({}).user.id).toBe('u1')
  expect(server.connect().hello({}).user.id).toBe('u2')
  expect(server.connect().hello({ auth: null }).user.id).toBe('u3')
})

test('refused credentials are asked for every time', () => {
  let asked = 0
  const server = world({
    authenticate: () => {
      asked++
      throw new AuthError('expired')
    },
    authCacheMs: 60_000,
  })
  for (let n = 0; n < 2; n++)
    server
      .connect()
      .says([HELLO, { v: 1, producers: [], cursors: {}, window: { messages: 1, bytes: 1 }, maxFrame: 9_999 }])
  expect(asked).toBe(2)
})

test.each([[{}], [{ id: '' }], [null], [{ id: 7 }]])(
  "authenticate that returns %j is the server's fault, not the client's",
  (user) => {
    const server = world({ authenticate: () => user as { id: string } })
    const peer = server.connect()
    peer.says([
      HELLO,
      { v: 1, producers: [], cursors: {}, window: { messages: 1, bytes: 1 }, maxFrame: 9_999 },
    ])
    expect(peer.failure).toBe('auth_unavailable')
    expect(peer.ended?.code).toBe(1011)
  },
)

test('without authorize a warning says so once, with allowAll it does not', async () => {
  const { allowAll } = await import('../../../src/server/engine-options.js')
  expect(world().logs.filter(({ level }) => level === 'warn')).toHaveLength(1)
  expect(world({ authorize: allowAll }).logs).toEqual([])
})

test.each([
  [{ limits: { maxRooms: 0 } }, 'limits.maxRooms'],
  [{ limits: { maxRoom: 5 } as never }, 'limits.maxRoom'],
  [{ heartbeat: { intervalMs: Number.NaN } }, 'heartbeat.intervalMs'],
  [{ authenticate: 'yes' as never }, 'authenticate'],
  [{ authorize: {} as never }, 'authorize'],
  [{ serializers: [] }, 'serializers'],
  [{ serializers: ['json'] as never }, 'serializers'],
  [{ contract: 5 as never }, 'contract'],
  [{ notifications: {} as never }, 'notifications'],
  [{ logger: { info: () => {} } as never }, 'logger'],
  [{ authCacheMs: -1 }, 'authCacheMs'],
])('a wrong option is named: %j', (options, field) => {
  expect(() => world(options)).toThrow(expect.objectContaining({ field, code: 'config_invalid' }))
})

test('a store that is none is named', () => {
  expect(() => world({ store: {} as never })).toThrow(expect.objectContaining({ field: 'store' }))
  expect(() => createPublisher({ store: {} as never })).toThrow(expect.objectContaining({ field: 'store' }))
})

test('a store that forgets refusals within the window is refused, and it says what to do', () => {
  const serve = (stored: number | undefined, maxInFlight?: number) =>
    world({
      store: memoryStore(stored === undefined ? {} : { maxInFlight: stored }),
      limits: maxInFlight === undefined ? {} : { maxInFlight },
    })
  const refusal = expect.objectContaining({
    field: 'store.maxInFlight',
    value: 64,
    message: expect.stringContaining(
      'at least limits.maxInFlight, which is 65: memoryStore({ maxInFlight: 65 })',
    ),
  })
  expect(() => serve(64, 65)).toThrow(refusal)
  expect(() => serve(64)).toThrow(expect.objectContaining({ field: 'store.maxInFlight' }))
  expect(() => serve(undefined, 1_025)).toThrow(expect.objectContaining({ field: 'store.maxInFlight' }))
  expect(() => serve(64, 64)).not.toThrow()
  expect(() => serve(undefined)).not.toThrow()
  // A store that does not say is taken at its word.
  const { maxInFlight: _unsaid, ...rest } = memoryStore({ maxInFlight: 1 })
  expect(() =>
    world({ store: { ...rest, commit: () => null, listen: () => () => undefined } as never }),
  ).not.toThrow()
})

test('a publisher without a server reaches the readers of a server that shares its store', async () => {
  const clock = manualClock()
  const store = memoryStore({ clock })
  const server = world({ clock, store })
  const peer = client(server)
  peer.says([JOIN, 1, 'r'])
  peer.take()
  const publisher = createPublisher({ store })
  expect(await publisher.toRoom('r').send('note', 1)).toEqual({ offset: 1 })
  await publisher.toAll().send('note', 2)
  clock.endTurn()
  expect(peer.take(ENTRY).map((frame) => frame[4])).toEqual([1, 2])
  await expect(publisher.toRoom('r').send('note', 1, { volatile: true })).rejects.toThrow(ConfigError)
})

test('a send that the store fails rejects, so that whoever sends is told', async () => {
  const clock = manualClock()
  const store = unreliable(memoryStore({ clock }))
  const server = world({ clock, store })
  store.fates.append = ['fails']
  await expect(server.engine.toRoom('r').send('note', 1)).rejects.toThrow('append failed')
})

test('except leaves sessions out, from a handler and from the server', async () => {
  const server = world()
  server.engine.on('chat', (data, ctx) => ctx.toRoom('r').send('chat', data, { except: ctx.sessionId }))
  const one = client(server)
  const two = server.connect()
  const { session } = two.hello()
  for (const peer of [one, two]) peer.says([JOIN, 1, 'r'])
  for (const peer of [one, two]) peer.take()
  one.says(send(1, 'chat', 'hi'))
  expect(one.take(ENTRY)).toEqual([])
  expect(two.take(ENTRY)).toHaveLength(1)
  await server.engine.toRoom('r').send('chat', 'all but two', { except: [session.id] })
  await server.engine.toRoom('r').send('typing', 1, { volatile: true, except: session.id })
  server.clock.endTurn()
  expect(two.take(ENTRY, VOLATILE)).toEqual([])
  expect(one.take(ENTRY, VOLATILE)).toHaveLength(2)
})

test('a user who is not here is notified; one who is here is not; a failing provider stops nothing', async () => {
  const notified: string[] = []
  const server = world({
    authenticate: ({ auth }) => ({ id: String(auth) }),
    notifications: {
      name: 'test',
      notify: ({ userId, priority }) => {
        notified.push(`${userId} ${priority}`)
        if (userId === 'broken') throw new Error('no network')
      },
    },
  })
  client(server, 'here')
  await server.engine.toUser('here').send('reply', 1, { push: true })
  await server.engine.toUser('away').send('reply', 1, { push: { priority: 'high' } })
  await server.engine.toUser('away').send('reply', 1)
  await server.engine.toUser('broken').send('reply', 1, { push: true })
  expect(notified).toEqual(['away high', 'broken normal'])
})

test('devices of a user are told by kind and session', async () => {
  const server = world({ authenticate: () => ({ id: 'u' }) })
  const peer = server.connect()
  const { session } = peer.hello({ device: { kind: 'tablet' } })
  expect(await server.engine.devices('u')).toEqual([
    { sessionId: session.id, info: { kind: 'tablet' }, connectedAt: server.clock.wall() },
  ])
  peer.breaks()
  expect(await server.engine.devices('u')).toEqual([])
})

test('one room, two codecs: everyone gets the entry in their own', async () => {
  const server = world({
    serializers: [(await import('../../../src/serializers/json.js')).json(), msgpack()],
  })
  const text = client(server)
  text.says([JOIN, 1, 'r'])
  text.take()
  const codec = msgpack()
  const got: unknown[] = []
  const connection = server.engine.accept({
    protocol: 'surewire.1.msgpack',
    request: null,
    send: (data) => got.push(...(codec.decode(data, 66) as unknown[][])),
    close: () => {},
    bufferedAmount: 0,
  })
  const says = (...frames: unknown[]): void => {
    const batch = codec.batch(frames.map((frame) => codec.encode(frame)))
    connection.received(batch, codec.size(batch))
    server.clock.endTurn()
  }
  says([
    HELLO,
    { v: 1, producers: [], cursors: {}, window: { messages: 9, bytes: 9_999 }, maxFrame: 99_999, caps: {} },
  ])
  says([JOIN, 1, 'r'])
  await server.engine.toRoom('r').send('note', { n: 1 })
  server.clock.endTurn()
  expect(text.take(ENTRY)[0]?.[4]).toEqual({ n: 1 })
  expect((got as unknown[][]).find(([frameType]) => frameType === ENTRY)?.[4]).toEqual({ n: 1 })
})

test('closing tells everyone to come back, lets messages in hand be handled, then ends with 4100', async () => {
  const server = world()
  let finish: () => void = () => {}
  server.engine.on('slow', () => new Promise<void>((resolve) => (finish = resolve)))
  const peer = client(server)
  peer.says(send(1, 'slow'))
  let closed = false
  const closing = server.engine
    .close({ drainMs: 5_000, retryAfterMs: 100, spreadMs: 200 })
    .then(() => (closed = true))
  await settle(server.clock)
  expect(peer.take(AWAY)).toEqual([[AWAY, { afterMs: 100, spreadMs: 200, reason: 'shutdown' }]])
  expect(closed).toBe(false)
  finish()
  await settle(server.clock)
  await closing
  expect(peer.take(ACCEPTED)).toEqual([[ACCEPTED, 0, 1]])
  expect(peer.ended?.code).toBe(4100)
  expect(server.clock.pendingTimers).toBe(0)
})

test('closing does not wait for ever: what hangs is aborted and not acknowledged', async () => {
  const server = world()
  let aborted: unknown = null
  server.engine.on('hang', (_, ctx) => {
    ctx.signal.addEventListener('abort', () => (aborted = (ctx.signal.reason as DeliveryError).code))
    return new Promise<void>(() => {})
  })
  const peer = client(server)
  peer.says(send(1, 'hang'))
  const closing = server.engine.close({ drainMs: 500 })
  await server.clock.advanceAsync(500)
  await closing
  expect(aborted).toBe('shutdown')
  expect(peer.take(ACCEPTED)).toEqual([])
  expect(server.clock.pendingTimers).toBe(0)
  await expect(server.engine.toRoom('r').send('x', 1)).rejects.toMatchObject({ code: 'closed' })
})

test('closing twice is closing once; a store that was passed in stays open', async () => {
  const clock = manualClock()
  const store = memoryStore({ clock })
  const close = vi.spyOn(store, 'close')
  const server = world({ clock, store })
  expect(server.engine.close()).toBe(server.engine.close())
  await server.engine.close()
  expect(close).not.toHaveBeenCalled()
})

test('whoever comes while the server closes is sent away at once', async () => {
  const server = world()
  server.engine.on('slow', () => new Promise<void>(() => {}))
  client(server).says(send(1, 'slow'))
  void server.engine.close({ drainMs: 1_000 })
  await settle(server.clock)
  const late = server.connect()
  expect(late.take(AWAY)).toHaveLength(1)
  expect(late.ended?.code).toBe(4100)
  await server.clock.advanceAsync(1_000)
})
