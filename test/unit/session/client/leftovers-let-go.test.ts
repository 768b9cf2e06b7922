/**
 * Owns: what a page lets go of without having sent it: because its storage failed, its connection is over, or it is
 * another user's.
 */
import { describe, expect, it } from 'vitest'
import { FrameType } from '../../../../src/protocol/frames.js'
import type { StoredOutbox } from '../../../../src/protocol/storage.js'
import { json } from '../../../../src/serializers/json.js'
import { Persistence } from '../../../../src/session/client/persistence.js'
import { accepted, state } from '../../../support/fake-server-frames.js'
import { SessionHarness } from '../../../support/session-harness.js'

/** After it the client stops. */
const SUPERSEDED = 4401

const durable = (): SessionHarness => new SessionHarness({ persistence: (emit) => new Persistence(emit) })

/** What a page of user-1 left; the harness is welcomed as them. */
const left = (id: string, seqs: number[] = [1], user: string | null = 'user-1'): StoredOutbox => ({
  producer: { id, key: 'k', attach: 4, epoch: 'epoch-1', user, floor: 0 },
  messages: seqs.map((seq) => ({ producer: id, seq, body: json().encode([null, 'say', `${id} ${seq}`]) })),
})

function adopt(harness: SessionHarness, ...outboxes: StoredOutbox[]): void {
  harness.session.adopt(outboxes)
  harness.turn()
}

/** Answers everything that was handed to storage since this was last called with this harness. */
const answered = new WeakMap<SessionHarness, number>()
function store(harness: SessionHarness, kept = true): void {
  for (
    let all = harness.all('store');
    all.length > (answered.get(harness) ?? 0);
    all = harness.all('store')
  ) {
    const { batch } = all[answered.get(harness) ?? 0] ?? { batch: 0 }
    answered.set(harness, (answered.get(harness) ?? 0) + 1)
    harness.do({ type: 'stored', batch, kept })
  }
}

const released = (harness: SessionHarness): string[] => harness.all('release').map(({ producer }) => producer)
const settled = (harness: SessionHarness): unknown[] =>
  harness.all('settled').map(({ entry: { id, state: end, extra } }) => [id, end, extra?.code])

/** A page with a leftover that is attached and being written. */
function writing(): SessionHarness {
  const harness = durable()
  adopt(harness, left('old', [1, 2]))
  harness.live()
  store(harness)
  harness.receive([FrameType.ATTACHED, 0, state(0)])
  store(harness)
  expect(harness.takeSent()).toEqual(['old 1', 'old 2'])
  return harness
}

describe('once storage has failed, what a closed page left', () => {
  it('is let go of where it waited for a WELCOME, and nothing is asked for any more', () => {
    const harness = durable()
    adopt(harness, left('old'))
    harness.send('own')
    store(harness, false)
    expect(released(harness)).toEqual(['old'])
    harness.live()
    expect(harness.takeSent()).toEqual(['own'])
    harness.relive()

    expect([harness.all('claim'), harness.all('warning')]).toEqual([[], []])
  })

  it('is let go of where it was taken over and is not attached, unsettled as it is', () => {
    const harness = durable()
    adopt(harness, left('old'))
    harness.live()
    harness.takeFrames()
    store(harness, false)

    expect([released(harness), harness.takeFrames()]).toEqual([['old'], []])
    expect(settled(harness)).toEqual([['old.1', 'unknown', 'stored']])
    expect(harness.session.inFlight).toBe(0)
  })

  it.each([
    ['it is attached, and its epoch is not stored', true],
    ['its ATTACH is on its way', false],
  ])('is let go of once the connection that has it is over: %s', (_when, attached) => {
    const harness = durable()
    adopt(harness, { ...left('old'), producer: { ...left('old').producer, epoch: null } })
    harness.live()
    store(harness)
    if (attached) harness.receive([FrameType.ATTACHED, 0, state(0)])
    else harness.send('own')
    const { dial } = harness
    harness.takeFrames()
    store(harness, false)

    expect([released(harness), harness.takeSent()]).toEqual([['old'], []])
    const order = harness.effects
      .map(({ type }) => type)
      .filter((type) => type === 'drop' || type === 'release')
    expect(order).toEqual(['drop', 'release'])
    expect(harness.all('lost')).toMatchObject([{ cause: { code: 'storage_failed' } }])
    harness.advance(0)
    expect([harness.session.connection.name, harness.dial]).toEqual(['dialing', dial + 1])
  })

  it('is let go of also where it is being written; what the page sent itself goes on', () => {
    const harness = writing()
    harness.send('own')
    store(harness, false)
    expect(released(harness)).toEqual(['old'])
    expect(settled(harness)).toEqual([
      ['old.1', 'unknown', 'stored'],
      ['old.2', 'unknown', 'stored'],
    ])
    harness.advance(0)
    harness.welcome(harness.open())

    expect(harness.takeSent()).toEqual(['own'])
  })

  it('ends no connection that has sent all of it', () => {
    const harness = writing()
    harness.receive(accepted(0, 2))
    harness.send('own')
    store(harness, false)

    expect([harness.session.connection.name, harness.all('lost')]).toEqual(['live', []])
  })

  it('ends no connection that has none of it', () => {
    const harness = durable()
    harness.live()
    harness.send('own')
    store(harness, false)

    expect([harness.session.connection.name, harness.all('lost')]).toEqual(['live', []])
  })

  it('is let go of when it comes, also what is empty', () => {
    const harness = durable()
    harness.live()
    harness.send('own')
    store(harness, false)
    adopt(harness, left('late'), left('empty', []))

    expect([released(harness), harness.session.inFlight]).toEqual([['late', 'empty'], 0])
  })

  it('is not offered any more, if that was found out during the dial: it may be another page’s by then', () => {
    const harness = writing()
    harness.lose(1006)
    harness.do({ type: 'connect' })
    store(harness, false)

    expect([released(harness), harness.open().producers]).toEqual([['old'], []])
  })

  it('is let go of once the HELLO that it is in is let go of, too', () => {
    const harness = writing()
    harness.lose(1006)
    harness.do({ type: 'connect' })
    store(harness)
    harness.send('own')
    const hello = harness.open()
    expect(hello.producers).toHaveLength(1)
    store(harness, false)

    expect([harness.all('drop').length, released(harness)]).toEqual([1, ['old']])
    harness.advance(0)
    expect(harness.open().producers).not.toContainEqual(expect.objectContaining({ id: 'old' }))
  })

  it('lets what it held up go out in its old order', () => {
    const harness = durable()
    harness.live()
    harness.send('first', { lane: 'normal' })
    harness.send('second', { lane: 'high' })
    store(harness)
    harness.receive([FrameType.ATTACHED, 0, state(0)], [FrameType.ATTACHED, 1, state(0)])
    store(harness)
    harness.lose(1006)
    harness.do({ type: 'connect' })
    store(harness)
    const hello = harness.open()
    adopt(harness, left('old'))
    harness.welcome(hello)
    expect(harness.takeSent()).toEqual([])
    store(harness, false)

    expect([released(harness), harness.takeSent()]).toEqual([['old'], ['first', 'second']])
  })
})

describe('what a server refused', () => {
  it('is written to storage no more: another page may have it by then', () => {
    const harness = durable()
    const unmet = (id: string): StoredOutbox => ({
      ...left(id),
      producer: { ...left(id).producer, epoch: null },
    })
    adopt(harness, unmet('refused'), unmet('attached'))
    harness.live()
    store(harness)
    const before = harness.all('store').length
    harness.receive([FrameType.ATTACHED, 1, state(0)], [FrameType.ATTACHED, 0, null])

    const written = harness
      .all('store')
      .slice(before)
      .flatMap(({ changes }) => changes)
      .map((change) => (change.type === 'producer' ? change.producer.id : change.type))
    expect(new Set(written)).toEqual(new Set(['attached']))
    expect(released(harness)).toEqual(['refused'])
  })

  it('is not taken over as the same user again, but as another', () => {
    const harness = durable()
    const ofNobody = left('old', [1], null)
    adopt(harness, ofNobody)
    harness.live({ user: { id: 'ada' } })
    store(harness)
    harness.receive([FrameType.ATTACHED, 0, null])
    expect(released(harness)).toEqual(['old'])
    harness.takeFrames()
    adopt(harness, ofNobody)
    store(harness)
    expect([released(harness), harness.takeFrames()]).toEqual([['old', 'old'], []])
    harness.lose(1006)
    harness.live({ user: { id: 'ben' } })
    adopt(harness, ofNobody)
    store(harness)

    expect(harness.takeFrames()).toMatchObject([[FrameType.ATTACH, 0, { id: 'old' }]])
  })
})

describe('once the connection is over for now, what a closed page left', () => {
  it('is let go of, and asked for at the next WELCOME, though it is the first', () => {
    const harness = durable()
    adopt(harness, left('old'))
    harness.connect()
    harness.lose(SUPERSEDED)
    expect([harness.session.connection.name, released(harness)]).toEqual(['closed', ['old']])
    adopt(harness, left('late'))
    expect(released(harness)).toEqual(['old', 'late'])
    harness.live()

    expect(harness.all('claim')).toHaveLength(1)
  })

  it('is let go of when it comes after close()', () => {
    const harness = durable()
    harness.live()
    harness.do({ type: 'close', drainMs: 0, code: 1000, reason: '' })
    adopt(harness, left('late'))

    expect([released(harness), harness.session.inFlight]).toEqual([['late'], 0])
  })
})

describe('what comes after the connection was lost', () => {
  it('is let go of, and asked for at the next WELCOME: another page may be connected before', () => {
    const harness = durable()
    harness.live()
    harness.lose(1006)
    adopt(harness, left('late'))
    expect([harness.session.connection.name, released(harness)]).toEqual(['waiting', ['late']])
    harness.live()

    expect(harness.all('claim')).toHaveLength(1)
  })

  it('is let go of when disconnect() has been called, as is what waited for the first WELCOME', () => {
    const harness = durable()
    adopt(harness, left('waits'))
    harness.connect()
    harness.do({ type: 'disconnect' })
    expect(released(harness)).toEqual(['waits'])
    // Storage took its time to open.
    adopt(harness, left('late'))
    expect(released(harness)).toEqual(['waits', 'late'])
    harness.live()

    expect(harness.all('claim')).toHaveLength(1)
  })
})

describe('what comes during a handshake', () => {
  it('is let go of when that comes to nothing', () => {
    const harness = durable()
    harness.live()
    harness.lose(1006)
    harness.do({ type: 'connect' })
    harness.open()
    adopt(harness, left('late'))
    expect(released(harness)).toEqual([])
    harness.lose(1006)

    expect(released(harness)).toEqual(['late'])
  })

  it('is another’s if WELCOME names another: it is let go of and never offered', () => {
    const harness = durable()
    harness.live({ user: { id: 'ada' } })
    harness.lose(1006)
    harness.do({ type: 'connect' })
    const hello = harness.open()
    adopt(harness, left('adas', [1], 'ada'))
    harness.welcome(hello, { user: { id: 'ben' } })
    store(harness)

    expect([released(harness), harness.takeFrames(), harness.takeSent()]).toEqual([['adas'], [], []])
    expect(harness.all('warning')).toMatchObject([{ code: 'outbox_of_another_user' }])
  })

  it('is taken over if WELCOME names its user again', () => {
    const harness = durable()
    harness.live({ user: { id: 'ada' } })
    harness.lose(1006)
    harness.do({ type: 'connect' })
    const hello = harness.open()
    adopt(harness, left('adas', [1], 'ada'))
    harness.welcome(hello, { user: { id: 'ada' } })
    harness.takeFrames()
    store(harness)

    expect(harness.takeFrames()).toMatchObject([[FrameType.ATTACH, 0, { id: 'adas', attach: 5 }]])
  })
})
