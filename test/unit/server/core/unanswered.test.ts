/** Questions to the store and to the application that are never answered: nothing waits for them for ever. */
import { expect, test } from 'vitest'
import { CloseCode } from '../../../../src/protocol/close-codes.js'
import { FrameType } from '../../../../src/protocol/frames.js'
import { memoryStore } from '../../../../src/server/memory-store.js'
import { manualClock } from '../../../../src/testing/manual-clock.js'
import { helloOf, offer, send, settle, type Unreliable, unreliable, type World, world } from '../harness.js'

const { ACCEPTED, ATTACH, AUTH, HELLO, JOIN, JOINED, LEFT, VOLATILE, WELCOME } = FrameType

const HANDLER_MS = 30_000
const never = (): Promise<never> => new Promise(() => undefined)

function withStore(): { store: Unreliable; server: World } {
  const clock = manualClock()
  const store = unreliable(memoryStore({ clock }))
  return { store, server: world({ clock, store }) }
}

const errors = ({ logs }: World): unknown[] => logs.filter(({ level }) => level === 'error')

test('an ATTACH is given back when its answer comes after its connection, however late', async () => {
  const { store, server } = withStore()
  const peer = server.connect()
  peer.hello()
  store.held = []
  peer.says([ATTACH, 0, offer('a')])
  await server.clock.advanceAsync(2 * HANDLER_MS)
  peer.breaks()
  store.release()
  await settle(server.clock)
  expect(store.calls.filter((call) => call === 'detachProducer')).toHaveLength(1)
  expect(server.engine.stats().producers).toBe(0)
})

test('a commit that was made again, and answered twice, ends the connection if the record was lost between', async () => {
  const { store, server } = withStore()
  server.engine.on('note', () => {})
  const peer = server.connect()
  peer.hello({ producers: [offer('a')] })
  store.held = []
  peer.says(send(1))
  await server.clock.advanceAsync(HANDLER_MS + 1_000)
  const [first, second] = store.held
  store.held = null
  first?.()
  await settle(server.clock)
  expect(peer.take(ACCEPTED)).toEqual([[ACCEPTED, 0, 1]])
  await store.attachProducer({
    offer: offer('a', { attach: 2 }),
    user: 'anonymous',
    heldOwner: null,
    newOwner: 'another process',
    newEpoch: 'other',
  })
  second?.()
  await settle(server.clock)
  expect(peer.ended?.code).toBe(CloseCode.SUPERSEDED)
})

test('that a connection is gone is not told again once another has what it had', async () => {
  const { store, server } = withStore()
  const peer = server.connect()
  peer.hello({ producers: [offer('a')] })
  store.fates.detachProducer = ['fails']
  peer.breaks()
  await settle(server.clock)
  const next = server.connect()
  next.hello({ producers: [offer('a', { attach: 2 })] })
  await server.clock.advanceAsync(10_000)

  expect(next.ended).toBeNull()
  expect(store.calls.filter((call) => call === 'detachProducer')).toHaveLength(1)
})

test('an append is made once: made again, it would be there twice', async () => {
  const { store, server } = withStore()
  server.engine.on('typing', (_, context) => context.toRoom('blue').send('note', 1))
  const peer = server.connect()
  peer.hello()
  store.held = []
  peer.says([VOLATILE, null, 'typing', 1])
  await server.clock.advanceAsync(3 * HANDLER_MS)
  store.release()
  await settle(server.clock)
  expect(store.calls.filter((call) => call === 'append')).toHaveLength(1)
})

test('a commit is made again; whichever of the two is answered then, it counts once', async () => {
  const { store, server } = withStore()
  const runs: unknown[] = []
  server.engine.on('note', (data) => void runs.push(data))
  const peer = server.connect()
  peer.hello({ producers: [offer('a')] })
  store.held = []
  peer.says(send(1))
  await server.clock.advanceAsync(HANDLER_MS + 1_000)
  expect(store.calls.filter((call) => call === 'commit')).toHaveLength(2)
  expect(peer.take(ACCEPTED)).toEqual([])
  store.release()
  await settle(server.clock)
  expect(peer.take(ACCEPTED)).toEqual([[ACCEPTED, 0, 1]])
  peer.says(send(2))
  await server.clock.advanceAsync(2 * HANDLER_MS)
  expect(peer.take(ACCEPTED)).toEqual([[ACCEPTED, 0, 2]])
  expect(runs).toEqual([1, 2])
  expect(store.calls.filter((call) => call === 'commit')).toHaveLength(3)
})

test('a JOIN asks the store again', async () => {
  const { store, server } = withStore()
  const peer = server.connect()
  peer.hello()
  store.held = []
  peer.says([JOIN, 1, 'blue'])
  await server.clock.advanceAsync(HANDLER_MS - 1)
  store.held = null
  expect(peer.take(JOINED)).toEqual([])
  await server.clock.advanceAsync(1_000)
  expect(peer.take(JOINED)).toHaveLength(1)
})

test('a JOIN that `authorize` never decides is answered as one that it could not decide, and logged', async () => {
  const server = world({ authorize: never })
  const peer = server.connect()
  peer.hello()
  peer.says([JOIN, 1, 'blue'])
  await server.clock.advanceAsync(HANDLER_MS)
  expect(peer.take(LEFT)).toEqual([[LEFT, 1, 'blue', 'unavailable']])
  expect(errors(server)).toMatchObject([
    { message: 'authorize failed', fields: { kind: 'join', room: 'blue', error: { code: 'no_answer' } } },
  ])
})

test('`authenticate` has the time of a handshake, however little a handler has', async () => {
  const clock = manualClock()
  const server = world({
    clock,
    limits: { handlerMs: 1_000 },
    authenticate: () => new Promise((resolve) => void clock.setTimer(() => resolve({ id: 'ada' }), 2_000)),
  })
  const peer = server.connect()
  peer.says([HELLO, helloOf()])
  await clock.advanceAsync(2_000)
  expect(peer.take(WELCOME)).toHaveLength(1)
})

test('new credentials that `authenticate` never decides end the connection, and are logged', async () => {
  let asked = 0
  const server = world({ authenticate: () => (asked++ === 0 ? { id: 'ada' } : never()) })
  const peer = server.connect()
  peer.hello()
  peer.says([AUTH, 'new'])
  await server.clock.advanceAsync(HANDLER_MS)
  expect(peer.failure).toBe('auth_unavailable')
  expect(peer.ended?.code).toBe(1011)
  expect(errors(server)).toMatchObject([
    { message: 'authenticate failed', fields: { error: { code: 'no_answer' } } },
  ])
})
