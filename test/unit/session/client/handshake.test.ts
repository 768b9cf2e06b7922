import { describe, expect, it } from 'vitest'
import { FrameType } from '../../../../src/protocol/frames.js'
import { SessionHarness } from '../../../support/session-harness.js'
import { EPOCH, LOG_EPOCH, SESSION, welcomeOf } from '../../../support/fake-server-frames.js'

describe('HELLO', () => {
  it('of a fresh client asks for nothing but a session', () => {
    const hello = new SessionHarness().connect()

    expect(hello).toEqual({
      v: 1,
      producers: [],
      cursors: {},
      pingMs: 25_000,
      window: { messages: 8, bytes: 10_000 },
      maxFrame: 1_000_000,
      caps: {},
    })
  })

  it('carries the credentials of its own dial and never those of an earlier one', () => {
    const harness = new SessionHarness()
    const first = harness.connect('token 1')
    harness.welcome(first)
    const second = harness.reconnect()

    expect(first.auth).toBe('token 1')
    expect(second).not.toHaveProperty('auth')
  })

  it('says what the device is', () => {
    const handshake = { device: { kind: 'mobile' }, userLogFrom: 'now', pingMs: 0, maxFrame: 9 } as const
    const hello = new SessionHarness({ handshake }).connect()

    expect(hello).toMatchObject({ device: { kind: 'mobile' }, pingMs: 0, maxFrame: 9 })
  })

  it('asks for the user’s log from its start only before the first welcome', () => {
    const handshake = { device: null, userLogFrom: 'start', pingMs: 0, maxFrame: 9 } as const
    const harness = new SessionHarness({ handshake })
    const first = harness.live()
    const second = harness.reconnect()

    expect(first.cursors).toEqual({ user: ['', 0] })
    expect(second.cursors).not.toHaveProperty('user')
    expect(second.cursors).toHaveProperty('user/user-1')
  })

  it('offers session, producers and cursors on every later connection', () => {
    const harness = new SessionHarness()
    harness.live()
    harness.send('a')
    const hello = harness.reconnect()

    expect(hello.session).toEqual({ id: SESSION, key: 'key of the session', attach: 2 })
    expect(hello.producers).toEqual([
      { id: 'id1', key: 'id2', kind: 'messages', attach: 2, user: 'user-1', floor: 0, written: 0 },
    ])
    expect(hello.cursors).toEqual({
      all: [LOG_EPOCH, 0],
      'user/user-1': [LOG_EPOCH, 0],
      [`session/${SESSION}`]: [LOG_EPOCH, 0],
      [`replies/${SESSION}`]: [LOG_EPOCH, 0],
    })
  })

  it('raises attach of the session and of every producer before every dial, also of dials that fail', () => {
    const harness = new SessionHarness()
    harness.queue('a')
    harness.live()
    harness.lose(1006)
    harness.advance(500)
    harness.do({ type: 'closed', dial: harness.dial, code: 1006, reason: '' })
    harness.advance(1_000)
    const hello = harness.open()

    expect(hello.producers[0]).toMatchObject({ attach: 4 })
    expect(hello.session).toMatchObject({ attach: 3 })
  })

  it('names the epoch and floor that the server last stated', () => {
    const harness = new SessionHarness()
    harness.queue('a')
    harness.live()
    harness.receive([FrameType.ACCEPTED, 0, 1])
    const hello = harness.reconnect()

    expect(hello.producers[0]).toMatchObject({ epoch: EPOCH, floor: 1, written: 1 })
  })

  it('leaves a lane that is first used during the dial to ATTACH, for its attach was not raised before', () => {
    const harness = new SessionHarness()
    harness.do({ type: 'connect' })
    harness.queue('during the dial')
    const hello = harness.open()
    harness.welcome(hello)

    expect(hello.producers).toEqual([])
    expect(harness.takeFrames()).toEqual([
      [
        FrameType.ATTACH,
        0,
        { id: 'id1', key: 'id2', kind: 'messages', attach: 1, user: 'user-1', floor: 0, written: 0 },
      ],
    ])
  })

  it('does not offer a session that the server called unknown', () => {
    const harness = new SessionHarness()
    harness.live()
    const hello = harness.reconnect(4200)

    expect(hello).not.toHaveProperty('session')
  })
})

describe('WELCOME', () => {
  it('makes the session live and says who the user is', () => {
    const harness = new SessionHarness()
    harness.live()

    expect(harness.session.connection.name).toBe('live')
    expect(harness.session.session).toEqual({ id: SESSION, resumed: false })
    expect(harness.all('opened-session')).toEqual([
      { type: 'opened-session', resumed: false, user: { id: 'user-1' } },
    ])
  })

  it('of a resumed session says so', () => {
    const harness = new SessionHarness()
    harness.live()
    harness.relive()

    expect(harness.session.session).toEqual({ id: SESSION, resumed: true })
  })

  it('may come once only', () => {
    const harness = new SessionHarness()
    const hello = harness.live()
    harness.receive([FrameType.WELCOME, welcomeOf(hello)])

    expect(harness.violation).toMatch(/second WELCOME/)
  })

  it('that answers another number of producers is refused before anybody is told of a connection', () => {
    const harness = new SessionHarness()
    harness.queue('a')
    const hello = harness.connect()
    harness.welcome(hello, { producers: [] })

    expect(harness.violation).toMatch(/answers 0 producers/)
    expect(harness.all('opened-session')).toEqual([])
    expect(harness.all('state').some(({ next }) => next.name === 'live')).toBe(false)
  })

  it('must come before anything that needs it', () => {
    const harness = new SessionHarness()
    harness.connect()
    harness.receive([FrameType.ACCEPTED, 0, 1])

    expect(harness.violation).toMatch(/before WELCOME/)
  })

  it('may be preceded by AWAY, FAIL and BYE', () => {
    const harness = new SessionHarness()
    harness.connect()
    harness.receive([FrameType.AWAY, { afterMs: 7_000, spreadMs: 0, reason: 'deploy' }])
    harness.receive([FrameType.FAIL, 'busy', 'the server is busy'], [FrameType.BYE])
    harness.lose(4100)

    expect(harness.session.connection).toMatchObject({ name: 'waiting', until: harness.now + 7_000 })
  })
})

describe('a dial', () => {
  it('that was replaced is not listened to', () => {
    const harness = new SessionHarness()
    harness.live()
    const stale = harness.dial
    harness.do({ type: 'restart', cause: { code: 'test', message: 'test' } })
    const before = harness.effects.length
    harness.do({ type: 'received', dial: stale, data: 'nonsense' })
    harness.do({ type: 'closed', dial: stale, code: 4401, reason: '' })
    harness.do({ type: 'opened', dial: stale, auth: null })

    expect(harness.effects.length).toBe(before)
    expect(harness.session.connection.name).toBe('dialing')
  })

  it('fails for good when its credentials cannot be encoded', () => {
    const harness = new SessionHarness()
    harness.do({ type: 'connect' })
    harness.do({ type: 'opened', dial: harness.dial, auth: 1n })

    expect(harness.session.connection).toMatchObject({ name: 'closed', error: { field: 'auth' } })
  })
})

describe('anything unreadable', () => {
  it.each([
    ['text that is no JSON', 'nonsense'],
    ['something that is no batch', '{}'],
    ['a frame that is no array', '[1]'],
    ['an unknown frame', '[[60]]'],
    ['a frame of the client', '[[6,1,null,"a",null]]'],
  ])('ends the connection: %s', (_what, data) => {
    const harness = new SessionHarness()
    harness.live()
    harness.do({ type: 'received', dial: harness.dial, data })

    expect(harness.violation).not.toBeNull()
    expect(harness.all('lost')).toHaveLength(1)
  })

  it('is not a frame of a later version', () => {
    const harness = new SessionHarness()
    harness.live()
    harness.receive([64, 'whatever'])

    expect(harness.violation).toBeNull()
  })
})

describe('WELCOME', () => {
  it('of another version of the protocol is a violation', () => {
    const harness = new SessionHarness()
    harness.welcome(harness.connect(), { v: 2 })

    expect(harness.violation).toMatch(/version 2; this client speaks 1/)
  })
})
