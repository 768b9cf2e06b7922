import { describe, expect, it } from 'vitest'
import { FrameType } from '../../../../src/protocol/frames.js'
import { accepted, state } from '../../../support/fake-server-frames.js'
import { SessionHarness } from '../../../support/session-harness.js'

/** Live, with one message on the wire that nobody acknowledges. The server pings rarely. */
function unacknowledged(roundTripMs = 10): SessionHarness {
  const harness = new SessionHarness({
    handshake: { device: null, userLogFrom: 'now', pingMs: 300_000, maxFrame: 1_000_000 },
  })
  harness.queue('first')
  harness.live()
  harness.advance(roundTripMs)
  harness.receive(accepted(0, 1))
  harness.send('second')
  harness.takeFrames()
  return harness
}

/** The server answers every PING, at the latest after a second. */
function passAlive(harness: SessionHarness, seconds: number): void {
  for (let second = 0; second < seconds; second++) {
    harness.advance(1_000)
    harness.receive([FrameType.PONG, harness.now])
  }
}

const pings = (harness: SessionHarness): unknown[] =>
  harness.takeFrames().filter(([type]) => type === FrameType.PING)

describe('silence', () => {
  it('of the agreed interval and the grace replaces the connection at once', () => {
    const harness = new SessionHarness()
    harness.live({ pingMs: 25_000 })
    const dead = harness.dial
    harness.advance(34_999)
    expect(harness.session.connection.name).toBe('live')
    harness.advance(1)

    expect(harness.all('drop')).toMatchObject([{ dial: dead, code: 4000 }])
    expect(harness.all('lost')).toMatchObject([{ cause: { code: 'heartbeat_timeout' } }])
    expect(harness.session.connection).toMatchObject({ name: 'dialing', dial: dead + 1 })
  })

  it('is ended by any byte', () => {
    const harness = new SessionHarness()
    harness.live({ pingMs: 25_000 })
    harness.advance(30_000)
    harness.receive([FrameType.PING, 1])
    harness.advance(34_000)

    expect(harness.session.connection.name).toBe('live')
  })

  it('of a server that does not ping is asked about after each interval', () => {
    const harness = new SessionHarness()
    harness.live({ pingMs: 0 })
    harness.takeFrames()
    harness.advance(25_000)
    expect(pings(harness)).toHaveLength(1)
    harness.receive([FrameType.PONG, harness.now])
    harness.advance(24_999)
    expect(pings(harness)).toHaveLength(0)
    harness.advance(1)
    expect(pings(harness)).toHaveLength(1)
    harness.advance(10_000)

    expect(harness.session.connection.name).toBe('dialing')
  })

  it('is nobody’s concern without a heartbeat', () => {
    const harness = new SessionHarness()
    harness.session.configure({ ...connectionOf(), heartbeat: null }, 0)
    harness.live({ pingMs: 0 })
    harness.advance(10_000_000)

    expect(harness.session.connection.name).toBe('live')
  })
})

function connectionOf() {
  return {
    connectTimeoutMs: 20_000,
    heartbeat: null,
    reconnect: null,
    freshCredentials: false,
  }
}

describe('a message without acknowledgement', () => {
  it('is asked about after five seconds, and the connection is replaced when nothing answers', () => {
    const harness = unacknowledged()
    harness.advance(4_999)
    expect(pings(harness)).toEqual([])
    harness.advance(1)
    expect(pings(harness)).toHaveLength(1)
    harness.advance(2_999)
    expect(harness.session.connection.name).toBe('live')
    harness.advance(1)

    expect(harness.session.connection.name).toBe('dialing')
  })

  it('is asked about after four round trips where those take longer', () => {
    const harness = unacknowledged(2_000)
    harness.advance(7_999)
    expect(pings(harness)).toEqual([])
    harness.advance(1)

    expect(pings(harness)).toHaveLength(1)
  })

  it('is asked about once for one silence, when the server answers', () => {
    const harness = unacknowledged()
    harness.advance(5_000)
    harness.receive([FrameType.PONG, harness.now])
    harness.advance(30_000)

    expect(pings(harness)).toHaveLength(1)
    expect(harness.session.connection.name).toBe('live')
  })

  it('for a minute means that the server is wedged, however often it answers', () => {
    const harness = unacknowledged()
    passAlive(harness, 59)
    expect(harness.session.connection.name).toBe('live')
    harness.advance(1_000)

    expect(harness.all('lost')).toMatchObject([{ cause: { code: 'acks_stalled' } }])
    harness.advance(0)
    expect(harness.session.connection.name).toBe('dialing')
  })

  it('is no reason while what was written before is acknowledged: an ATTACH may stand behind much data', () => {
    const harness = unacknowledged()
    for (let count = 3; count <= 20; count++) harness.send('before')
    harness.advance(1)
    harness.send('on another lane', { lane: 'high' })
    for (let seq = 2; seq <= 20; seq++) {
      passAlive(harness, 10)
      harness.receive(accepted(0, seq))
    }
    expect(harness.session.connection.name).toBe('live')
    passAlive(harness, 60)

    expect(harness.all('lost')).toMatchObject([{ cause: { code: 'acks_stalled' } }])
  })

  it('is one a minute after the server has read an ATTACH, whatever else it acknowledges', () => {
    const harness = unacknowledged()
    harness.send('on another lane', { lane: 'high' })
    for (let seq = 2; seq <= 10; seq++) {
      passAlive(harness, 10)
      harness.receive(accepted(0, seq))
      harness.send('after')
    }

    expect(harness.all('lost')).toMatchObject([{ cause: { code: 'acks_stalled' } }])
  })

  it('for a minute from a server that had said AWAY is no reason to dial before its time', () => {
    const harness = unacknowledged()
    passAlive(harness, 59)
    harness.receive([FrameType.AWAY, { afterMs: 3_000, spreadMs: 0, reason: 'shutdown' }])
    harness.advance(1_000)

    expect(harness.all('lost')).toMatchObject([{ cause: { code: 'acks_stalled' } }])
    expect(harness.session.connection).toMatchObject({ name: 'waiting', until: harness.now + 3_000 })
    harness.advance(2_999)
    expect(harness.session.connection.name).toBe('waiting')
    harness.advance(1)
    expect(harness.session.connection.name).toBe('dialing')
  })

  it('waits from the last acknowledgement on: a server that works off a long queue is fine', () => {
    const harness = unacknowledged()
    for (let n = 3; n <= 30; n++) harness.send(n)
    harness.takeFrames()
    for (let n = 2; n <= 29; n++) {
      harness.advance(4_000)
      harness.receive(accepted(0, n))
    }

    expect(pings(harness)).toEqual([])
    expect(harness.session.connection.name).toBe('live')
  })

  it('is asked about as long after the oldest, whichever lane that is in', () => {
    const harness = new SessionHarness({
      handshake: { device: null, userLogFrom: 'now', pingMs: 300_000, maxFrame: 1_000_000 },
    })
    harness.queue('first')
    harness.queue('urgent', { lane: 'high' })
    harness.live()
    harness.receive(accepted(0, 1), accepted(1, 1))
    harness.send('urgent again', { lane: 'high' })
    harness.advance(3_000)
    harness.send('second')
    harness.takeFrames()
    harness.advance(1_999)
    expect(pings(harness)).toEqual([])
    harness.advance(1)

    expect(pings(harness)).toHaveLength(1)
  })

  it('is no cause for doubt once it is acknowledged', () => {
    const harness = unacknowledged()
    harness.receive(accepted(0, 2))
    harness.advance(100_000)

    expect(pings(harness)).toEqual([])
  })
})

describe('PONG', () => {
  it('gives a round trip', () => {
    const harness = new SessionHarness()
    harness.live()
    harness.receive([FrameType.PONG, harness.now - 70])

    expect(harness.session.roundTrip.last).toBe(70)
  })

  it('from the future is no negative time', () => {
    const harness = new SessionHarness()
    harness.live()
    harness.receive([FrameType.PONG, harness.now + 70])

    expect(harness.session.roundTrip.last).toBe(0)
  })
})

describe('a wake-up call', () => {
  const wake = { type: 'wake', cause: { code: 'online', message: 'the network is back' } } as const

  it('on a live connection asks at once', () => {
    const harness = new SessionHarness()
    harness.live()
    harness.takeFrames()
    harness.do(wake)

    expect(pings(harness)).toHaveLength(1)
    harness.advance(3_000)
    expect(harness.session.connection.name).toBe('dialing')
  })

  it('during a wait dials at once', () => {
    const harness = new SessionHarness()
    harness.live()
    harness.lose(1006)
    harness.do(wake)

    expect(harness.session.connection.name).toBe('dialing')
  })
})

describe('counters', () => {
  it('say how often and why connections and dials ended', () => {
    const harness = new SessionHarness()
    harness.live()
    expect(harness.session.counters).toMatchObject({ connects: 1, reconnects: 0 })
    harness.lose(1006)
    harness.advance(500)
    harness.lose(1006)
    harness.advance(1_000)
    harness.welcome(harness.open())

    expect(harness.session.counters).toMatchObject({ connects: 2, reconnects: 1 })
    expect(Object.fromEntries(harness.session.counters.causes)).toEqual({ close_1006: 2 })
  })

  it('say what was sent, received and resent', () => {
    const harness = new SessionHarness()
    harness.queue('a')
    harness.live()
    harness.relive({ producers: [state(0)] })

    expect(harness.session.counters).toMatchObject({ messagesSent: 1, resent: 1 })
    expect(harness.session.counters.bytesSent).toBe(
      harness.all('transmit').reduce((sum, { bytes }) => sum + bytes, 0),
    )
    expect(harness.session.counters.bytesReceived).toBeGreaterThan(100)
  })
})

describe('new credentials', () => {
  it('go in band on a live connection', () => {
    const harness = new SessionHarness()
    harness.live()
    harness.takeFrames()
    harness.do({ type: 'authenticate', auth: 'new token' })
    expect(harness.takeFrames()).toEqual([[FrameType.AUTH, 'new token']])
    harness.receive([FrameType.AUTHED, { id: 'user-1' }])

    expect(harness.violation).toBeNull()
  })

  it('without a connection wait for the next dial, which reads them anew', () => {
    const harness = new SessionHarness()
    harness.do({ type: 'authenticate', auth: 'new token' })
    harness.live()

    expect(harness.takeFrames()).toEqual([])
  })
})
