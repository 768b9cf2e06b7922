import { expect, test } from 'vitest'
import { FrameType } from '../../../../src/protocol/frames.js'
import { type Frame, helloOf, type RawPeer, settle, type World, world } from '../harness.js'

const { BYE, HELLO, JOIN, JOINED, LEAVE, PRESENCE } = FrameType

function inRoom(server: World, presence: unknown = null): RawPeer {
  const peer = server.connect()
  peer.hello({ pingMs: 0 })
  peer.says([JOIN, 1, 'r', null, null, presence])
  peer.take()
  return peer
}

const update = (...members: unknown[]): Frame => [PRESENCE, 'r', 0, 'update', members]

/** Kinds of change that a watcher was told, each with the states of its members. */
const told = (watcher: RawPeer): unknown[] =>
  watcher
    .take(PRESENCE)
    .map(([, , , kind, members]) => [kind, (members as { state: unknown }[]).map(({ state }) => state)])

test.each([
  ['says leave', [PRESENCE, 'r', 0, 'leave', []] as Frame],
  ['states nothing', update(null)],
  ['states nobody', update()],
])('a member that %s is no member any more, and still reads the room', async (_what, frame) => {
  const server = world()
  const watcher = inRoom(server)
  const member = inRoom(server, { name: 'Ada' })
  server.clock.endTurn()
  watcher.take()
  member.says(frame)
  expect(told(watcher)).toEqual([['leave', [{ name: 'Ada' }]]])
  await server.engine.toRoom('r').send('note', 1)
  server.clock.endTurn()
  expect(member.take(FrameType.ENTRY)).toHaveLength(1)
})

test('a state that is no list of members is the member’s own', () => {
  const server = world()
  const watcher = inRoom(server)
  const member = inRoom(server)
  member.says([PRESENCE, 'r', 0, 'update', { name: 'Ada' }])
  expect(told(watcher)).toEqual([['join', [{ name: 'Ada' }]]])
})

test('who joins and changes within one turn is told of once, as new', () => {
  const server = world()
  const watcher = inRoom(server)
  const member = inRoom(server)
  member.says(update({ n: 1 }), update({ n: 2 }))
  expect(told(watcher)).toEqual([['join', [{ n: 2 }]]])
})

test('presence in a room that was left, or never joined, is nobody’s', () => {
  const server = world()
  const watcher = inRoom(server)
  const member = inRoom(server)
  member.says([LEAVE, 2, 'r'], update({ n: 1 }), [PRESENCE, 'never', 0, 'update', [{}]])
  expect(told(watcher)).toEqual([])
  expect(member.ended).toBeNull()
})

test('a change reaches who comes back to the room through JOINED or a sync, not while it is still greeting', async () => {
  let allow: () => void = () => {}
  let asks = false
  const server = world({
    authorize: ({ room }) =>
      asks && room === 'other' ? new Promise((resolve) => (allow = () => resolve(true))) : true,
  })
  const member = inRoom(server, { n: 1 })
  asks = true
  const greeting = server.connect()
  greeting.says([HELLO, helloOf({ cursors: { 'room/r': ['', 0], 'room/other': ['', 0] } })])
  member.says(update({ n: 2 }))
  expect(greeting.take()).toEqual([])
  allow()
  await settle(server.clock)
  const frames = greeting.take()
  expect(frames[0]?.[0]).toBe(FrameType.WELCOME)
  expect(frames.filter(([type, room]) => type === PRESENCE && room === 'r')).toMatchObject([
    { 3: 'sync', 4: [{ state: { n: 2 } }] },
  ])
})

test('a member of several rooms leaves them all when it says goodbye', async () => {
  const server = world()
  const member = server.connect()
  member.hello({ pingMs: 0 })
  member.says([JOIN, 1, 'r', null, null, { n: 1 }], [JOIN, 2, 's', null, null, { n: 1 }])
  expect(member.take(JOINED)).toHaveLength(2)
  expect([await server.engine.presence('r'), await server.engine.presence('s')].flat()).toHaveLength(2)
  member.says([BYE])
  expect([await server.engine.presence('r'), await server.engine.presence('s')].flat()).toEqual([])
})
