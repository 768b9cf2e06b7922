import { describe, expect, it } from 'vitest'
import { FrameType } from '../../../../src/protocol/frames.js'
import { SessionHarness } from '../../../support/session-harness.js'
import { accepted, rejected, state } from '../../../support/fake-server-frames.js'

/** A live session whose lanes are attached: `normal` has index 0, `high` 1, `low` 2, requests 3. */
function allLanes(): SessionHarness {
  const harness = new SessionHarness()
  for (const lane of ['normal', 'high', 'low'] as const) harness.queue(`first ${lane}`, { lane })
  harness.request('first request')
  harness.live()
  harness.receive(accepted(0, 1), accepted(1, 1), accepted(2, 1), accepted(3, 1))
  harness.takeFrames()
  return harness
}

/** A live session whose normal lane is attached at index 0, next number 2. */
function oneLane(...config: ConstructorParameters<typeof SessionHarness>): SessionHarness {
  const harness = new SessionHarness(...config)
  harness.queue('first')
  harness.live()
  harness.receive(accepted(0, 1))
  harness.takeFrames()
  return harness
}

const outcomes = (harness: SessionHarness): unknown[] =>
  harness.all('settled').map(({ entry }) => [entry.id, entry.state, entry.extra?.code ?? null])

describe('a message', () => {
  it('waits until there is a connection and goes right after the welcome', () => {
    const harness = new SessionHarness()
    const entry = harness.send('early')
    expect(entry.state).toBe('queued')
    harness.live()

    expect(harness.takeFrames()).toEqual([[FrameType.SEND, 1, null, 'say', 'early']])
    expect(entry.state).toBe('written')
    expect([harness.session.queued, harness.session.inFlight]).toEqual([0, 1])
  })

  it('is settled by ACCEPTED, which is cumulative', () => {
    const harness = oneLane()
    const [a, b, c] = [harness.queue('a'), harness.queue('b'), harness.queue('c')]
    harness.turn()
    harness.receive(accepted(0, 3))

    expect([a.state, b.state, c.state]).toEqual(['accepted', 'accepted', 'written'])
    expect([harness.session.queued, harness.session.inFlight]).toEqual([0, 1])
  })

  it('is settled by REJECTED with the server’s reason; the ACCEPTED that covers it changes nothing', () => {
    const harness = oneLane()
    const entry = harness.send('a')
    harness.receive(rejected(0, 2, 'forbidden', 'not allowed'), accepted(0, 2))

    expect(entry).toMatchObject({ state: 'rejected', extra: { code: 'forbidden', message: 'not allowed' } })
    expect(outcomes(harness)).toHaveLength(2)
  })

  it('that is settled is not refused afterwards', () => {
    const harness = oneLane()
    const entry = harness.send('a')
    harness.receive(accepted(0, 2), rejected(0, 2))

    expect(entry.state).toBe('accepted')
    expect(harness.violation).toBeNull()
  })

  it('of one turn travels with the others of that turn as one WebSocket message', () => {
    const harness = oneLane()
    for (const data of ['a', 'b', 'c']) harness.queue(data)
    harness.turn()

    expect(harness.takeBatches()).toHaveLength(1)
  })

  it('that was cancelled before it was written leaves a hole, stated as VOID before the next one', () => {
    const harness = new SessionHarness()
    const [a, , c] = [harness.queue('a'), harness.queue('b'), harness.queue('c')]
    harness.queue('d')
    expect(harness.session.cancel(a, 'cancelled', '')).toBe(true)
    expect(harness.session.cancel(c, 'cancelled', '')).toBe(true)
    harness.live()

    expect(harness.takeFrames()).toEqual([
      [FrameType.VOID, 1, 1],
      [FrameType.SEND, 2, null, 'say', 'b'],
      [FrameType.VOID, 3, 3],
      [FrameType.SEND, 4, null, 'say', 'd'],
    ])
  })

  it('cannot be cancelled once it was written', () => {
    const harness = oneLane()
    const entry = harness.send('a')

    expect(harness.session.cancel(entry, 'cancelled', '')).toBe(false)
    expect(entry.state).toBe('written')
  })

  it('larger than the server’s frames is refused on the spot and leaves a hole', () => {
    const harness = new SessionHarness()
    const large = harness.queue('x'.repeat(2_000))
    harness.queue('small')
    harness.live({ maxFrame: 1_000 })

    expect(large).toMatchObject({ state: 'rejected', extra: { code: 'too_large' } })
    expect(harness.takeFrames()).toEqual([
      [FrameType.VOID, 1, 1],
      [FrameType.SEND, 2, null, 'say', 'small'],
    ])
  })

  it('expires when it was not written in time', () => {
    const harness = new SessionHarness()
    const entry = harness.send('a', { ttlMs: 100 })
    harness.advance(100)

    expect(entry.state).toBe('expired')
  })

  it('that is past its time is not written, however late the timer', () => {
    const harness = new SessionHarness()
    const entry = harness.send('a', { ttlMs: 100 })
    const hello = harness.connect()
    harness.now += 5_000
    harness.welcome(hello)

    expect(entry.state).toBe('expired')
    expect(harness.takeSent()).toEqual([])
  })

  it('is not expired once it was written', () => {
    const harness = oneLane()
    const entry = harness.send('a', { ttlMs: 100 })
    harness.advance(1_000)

    expect(entry.state).toBe('written')
  })
})

describe('lanes', () => {
  it('are attached on their first use, before their first message, which waits for the answer', () => {
    const harness = oneLane()
    harness.send('urgent', { lane: 'high' })
    expect(harness.takeFrames()).toEqual([
      [FrameType.ATTACH, 1, expect.objectContaining({ kind: 'messages' })],
    ])
    harness.receive([FrameType.ATTACHED, 1, state(0)])

    expect(harness.takeFrames()).toEqual([
      [FrameType.USE, 1],
      [FrameType.SEND, 1, null, 'say', 'urgent'],
    ])
  })

  it('are attached once, however much is sent meanwhile', () => {
    const harness = oneLane()
    harness.send('urgent', { lane: 'high' })
    harness.send('more', { lane: 'high' })

    expect(harness.takeFrames().filter(([type]) => type === FrameType.ATTACH)).toHaveLength(1)
  })

  it('take turns by priority, and none starves', () => {
    const harness = allLanes()
    for (let n = 0; n < 20; n++) {
      for (const lane of ['low', 'normal', 'high'] as const) harness.queue(lane, { lane })
    }
    harness.turn()
    const sent = harness.takeSent()
    const count = (lane: string, among: unknown[]): number => among.filter((data) => data === lane).length

    expect(sent).toHaveLength(60)
    expect(['high', 'normal', 'low'].map((lane) => count(lane, sent.slice(0, 26)))).toEqual([16, 8, 2])
  })

  it('number in the lane that USE names; a batch begins at the first', () => {
    const harness = allLanes()
    harness.queue('a', { lane: 'normal' })
    harness.queue('b', { lane: 'high' })
    harness.turn()

    expect(harness.takeFrames()).toEqual([
      [FrameType.USE, 1],
      [FrameType.SEND, 2, null, 'say', 'b'],
      [FrameType.USE, 0],
      [FrameType.SEND, 2, null, 'say', 'a'],
    ])
  })

  it('that the server refuses end what they hold; the next message begins another one', () => {
    const harness = oneLane()
    const lost = harness.send('urgent', { lane: 'high' })
    harness.receive([FrameType.ATTACHED, 1, null])

    expect(lost).toMatchObject({ state: 'cancelled', extra: { code: 'producer_refused' } })
    expect(harness.all('warning')).toMatchObject([{ code: 'producer_refused' }])
    harness.takeFrames()
    harness.send('again', { lane: 'high' })
    expect(harness.takeFrames()).toMatchObject([[FrameType.ATTACH, 2, { attach: 1 }]])
  })

  it('are never attached by an answer to nothing', () => {
    const harness = oneLane()
    harness.receive([FrameType.ATTACHED, 0, state(0)])

    expect(harness.violation).toMatch(/answers no ATTACH/)
  })

  it('let a request go only after the earlier messages of the normal and high lanes', () => {
    const harness = allLanes()
    for (let n = 0; n < 3; n++) harness.queue(`low ${n}`, { lane: 'low' })
    for (let n = 0; n < 3; n++) harness.queue(`normal ${n}`)
    harness.request('after them')
    const sent = harness.takeSent()

    expect(sent.indexOf('after them')).toBeGreaterThan(sent.indexOf('normal 2'))
    expect(sent).toHaveLength(7)
  })
})

describe('the window', () => {
  it('in messages is what the server named beyond the last number it settled', () => {
    const harness = new SessionHarness()
    for (let n = 1; n <= 5; n++) harness.queue(n)
    harness.live({ window: { messages: 2, bytes: 1_000_000 } })
    expect(harness.takeSent()).toEqual([1, 2])
    harness.receive(accepted(0, 1))
    expect(harness.takeSent()).toEqual([3])
    harness.receive(accepted(0, 3))
    expect(harness.takeSent()).toEqual([4, 5])
  })

  it('in messages counts for each lane by itself', () => {
    const harness = new SessionHarness()
    for (let n = 1; n <= 3; n++) harness.queue(`n${n}`)
    for (let n = 1; n <= 3; n++) harness.queue(`h${n}`, { lane: 'high' })
    harness.live({ window: { messages: 2, bytes: 1_000_000 } })

    expect(harness.takeSent().map(String).sort()).toEqual(['h1', 'h2', 'n1', 'n2'])
  })

  it('in bytes holds back the next batch until the last one was acknowledged', () => {
    const harness = oneLane()
    harness.reconnect()
    const window = { messages: 1_000, bytes: 2_000 }
    harness.receive([
      FrameType.WELCOME,
      {
        v: 1,
        session: { id: 'session-1', key: 'k', resumed: true },
        user: { id: 'user-1' },
        producers: [state(1)],
        logs: {},
        pingMs: 0,
        sessionMs: 0,
        window,
        maxFrame: 100_000,
        caps: {},
      },
    ])
    harness.send('x'.repeat(1_200))
    harness.send('y'.repeat(1_200))
    expect(harness.takeSent()).toHaveLength(1)
    harness.receive(accepted(0, 2))
    expect(harness.takeSent()).toHaveLength(1)
  })

  it('in bytes lets one batch go alone, however large', () => {
    const harness = new SessionHarness()
    harness.queue('x'.repeat(5_000))
    harness.queue('small')
    harness.live({ window: { messages: 100, bytes: 1_000 } })
    expect(harness.takeSent()).toEqual(['x'.repeat(5_000)])
    harness.receive(accepted(0, 1))
    expect(harness.takeSent()).toEqual(['small'])
  })

  it('in bytes never has more outstanding than allowed, whatever is sent', () => {
    const harness = new SessionHarness()
    for (let n = 0; n < 60; n++) harness.queue('z'.repeat(300))
    const window = { messages: 1_000, bytes: 4_000 }
    harness.live({ window })
    let acknowledged = 0
    for (let rounds = 0; acknowledged < 60 && rounds < 100; rounds++) {
      const batches = harness.takeBatches()
      expect(batches.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(window.bytes)
      acknowledged += batches.flatMap(({ frames }) => frames).length
      harness.receive(accepted(0, acknowledged))
    }
    expect(acknowledged).toBe(60)
  })

  it('has room for holes longer than itself: they are stated piece by piece', () => {
    const harness = new SessionHarness()
    const entries = Array.from({ length: 7 }, (_, n) => harness.queue(n))
    for (const entry of entries.slice(0, 6)) harness.session.cancel(entry, 'cancelled', '')
    harness.live({ window: { messages: 3, bytes: 1_000_000 } })
    expect(harness.takeFrames()).toEqual([[FrameType.VOID, 1, 3]])
    harness.receive(accepted(0, 3))
    expect(harness.takeFrames()).toEqual([[FrameType.VOID, 4, 6]])
    harness.receive(accepted(0, 6))
    expect(harness.takeFrames()).toEqual([[FrameType.SEND, 7, null, 'say', 6]])
  })
})

describe('batches', () => {
  it('stay below 16 KiB, so that the server handles one while the next is made', () => {
    const harness = new SessionHarness()
    for (let n = 0; n < 10; n++) harness.queue('x'.repeat(5_000))
    harness.live()
    const batches = harness.takeBatches()

    expect(batches.map(({ frames }) => frames.length)).toEqual([3, 3, 3, 1])
    for (const { bytes } of batches) expect(bytes).toBeLessThanOrEqual(16_384)
  })

  it.each([
    ['one byte a character', 'x'.repeat(70)],
    ['several bytes a character', 'ü€😀'.repeat(12)],
  ])('are filled to the brim by small messages of %s', (_, text) => {
    const harness = new SessionHarness()
    for (let n = 0; n < 400; n++) harness.queue(text)
    harness.live()
    const batches = harness.takeBatches()

    expect(batches.length).toBeGreaterThan(1)
    for (const { bytes } of batches) expect(bytes).toBeLessThanOrEqual(16_384)
    for (const { bytes } of batches.slice(0, -1)) expect(bytes).toBeGreaterThan(16_384 - 300)
  })

  it('hold a message alone that is longer than that', () => {
    const harness = new SessionHarness()
    harness.queue('before')
    harness.queue('x'.repeat(20_000))
    harness.queue('after')
    harness.live()

    expect(harness.takeBatches().map(({ frames }) => frames.length)).toEqual([1, 1, 1])
  })

  it('stay below the server’s longest frame', () => {
    const harness = new SessionHarness()
    for (let n = 0; n < 10; n++) harness.queue('x'.repeat(1_000))
    harness.live({ maxFrame: 3_000 })
    const batches = harness.takeBatches()

    expect(batches.flatMap(({ frames }) => frames)).toHaveLength(10)
    for (const { bytes } of batches) expect(bytes).toBeLessThanOrEqual(3_000)
  })

  it('of other frames stay below it too, also together with a message', () => {
    const harness = oneLane()
    const hello = harness.reconnect()
    harness.welcome(hello, { maxFrame: 3_000, producers: [state(1)] })
    for (let n = 0; n < 20; n++) harness.session.sendVolatile(null, 'typing', 'x'.repeat(500))
    harness.send('y'.repeat(2_000))
    const batches = harness.takeBatches()

    expect(batches.flatMap(({ frames }) => frames)).toHaveLength(21)
    for (const { bytes } of batches) expect(bytes).toBeLessThanOrEqual(3_000)
  })

  it('wait while the platform has much unsent, and go when it has drained', () => {
    const harness = oneLane()
    harness.buffered = 2_000_000
    harness.send('a')
    expect(harness.takeSent()).toEqual([])
    harness.advance(200)
    expect(harness.takeSent()).toEqual([])
    harness.buffered = 0
    harness.advance(20)

    expect(harness.takeSent()).toEqual(['a'])
  })
})

describe('an acknowledgement', () => {
  it.each([
    ['ACCEPTED of a number never sent', accepted(0, 3)],
    ['REJECTED of a number never sent', rejected(0, 3)],
    ['ACCEPTED in a producer never attached', accepted(1, 1)],
  ])('that cannot be is fatal: %s', (_what, frame) => {
    const harness = oneLane()
    const entry = harness.send('a')
    harness.receive(frame)

    expect(harness.violation).not.toBeNull()
    expect(entry.state).toBe('written')
  })

  it('of a hole that was stated counts', () => {
    const harness = oneLane()
    const entry = harness.queue('a')
    harness.session.cancel(entry, 'cancelled', '')
    harness.send('b')
    harness.receive(accepted(0, 2))

    expect(harness.violation).toBeNull()
  })

  it('that comes again or late is nothing', () => {
    const harness = oneLane()
    harness.send('a')
    harness.receive(accepted(0, 2), accepted(0, 2), accepted(0, 1))

    expect(harness.violation).toBeNull()
    expect(harness.session.inFlight).toBe(0)
  })

  it('is counted as a round trip', () => {
    const harness = oneLane()
    harness.send('a')
    harness.advance(40)
    harness.receive(accepted(0, 2))

    expect(harness.session.roundTrip.last).toBe(40)
  })
})

describe('after a close with 1009', () => {
  const tooLarge = (
    ...data: string[]
  ): { harness: SessionHarness; entries: ReturnType<SessionHarness['queue']>[] } => {
    const harness = new SessionHarness()
    const entries = data.map((item) => harness.queue(item))
    harness.live()
    harness.takeFrames()
    harness.welcome(harness.reconnect(1009))
    return { harness, entries }
  }

  it('messages go one by one, each when the last is acknowledged', () => {
    const { harness } = tooLarge('a', 'b', 'c')
    expect(harness.takeSent()).toEqual(['a'])
    harness.receive(accepted(0, 1))
    expect(harness.takeSent()).toEqual(['b'])
    harness.receive(accepted(0, 2))
    expect(harness.takeSent()).toEqual(['c'])
  })

  it('the one that does it again fails, and the others go on', () => {
    const { harness, entries } = tooLarge('a', 'b', 'c')
    harness.receive(accepted(0, 1))
    harness.takeFrames()
    harness.welcome(harness.reconnect(1009))

    expect(entries.map(({ state: how }) => how)).toEqual(['accepted', 'rejected', 'written'])
    expect(entries[1]?.extra?.code).toBe('too_large')
    expect(harness.takeFrames()).toEqual([
      [FrameType.VOID, 2, 2],
      [FrameType.SEND, 3, null, 'say', 'c'],
    ])
  })

  it('ends with full batches again, once what was on the wire then is settled', () => {
    const { harness } = tooLarge('a', 'b')
    harness.receive(accepted(0, 1))
    harness.receive(accepted(0, 2))
    harness.takeFrames()
    harness.queue('c')
    harness.queue('d')
    harness.turn()

    expect(harness.takeSent()).toEqual(['c', 'd'])
  })

  it('a loss of another kind does not stop the one that was alone on the wire from being sent again', () => {
    const { harness } = tooLarge('a', 'b')
    harness.takeFrames()
    harness.welcome(harness.reconnect(1006))

    expect(harness.takeSent()).toEqual(['a'])
  })

  it('a refusal of the one that was alone on the wire lets the next one go', () => {
    const { harness } = tooLarge('a', 'b')
    harness.takeFrames()
    harness.receive(rejected(0, 1), accepted(0, 1))

    expect(harness.takeSent()).toEqual(['b'])
  })

  it('the end of its producer does not hold up the other lanes', () => {
    const harness = new SessionHarness()
    harness.queue('a')
    harness.queue('urgent', { lane: 'high' })
    harness.live()
    harness.takeFrames()
    harness.welcome(harness.reconnect(1009))
    expect(harness.takeSent()).toEqual(['a'])
    harness.welcome(harness.reconnect(), ({ producers }) => ({
      producers: [null, state(0, { epoch: producers[1]?.epoch ?? '' })],
    }))

    expect(harness.takeSent()).toEqual(['urgent'])
  })
})

describe('a volatile message', () => {
  it('goes with the turn and is not numbered', () => {
    const harness = oneLane()
    expect(harness.session.sendVolatile('room', 'typing', true)).toBe('sent')
    harness.turn()

    expect(harness.takeFrames()).toEqual([[FrameType.VOLATILE, 'room', 'typing', true]])
  })

  it('is dropped while there is no connection, while it is congested, and when it is too large', () => {
    const harness = new SessionHarness()
    const send = (data: unknown) => harness.session.sendVolatile(null, 'typing', data)
    expect(send(true)).toBe('offline')
    harness.live({ maxFrame: 1_000 })
    expect(send('x'.repeat(1_000))).toBe('too_large')
    harness.buffered = 2_000_000
    expect(send(true)).toBe('congested')
  })
})
