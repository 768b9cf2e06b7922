import { describe, expect, it } from 'vitest'
import { FrameType } from '../../../../src/protocol/frames.js'
import { Rooms } from '../../../../src/session/client/rooms.js'
import { entry, gap, joined, left, LOG_EPOCH, member } from '../../../support/fake-server-frames.js'
import { SessionHarness } from '../../../support/session-harness.js'

function live(...config: ConstructorParameters<typeof SessionHarness>): SessionHarness {
  const harness = new SessionHarness(...config)
  harness.live()
  harness.takeFrames()
  return harness
}

/** In the room `lobby` since `JOIN 1`. */
function inLobby(presence: object | null = null): SessionHarness {
  const harness = live()
  harness.join('lobby', null, presence)
  harness.receive(joined(1, 'lobby', 5))
  harness.takeFrames()
  return harness
}

const leave = (harness: SessionHarness, room: string): { done: boolean } => {
  const answer = { done: false }
  harness.session.leave(room, () => {
    answer.done = true
  })
  harness.turn()
  return answer
}

const delivered = (harness: SessionHarness): unknown[] =>
  harness.all('deliver').map(({ delivery }) => delivery.message.data)

describe('joining', () => {
  it.each([
    ['from now', null, [null, null]],
    ['from its start', 'start' as const, [null, 0]],
    ['from a cursor', { epoch: 'e', offset: 7 }, ['e', 7]],
  ])('asks for the room %s', (_what, from, asked) => {
    const harness = live()
    harness.join('lobby', from, { name: 'Ada' })

    expect(harness.takeFrames()).toEqual([[FrameType.JOIN, 1, 'lobby', ...asked, { name: 'Ada' }]])
    expect(harness.session.room('lobby').state.name).toBe('joining')
  })

  it('is answered with where delivery starts and who is there', () => {
    const harness = live()
    const answers = harness.join('lobby')
    harness.receive(joined(1, 'lobby', 5, [member('m1')]), entry('room/lobby', 6))

    expect(answers).toEqual([
      { ok: true, cursor: { epoch: LOG_EPOCH, offset: 5 }, recovered: true, members: [member('m1')] },
    ])
    expect(delivered(harness)).toEqual([6])
  })

  it('says a presence that changed while the answer was on its way', () => {
    const harness = live()
    harness.join('lobby', null, { n: 1 })
    harness.takeFrames()
    harness.session.present('lobby', { n: 2 })
    harness.receive(joined(1, 'lobby', 5))
    harness.turn()

    expect(harness.takeFrames()).toMatchObject([[FrameType.PRESENCE, 'lobby', 0, 'update', [{ n: 2 }]]])
  })

  it('is over for a room that the same message tells it is out of', () => {
    const harness = live()
    const answers = harness.join('lobby')
    harness.receive(joined(1, 'lobby', 5), [FrameType.LEFT, 0, 'lobby', 'forbidden'])

    expect(harness.session.room('lobby').state.name).toBe('out')
    expect(answers).toMatchObject([{ ok: false }])
  })

  it('is told when it is asked for and when it is answered', () => {
    const harness = live()
    harness.join('lobby')
    expect(harness.all('room-changed')).toEqual([{ type: 'room-changed', room: 'lobby' }])
    harness.receive(joined(1, 'lobby', 0))

    expect(harness.all('room-changed')).toHaveLength(2)
  })

  it('before there is a connection is asked for once there is one', () => {
    const harness = new SessionHarness()
    const answers = harness.join('lobby')
    harness.live()
    expect(harness.takeFrames()).toEqual([[FrameType.JOIN, 1, 'lobby', null, null, null]])
    harness.receive(joined(1, 'lobby', 0))

    expect(answers).toHaveLength(1)
  })

  it('twice asks once and answers both', () => {
    const harness = live()
    const [first, second] = [harness.join('lobby'), harness.join('lobby')]
    expect(harness.takeFrames()).toHaveLength(1)
    harness.receive(joined(1, 'lobby', 0))

    expect([first.length, second.length]).toEqual([1, 1])
  })

  it('a room that is joined answers at once', () => {
    const answers = inLobby().join('lobby')

    expect(answers).toMatchObject([{ ok: true, cursor: { offset: 5 } }])
  })

  it('again from elsewhere starts over there, and what was under way is dropped', () => {
    const harness = inLobby()
    harness.receive(entry('room/lobby', 6))
    const answers = harness.join('lobby', 'start')
    expect(harness.takeFrames()).toEqual([[FrameType.JOIN, 2, 'lobby', null, 0, null]])
    harness.receive(entry('room/lobby', 7, 'under way'))
    harness.receive(joined(2, 'lobby', 0), entry('room/lobby', 1))

    expect(answers).toHaveLength(1)
    expect(delivered(harness)).toEqual([6, 1])
  })

  it('again, after the message that brought the answer broke the protocol, is answered with the first', () => {
    const harness = live()
    const first = harness.join('lobby')
    harness.receive(joined(1, 'lobby', 5), entry('user/someone', 1))
    expect(harness.violation).toMatch(/doesn't follow/)
    const second = harness.join('lobby')
    expect([first, second]).toEqual([[], []])
    harness.relive()

    expect([...first, ...second]).toMatchObject([
      { ok: true, cursor: { offset: 5 } },
      { ok: true, cursor: { offset: 5 } },
    ])
  })

  it('from elsewhere, while a dial offers the room where it was, is asked for and not left', () => {
    const harness = inLobby()
    const hello = harness.reconnect()
    expect(hello.cursors).toHaveProperty('room/lobby')
    harness.join('lobby', 'start')
    harness.welcome(hello)

    expect(harness.takeFrames()).toEqual([[FrameType.JOIN, 2, 'lobby', null, 0, null]])
  })

  it('that a loss interrupted is asked for again', () => {
    const harness = live()
    const answers = harness.join('lobby', 'start')
    harness.relive()
    expect(harness.takeFrames()).toEqual([[FrameType.JOIN, 2, 'lobby', null, 0, null]])
    harness.receive(joined(1, 'lobby', 99))
    expect(answers).toEqual([])
    harness.receive(joined(2, 'lobby', 0))

    expect(answers).toMatchObject([{ ok: true, cursor: { offset: 0 } }])
  })

  it('did not recover everything when a gap follows the answer', () => {
    const harness = live()
    const answers = harness.join('lobby', { epoch: LOG_EPOCH, offset: 3 })
    harness.receive(joined(1, 'lobby', 3), gap('room/lobby', 4, 8), entry('room/lobby', 9))

    expect(answers).toMatchObject([{ recovered: false, cursor: { offset: 3 } }])
    expect(harness.all('gap')).toMatchObject([{ gap: { room: 'lobby', from: 4, to: 8 } }])
  })

  it('did not recover when the log has begun anew', () => {
    const harness = live()
    const answers = harness.join('lobby', { epoch: 'old', offset: 3 })
    harness.receive(joined(1, 'lobby', 0), gap('room/lobby', 4, null, 'epoch'))

    expect(answers).toMatchObject([{ recovered: false }])
  })

  it('that is refused says why', () => {
    const harness = live()
    const answers = harness.join('lobby')
    harness.receive(left(1, 'lobby', 'forbidden'))

    expect(answers).toMatchObject([{ ok: false, error: { code: 'forbidden', outcome: 'rejected' } }])
    expect(harness.session.room('lobby').state.name).toBe('out')
  })

  it('with a presence that is larger than the server takes fails and sends nothing', () => {
    const harness = new SessionHarness()
    harness.live({ maxFrame: 1_000 })
    const answers = harness.join('lobby', null, { picture: 'x'.repeat(2_000) })

    expect(answers).toMatchObject([{ ok: false }])
    expect(harness.takeFrames()).toEqual([])
  })

  it('with a presence that cannot be encoded throws there and then', () => {
    const harness = live()

    expect(() => harness.session.join('lobby', null, { huge: 1n }, () => undefined)).toThrow(TypeError)
    expect(() => harness.session.present('lobby', { huge: 1n })).toThrow(TypeError)
    expect(harness.session.room('lobby').state.name).toBe('out')
  })

  it('is over when the connection is closed for good', () => {
    const harness = live()
    const answers = harness.join('lobby')
    harness.lose(4400)

    expect(answers).toMatchObject([{ ok: false, error: { name: 'ClosedError' } }])
  })
})

describe('closing for good', () => {
  it('leaves the rooms that one is in, and says nothing of those that were left before', () => {
    const harness = inLobby()
    harness.join('hall')
    harness.receive(joined(2, 'hall', 0))
    leave(harness, 'lobby')
    const before = harness.all('room-changed').length
    harness.do({ type: 'close', drainMs: 0, code: 1000, reason: '' })

    expect(harness.session.room('hall').state.name).toBe('out')
    expect(harness.all('room-changed').slice(before)).toEqual([{ type: 'room-changed', room: 'hall' }])
  })
})

describe('leaving', () => {
  it('leaves nothing behind', () => {
    const rooms = new Rooms(() => undefined)
    const isForgotten = (room: string): boolean => rooms.look(room) === rooms.look('never seen')
    const into = (room: string, presence: object | null = null): number => {
      rooms.join(room, null, presence, () => undefined)
      const n = Number(rooms.takeFrames().at(-1)?.[1])
      rooms.joined(n, room, ['e', 1], [])
      rooms.settleJoins()
      return n
    }
    into('answered', { name: 'Ada' })
    rooms.leave('answered', true, () => undefined)
    expect(isForgotten('answered')).toBe(false)
    const [, n] = rooms.takeFrames()[0] ?? []
    rooms.left(Number(n), 'answered', 'asked for')
    into('lost')
    rooms.leave('lost', true, () => undefined)
    rooms.lost()
    into('offline')
    rooms.leave('offline', false, () => undefined)
    rooms.present('looked at', { name: 'Ada' })
    rooms.leave('looked at', false, () => undefined)
    expect(['answered', 'lost', 'offline', 'looked at'].filter((room) => !isForgotten(room))).toEqual([])
  })

  it('keeps what there is to tell of a room that is out', () => {
    const rooms = new Rooms(() => undefined)
    rooms.join('refused', null, null, () => undefined)
    rooms.left(Number(rooms.takeFrames()[0]?.[1]), 'refused', 'no entry')
    rooms.lost()
    expect(rooms.look('refused').error).toMatchObject({ message: expect.stringContaining('no entry') })
    rooms.present('later', { name: 'Ada' })
    rooms.lost()
    expect(rooms.look('later').presence).toEqual({ name: 'Ada' })
  })

  it('is done when the server says so', () => {
    const harness = inLobby()
    const answer = leave(harness, 'lobby')
    expect(harness.takeFrames()).toEqual([[FrameType.LEAVE, 2, 'lobby']])
    expect(answer.done).toBe(false)
    harness.receive(left(2, 'lobby'))

    expect(answer.done).toBe(true)
  })

  it('without a connection, or a room one is not in, is done at once', () => {
    const harness = new SessionHarness()
    harness.join('lobby')

    expect(leave(harness, 'lobby').done).toBe(true)
    expect(leave(harness, 'elsewhere').done).toBe(true)
    harness.live()
    expect(harness.takeFrames()).toEqual([])
  })

  it('ends a join that waits', () => {
    const harness = live()
    const answers = harness.join('lobby')
    leave(harness, 'lobby')

    expect(answers).toMatchObject([{ ok: false, error: { code: 'left' } }])
  })

  it('is done when the connection is lost', () => {
    const harness = inLobby()
    const answer = leave(harness, 'lobby')
    harness.lose(1006)

    expect(answer.done).toBe(true)
  })

  it('and joining again in one turn does both, in that order', () => {
    const harness = inLobby()
    const answer = { done: false }
    harness.session.leave('lobby', () => {
      answer.done = true
    })
    const answers = harness.join('lobby')
    expect(harness.takeFrames()).toEqual([
      [FrameType.LEAVE, 2, 'lobby'],
      [FrameType.JOIN, 3, 'lobby', null, null, null],
    ])
    harness.receive(left(2, 'lobby'))
    expect(answer.done).toBe(true)
    expect(answers).toEqual([])
    harness.receive(joined(3, 'lobby', 8))

    expect(answers).toMatchObject([{ ok: true, cursor: { offset: 8 } }])
  })

  it('ignores the answer to a join that it overtook', () => {
    const harness = live()
    harness.join('lobby')
    const answer = leave(harness, 'lobby')
    harness.receive(joined(1, 'lobby', 3), entry('room/lobby', 4))
    expect(harness.session.room('lobby').state.name).toBe('out')
    expect(answer.done).toBe(false)
    harness.receive(left(2, 'lobby'))

    expect(delivered(harness)).toEqual([])
    expect(answer.done).toBe(true)
  })

  it('twice answers both', () => {
    const harness = inLobby()
    const first = leave(harness, 'lobby')
    const second = leave(harness, 'lobby')
    harness.receive(left(2, 'lobby'))

    expect([first.done, second.done]).toEqual([true, true])
  })

  it('on the server’s order is told as an error of the room', () => {
    const harness = inLobby()
    harness.receive(left(0, 'lobby', 'kicked'))

    expect(harness.session.room('lobby')).toMatchObject({ state: { name: 'out' }, error: { code: 'left' } })
    expect(harness.reconnect().cursors).not.toHaveProperty('room/lobby')
  })

  it('on the server’s order does not end a join that was asked for since', () => {
    const harness = inLobby()
    harness.join('lobby', 'start')
    harness.receive(left(0, 'lobby', 'kicked'))

    expect(harness.session.room('lobby').state.name).toBe('joining')
  })
})

describe('a room across reconnects', () => {
  it('is offered with its cursor and goes on there', () => {
    const harness = inLobby()
    harness.receive(entry('room/lobby', 6))
    const hello = harness.relive()
    harness.receive(entry('room/lobby', 7))

    expect(hello.cursors['room/lobby']).toEqual([LOG_EPOCH, 6])
    expect(harness.takeFrames()).toEqual([])
    expect(delivered(harness)).toEqual([6, 7])
  })

  it('that is no longer allowed is left with an error', () => {
    const harness = inLobby()
    const hello = harness.reconnect()
    harness.welcome(hello, { logs: { all: [LOG_EPOCH, 0] } })
    harness.receive(left(0, 'lobby', 'forbidden'))

    expect(harness.session.room('lobby')).toMatchObject({
      state: { name: 'out' },
      error: { code: 'forbidden' },
    })
  })

  it('that was left meanwhile is not followed', () => {
    const harness = inLobby()
    const hello = harness.reconnect()
    leave(harness, 'lobby')
    harness.welcome(hello)
    harness.receive(entry('room/lobby', 6))

    expect(delivered(harness)).toEqual([])
    expect(harness.violation).toBeNull()
    expect(harness.takeFrames()).toContainEqual([FrameType.LEAVE, expect.any(Number), 'lobby'])
  })

  it('keeps its place after disconnect and connect', () => {
    const harness = inLobby()
    harness.do({ type: 'disconnect' })
    const hello = harness.connect()

    expect(hello.cursors['room/lobby']).toEqual([LOG_EPOCH, 5])
  })
})

describe('presence', () => {
  const ids = (harness: SessionHarness): string[] => [...harness.session.room('lobby').members.keys()]
  const say = (version: number, kind: string, ...members: unknown[]) => [
    FrameType.PRESENCE,
    'lobby',
    version,
    kind,
    members,
  ]

  it('follows sync, join, update and leave', () => {
    const harness = inLobby()
    harness.receive(say(1, 'sync', member('a'), member('b')))
    expect(ids(harness)).toEqual(['a', 'b'])
    harness.receive(say(2, 'join', member('c')))
    expect(ids(harness)).toEqual(['a', 'b', 'c'])
    harness.receive(say(3, 'update', member('a', { typing: true })))
    expect(harness.session.room('lobby').members.get('a')?.state).toEqual({ typing: true })
    harness.receive(say(4, 'leave', member('b')))
    expect(ids(harness)).toEqual(['a', 'c'])
  })

  it('ignores what is older than it knows, but for a sync', () => {
    const harness = inLobby()
    harness.receive(say(5, 'sync', member('a')))
    harness.receive(say(5, 'join', member('late')), say(4, 'leave', member('a')))
    expect(ids(harness)).toEqual(['a'])
    harness.receive(say(3, 'sync', member('z')))
    expect(ids(harness)).toEqual(['z'])
  })

  it('is a new map for every change, so that it can be compared', () => {
    const harness = inLobby()
    harness.receive(say(1, 'sync', member('a')))
    const before = harness.session.room('lobby').members
    harness.receive(say(2, 'join', member('b')))

    expect(harness.session.room('lobby').members).not.toBe(before)
    expect([...before.keys()]).toEqual(['a'])
  })

  it('of one’s own is sent once for many changes of one turn', () => {
    const harness = inLobby({ n: 0 })
    harness.session.present('lobby', { n: 1 })
    harness.session.present('lobby', { n: 2 })
    harness.turn()

    expect(harness.takeFrames()).toEqual([[FrameType.PRESENCE, 'lobby', 0, 'update', [{ n: 2 }]]])
  })

  it('of one’s own is stated again on every connection', () => {
    const harness = inLobby({ n: 0 })
    harness.relive()

    expect(harness.takeFrames()).toEqual([[FrameType.PRESENCE, 'lobby', 0, 'update', [{ n: 0 }]]])
  })

  it('of one’s own is nobody’s business after leaving', () => {
    const harness = inLobby({ n: 0 })
    leave(harness, 'lobby')
    harness.takeFrames()
    harness.join('lobby')

    expect(harness.takeFrames()).toEqual([[FrameType.JOIN, 3, 'lobby', null, null, null]])
  })

  it('of one’s own goes with the connection that was closed for good before the room was joined', () => {
    const harness = live()
    harness.join('lobby', null, { n: 0 })
    harness.lose(4400)
    leave(harness, 'lobby')
    harness.join('lobby')
    harness.live()

    expect(harness.takeFrames()).toEqual([[FrameType.JOIN, 2, 'lobby', null, null, null]])
  })

  it('of one’s own goes with a join that was refused', () => {
    const harness = live()
    harness.join('lobby', null, { n: 0 })
    harness.receive(left(1, 'lobby', 'forbidden'))
    harness.takeFrames()
    harness.join('lobby')

    expect(harness.takeFrames()).toEqual([[FrameType.JOIN, 2, 'lobby', null, null, null]])
  })

  it('of one’s own that was said before joining is taken back by leaving', () => {
    const harness = live()
    harness.session.present('lobby', { n: 0 })
    leave(harness, 'lobby')
    harness.join('lobby')

    expect(harness.takeFrames()).toEqual([[FrameType.JOIN, 1, 'lobby', null, null, null]])
  })

  it('of others is nobody’s business once a join was ended by a connection that closed for good', () => {
    const harness = inLobby()
    harness.receive(say(1, 'sync', member('a')))
    harness.join('lobby', 'start')
    harness.lose(4400)

    expect(ids(harness)).toEqual([])
  })

  it('of rooms that nobody is in is ignored', () => {
    const harness = live()
    harness.receive(say(1, 'sync', member('a')))

    expect(ids(harness)).toEqual([])
  })
})
