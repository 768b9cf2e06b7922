import { describe, expect, it } from 'vitest'
import { FrameType } from '../../../../src/protocol/frames.js'
import { accepted } from '../../../support/fake-server-frames.js'
import { SessionHarness } from '../../../support/session-harness.js'

const close = (harness: SessionHarness, drainMs = 0): void =>
  harness.do({ type: 'close', drainMs, code: 1000, reason: 'done' })

const finished = (harness: SessionHarness): number => harness.all('finished').length

describe('close', () => {
  it('says BYE, closes with the code it was given, and is finished', () => {
    const harness = new SessionHarness()
    harness.live()
    harness.takeFrames()
    close(harness)

    expect(harness.takeFrames()).toEqual([[FrameType.BYE]])
    expect(harness.all('drop')).toMatchObject([{ code: 1000, reason: 'done' }])
    expect(harness.session.connection).toEqual({ name: 'closed', error: null, final: true })
    expect(finished(harness)).toBe(1)
  })

  it('sends BYE before the link is let go', () => {
    const harness = new SessionHarness()
    harness.live()
    close(harness)
    const order = harness.effects.map(({ type }) => type)

    expect(order.lastIndexOf('transmit')).toBeLessThan(order.lastIndexOf('drop'))
  })

  it('settles everything: the unwritten is cancelled, the written unknown', () => {
    const harness = new SessionHarness()
    const written = harness.queue('written')
    harness.live()
    harness.lose(1006)
    const fresh = harness.queue('fresh')
    const { entry, results } = harness.request('question')
    close(harness)

    expect([written.state, fresh.state, entry.state]).toEqual(['unknown', 'cancelled', 'cancelled'])
    expect(written.extra?.code).toBe('closed')
    expect(results).toMatchObject([{ ok: false, error: { outcome: 'unknown' } }])
    expect(harness.all('settled')).toHaveLength(3)
  })

  it('ends requests that were accepted and wait for their reply', () => {
    const harness = new SessionHarness()
    const { results } = harness.request('question')
    harness.live()
    harness.receive(accepted(0, 1))
    close(harness)

    expect(results).toMatchObject([{ ok: false, error: { outcome: 'unknown' } }])
  })

  it('with a time to drain waits for acknowledgements, and no longer', () => {
    const harness = new SessionHarness()
    const entry = harness.queue('a')
    harness.live()
    close(harness, 1_000)
    harness.advance(400)
    expect(finished(harness)).toBe(0)
    harness.receive(accepted(0, 1))

    expect(entry.state).toBe('accepted')
    expect(finished(harness)).toBe(1)
  })

  it('with a time to drain is over at its end', () => {
    const harness = new SessionHarness()
    const entry = harness.queue('a')
    harness.live()
    close(harness, 1_000)
    harness.advance(999)
    expect(finished(harness)).toBe(0)
    harness.advance(1)

    expect(entry.state).toBe('unknown')
    expect(finished(harness)).toBe(1)
  })

  it('with a time to drain reconnects meanwhile', () => {
    const harness = new SessionHarness()
    const entry = harness.queue('a')
    harness.live()
    close(harness, 5_000)
    harness.relive()
    expect(harness.takeSent()).toEqual(['a'])
    harness.receive(accepted(0, 1))

    expect(entry.state).toBe('accepted')
    expect(finished(harness)).toBe(1)
  })

  it('with a time to drain does not wait for a connection that ended for good', () => {
    const harness = new SessionHarness()
    harness.queue('a')
    harness.live()
    close(harness, 5_000)
    harness.lose(4400)

    expect(finished(harness)).toBe(1)
  })

  it.each([
    ['idle', () => undefined],
    ['dialing', (harness: SessionHarness) => harness.do({ type: 'connect' })],
    ['handshaking', (harness: SessionHarness) => harness.connect()],
    ['live', (harness: SessionHarness) => harness.live()],
    [
      'waiting',
      (harness: SessionHarness) => {
        harness.live()
        harness.lose(1006)
      },
    ],
    [
      'closed',
      (harness: SessionHarness) => {
        harness.live()
        harness.lose(4400)
      },
    ],
  ])('finishes from %s, and once', (name, bring) => {
    const harness = new SessionHarness()
    bring(harness)
    expect(harness.session.connection.name).toBe(name)
    harness.queue('a')
    harness.request('question')
    close(harness)
    close(harness)

    expect(finished(harness)).toBe(1)
    expect(harness.session.connection).toMatchObject({ name: 'closed', final: true })
    expect([harness.session.queued, harness.session.inFlight]).toEqual([0, 0])
  })

  it('is final: nothing dials again', () => {
    const harness = new SessionHarness()
    harness.live()
    close(harness)
    const dials = harness.dial
    harness.do({ type: 'connect' })
    harness.do({ type: 'restart', cause: { code: 'x', message: 'x' } })
    harness.do({ type: 'wake', cause: { code: 'x', message: 'x' } })
    harness.advance(1_000_000)

    expect(harness.dial).toBe(dials)
  })

  it('lets nobody believe to be in a room', () => {
    const harness = new SessionHarness()
    harness.live()
    harness.join('lobby')
    harness.receive([FrameType.JOINED, 1, 'lobby', 'e', 0])
    const answers = harness.join('attic')
    close(harness)

    expect(answers).toMatchObject([{ ok: false, error: { name: 'ClosedError' } }])
    expect(harness.session.room('lobby').state.name).toBe('out')
  })
})

describe('disconnect', () => {
  it('says BYE and keeps everything for the next connect', () => {
    const harness = new SessionHarness()
    const entry = harness.queue('a')
    harness.live()
    harness.takeFrames()
    harness.do({ type: 'disconnect' })
    expect(harness.takeFrames()).toEqual([[FrameType.BYE]])
    expect(harness.session.connection.name).toBe('idle')
    const hello = harness.connect()

    expect(entry.state).toBe('written')
    expect(hello.session).toMatchObject({ attach: 2 })
    expect(hello.producers).toMatchObject([{ written: 1 }])
  })

  it('before there is a connection says nothing', () => {
    const harness = new SessionHarness()
    harness.do({ type: 'connect' })
    harness.do({ type: 'disconnect' })

    expect(harness.all('transmit')).toEqual([])
    expect(harness.session.deadline()).toBeNull()
  })
})

describe('a connection that ends for good', () => {
  it('keeps what is queued for a later connect()', () => {
    const harness = new SessionHarness()
    const entry = harness.queue('a')
    harness.live()
    harness.lose(4401)
    expect(entry.state).toBe('written')
    expect(harness.all('error')).toMatchObject([{ error: { code: 'superseded' } }])
    harness.welcome(harness.connect())

    expect(harness.takeSent()).toEqual(['a'])
  })

  it('keeps rooms for a later connect()', () => {
    const harness = new SessionHarness()
    harness.live()
    harness.join('lobby')
    harness.receive([FrameType.JOINED, 1, 'lobby', 'e', 3])
    harness.lose(4400)

    expect(harness.connect().cursors['room/lobby']).toEqual(['e', 3])
  })
})
