import { expect, test } from 'vitest'
import { FrameType } from '../../../../src/protocol/frames.js'
import {
  type Frame,
  helloOf,
  offer,
  type RawPeer,
  requests,
  send,
  settle,
  type World,
  world,
} from '../harness.js'

const { ACCEPTED, BYE, CANCEL, ENTRY, HELLO, JOIN, PING, PONG, REQUEST, USE, VOID, VOLATILE } = FrameType

function attached(server: World): RawPeer {
  const peer = server.connect()
  peer.hello({ producers: [offer('a'), requests('q')], pingMs: 0 })
  return peer
}

test('a VOID that was committed is acknowledged again, so that a lost acknowledgement is not missed', () => {
  const peer = attached(world())
  peer.says([VOID, 1, 5])
  peer.take()
  peer.says([VOID, 1, 5])
  expect(peer.take(ACCEPTED)).toEqual([[ACCEPTED, 0, 5]])
})

test('a VOID of what is in hand is not answered: the message in hand is not taken back', () => {
  const server = world()
  server.engine.on('hang', () => new Promise<void>(() => {}))
  const peer = attached(server)
  peer.says(send(1, 'hang'))
  peer.says([VOID, 1, 1])
  expect(peer.take()).toEqual([])
  expect(peer.ended).toBeNull()
})

test('a VOID that leaves out a number is out of order', () => {
  const peer = attached(world())
  peer.says([VOID, 2, 5])
  expect(peer.failure).toBe('out_of_order')
})

test('a VOID of requests is acknowledged by itself, and makes way for those behind it', async () => {
  const server = world()
  server.engine.onRequest('sum', () => 3)
  const peer = attached(server)
  peer.says([USE, 1], [VOID, 1, 4])
  expect(peer.take(ACCEPTED)).toEqual([[ACCEPTED, 1, 4]])
  peer.says([USE, 1], [REQUEST, 5, 'sum', null])
  await settle(server.clock)
  expect(peer.take(ENTRY).map((frame) => (frame[5] as { re: string }).re)).toEqual(['q.5'])
})

test('CANCEL stops the handler of a request that runs, and of one that does not, nothing', async () => {
  const server = world()
  const stopped: string[] = []
  server.engine.onRequest('wait', (_, { id, signal }) => {
    signal.addEventListener('abort', () => stopped.push(id))
    return new Promise(() => {})
  })
  const peer = attached(server)
  peer.says([USE, 1], [REQUEST, 1, 'wait', null])
  peer.says([USE, 1], [CANCEL, 7], [CANCEL, 1], [CANCEL, 1])
  await settle(server.clock)
  expect(stopped).toEqual(['q.1'])
  expect(peer.take(ENTRY)).toMatchObject([{ 4: { code: 'cancelled' } }])
})

test('USE 0 is fine without producers, and a number after it is not', () => {
  const peer = world().connect()
  peer.hello({ pingMs: 0 })
  peer.says([USE, 0], [PING, 1])
  expect(peer.take(PONG)).toHaveLength(1)
  peer.says([USE, 0], send(1))
  expect(peer.failure).toBe('unknown_producer')
})

test.each([
  ['at the end of a batch', (n: number): Frame[] => [send(n), [USE, 0]]],
  ['one after the other', (n: number): Frame[] => [[USE, 0], [USE, 0], send(n)]],
])('USE of nothing, %s, counts like any frame that no window bounds', (_what, batch) => {
  const server = world({ limits: { controlFramesPerSecond: 10 } })
  server.engine.on('note', () => {})
  const peer = attached(server)
  for (let n = 1; n <= 50; n++) peer.says(...batch(n))
  expect(peer.ended).toBeNull()
  peer.says(...batch(51))
  expect(peer.failure).toBe('too_many_frames')
})

test('a number that was handled, sent again and again, counts like any frame that no window bounds', async () => {
  const server = world({ limits: { controlFramesPerSecond: 10 } })
  server.engine.onRequest('sum', () => 3)
  const peer = attached(server)
  for (let n = 0; n < 60; n++) peer.says([USE, 1], [REQUEST, 1, 'sum', null])
  await settle(server.clock)
  expect(peer.failure).toBe('too_many_frames')
})

test('even volatile messages that are dropped end the connection in the end', () => {
  const peer = attached(world({ limits: { controlFramesPerSecond: 10 } }))
  const typing: Frame = [VOLATILE, 'r', 'typing', true]
  for (let n = 0; n < 5; n++) peer.says(...Array.from({ length: 100 }, () => typing))
  expect(peer.ended).toBeNull()
  peer.says(...Array.from({ length: 100 }, () => typing))
  expect(peer.failure).toBe('too_many_frames')
  expect(peer.ended?.code).toBe(1013)
})

test('a frame behind the one that ended the connection is not looked at', () => {
  const server = world()
  let handled = 0
  server.engine.on('note', () => void handled++)
  const peer = attached(server)
  peer.says([BYE], send(1))
  expect(peer.ended?.code).toBe(1000)
  expect(handled).toBe(0)
  expect(server.logs.filter(({ level }) => level === 'error')).toEqual([])
})

test('before WELCOME a client may give up, and do nothing else', () => {
  const server = world({ authenticate: () => new Promise(() => {}) })
  const [leaving, hasty, early] = [server.connect(), server.connect(), server.connect()]
  leaving.says([HELLO, helloOf()])
  leaving.says([BYE])
  expect(leaving.ended?.code).toBe(1000)
  hasty.says([HELLO, helloOf()], [JOIN, 1, 'r'])
  expect(hasty.failure).toBe('too_early')
  early.says([BYE])
  expect(early.ended?.code).toBe(1000)
})

test('answers that do not fit one batch come in several, none longer than the client takes', () => {
  const peer = world().connect()
  peer.hello({ maxFrame: 1_000, pingMs: 0 })
  peer.sizes.length = 0
  peer.says(...Array.from({ length: 300 }, (_, n): Frame => [PING, n]))
  expect(Math.max(...peer.sizes)).toBeLessThanOrEqual(1_000)
  expect(peer.take(PONG)).toHaveLength(300)
})
