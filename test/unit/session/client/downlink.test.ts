import { describe, expect, it } from 'vitest'
import type { Delivery } from '../../../../src/session/client/inputs.js'
import { FrameType } from '../../../../src/protocol/frames.js'
import { entry, gap, joined, left, reply, SESSION } from '../../../support/fake-server-frames.js'
import { SessionHarness } from '../../../support/session-harness.js'

const USER_LOG = 'user/user-1'

function live(): SessionHarness {
  const harness = new SessionHarness()
  harness.live()
  harness.takeFrames()
  return harness
}

/** One of the deliveries so far. */
function deliveryOf(harness: SessionHarness, at: number): Delivery {
  const effect = harness.all('deliver')[at]
  if (effect === undefined) throw new Error(`there were not ${at + 1} deliveries`)
  return effect.delivery
}

const delivered = (harness: SessionHarness): unknown[] =>
  harness.all('deliver').map(({ delivery }) => delivery.message.data)

const gaps = (harness: SessionHarness): unknown[] =>
  harness.all('gap').map(({ gap: { log, from, to, why } }) => [log, from, to, why])

describe('an entry', () => {
  it('is delivered with everything an application may know of it', () => {
    const harness = live()
    harness.receive(entry(USER_LOG, 1, { n: 1 }, { id: 'p.7', from: 'user-9', at: 123, redelivered: true }))

    expect(harness.all('deliver')[0]?.delivery.message).toEqual({
      id: 'p.7',
      type: 'said',
      data: { n: 1 },
      room: null,
      from: 'user-9',
      offset: 1,
      sentAt: 123,
      redelivered: true,
    })
  })

  it('of every kind of log is delivered', () => {
    const harness = live()
    harness.join('lobby')
    harness.receive(joined(1, 'lobby', 0))
    harness.receive(
      entry('all', 1, 'all'),
      entry(`session/${SESSION}`, 1, 'session'),
      entry('room/lobby', 1, 'room'),
    )

    expect(delivered(harness)).toEqual(['all', 'session', 'room'])
    expect(harness.all('deliver').map(({ delivery }) => delivery.message.room)).toEqual([null, null, 'lobby'])
  })

  it('of which nothing more is said comes from the server itself, for the first time', () => {
    const harness = live()
    harness.receive(entry(USER_LOG, 1))

    expect(harness.all('deliver')[0]?.delivery.message).toMatchObject({ from: null, redelivered: false })
  })

  it('that came before is dropped and counted', () => {
    const harness = live()
    harness.receive(entry(USER_LOG, 1), entry(USER_LOG, 2))
    harness.receive(entry(USER_LOG, 1), entry(USER_LOG, 2), entry(USER_LOG, 3))

    expect(delivered(harness)).toEqual([1, 2, 3])
    expect(harness.session.counters.duplicatesDropped).toBe(2)
  })

  it('that leaves out others without a word is a violation', () => {
    const harness = live()
    harness.receive(entry(USER_LOG, 2))

    expect(harness.violation).toMatch(/without SKIP or GAP/)
    expect(delivered(harness)).toEqual([])
  })

  it('may leave out what SKIP names', () => {
    const harness = live()
    harness.receive([FrameType.SKIP, USER_LOG, 4], entry(USER_LOG, 5))

    expect(delivered(harness)).toEqual([5])
    expect(gaps(harness)).toEqual([])
  })

  it('of a log that was never followed is a violation; of a room that was left it is nothing', () => {
    const harness = live()
    harness.receive(entry('room/never', 1), [FrameType.SKIP, 'room/never', 3], gap('room/never', 1, 2))
    expect(harness.violation).toBeNull()
    harness.receive(entry('user/someone', 1))

    expect(harness.violation).toMatch(/doesn't follow/)
  })

  it('moves the cursor that the next HELLO offers, handled or not', () => {
    const harness = live()
    harness.receive(entry(USER_LOG, 1), entry(USER_LOG, 2))

    expect(harness.reconnect().cursors[USER_LOG]).toEqual(['log-epoch', 2])
  })

  it('that comes again after a reconnect is dropped', () => {
    const harness = live()
    harness.receive(entry(USER_LOG, 1), entry(USER_LOG, 2))
    harness.relive()
    harness.receive(entry(USER_LOG, 2), entry(USER_LOG, 3))

    expect(delivered(harness)).toEqual([1, 2, 3])
  })
})

describe('a gap', () => {
  it('is told with the exact range and lets the next entry follow', () => {
    const harness = live()
    harness.receive(gap(USER_LOG, 1, 9), entry(USER_LOG, 10))

    expect(gaps(harness)).toEqual([[USER_LOG, 1, 9, 'history']])
    expect(delivered(harness)).toEqual([10])
    expect(harness.session.counters.gaps).toBe(1)
  })

  it('in what was read already is told as far as it is missing', () => {
    const harness = live()
    harness.receive(entry(USER_LOG, 1), entry(USER_LOG, 2))
    harness.receive(gap(USER_LOG, 1, 4))
    harness.receive(gap(USER_LOG, 1, 3))

    expect(gaps(harness)).toEqual([[USER_LOG, 3, 4, 'history']])
  })

  it('of another epoch begins the log anew', () => {
    const harness = live()
    harness.receive(entry(USER_LOG, 1))
    harness.receive(gap(USER_LOG, 2, null, 'epoch', 'log-epoch-2'))
    harness.receive(entry(USER_LOG, 1, 'anew'))

    expect(gaps(harness)).toEqual([[USER_LOG, 2, null, 'epoch']])
    expect(delivered(harness)).toEqual([1, 'anew'])
    expect(harness.reconnect().cursors[USER_LOG]).toEqual(['log-epoch-2', 1])
  })

  it('of another epoch may be followed by one of its history', () => {
    const harness = live()
    const epoch = 'log-epoch-2'
    harness.receive(gap(USER_LOG, 1, null, 'epoch', epoch), gap(USER_LOG, 1, 5, 'history', epoch))
    harness.receive(entry(USER_LOG, 6))

    expect(gaps(harness)).toEqual([
      [USER_LOG, 1, null, 'epoch'],
      [USER_LOG, 1, 5, 'history'],
    ])
  })

  it.each([
    ['that leaves a hole before it', gap(USER_LOG, 3, 4)],
    ['of an epoch that nobody spoke of', gap(USER_LOG, 1, 2, 'history', 'other')],
  ])('%s is a violation', (_what, frame) => {
    const harness = live()
    harness.receive(frame)

    expect(harness.violation).toMatch(/join on/)
  })

  it('of the replies makes accepted requests unknown', () => {
    const harness = new SessionHarness()
    const { results } = harness.request('a')
    harness.live()
    harness.receive([FrameType.ACCEPTED, 0, 1])
    harness.receive(gap(`replies/${SESSION}`, 1, 1))

    expect(results).toMatchObject([{ ok: false, error: { outcome: 'unknown' } }])
  })
})

describe('the receive window', () => {
  const handled = (harness: SessionHarness): unknown[] =>
    harness.takeFrames().filter(([type]) => type === FrameType.HANDLED)

  it('is stated after a quarter of it went through handlers', () => {
    const harness = live()
    const bytes = harness.receive(entry(USER_LOG, 1), entry(USER_LOG, 2), entry(USER_LOG, 3))
    const [first, second, third] = harness.all('deliver')
    if (!first || !second || !third) throw new Error('three entries should be delivered')
    harness.handled(first.delivery)
    expect(handled(harness)).toEqual([])
    harness.handled(second.delivery)
    expect(handled(harness)).toEqual([[FrameType.HANDLED, 2, 0]])
    harness.handled(third.delivery)
    expect(handled(harness)).toEqual([])
    const more = harness.receive(entry(USER_LOG, 4))
    harness.handled(deliveryOf(harness, 3))
    expect(handled(harness)).toEqual([[FrameType.HANDLED, 4, bytes + more]])
  })

  it('is stated after a quarter of its bytes', () => {
    const harness = live()
    const bytes = harness.receive(entry(USER_LOG, 1, 'x'.repeat(3_000)))
    harness.handled(deliveryOf(harness, 0))

    expect(handled(harness)).toEqual([[FrameType.HANDLED, 1, bytes]])
  })

  it('counts a batch’s bytes when the last of its entries is handled, in whatever order', () => {
    const harness = live()
    harness.receive(entry(USER_LOG, 1, 'x'.repeat(3_000)), entry('all', 1))
    harness.handled(deliveryOf(harness, 1))
    expect(handled(harness)).toEqual([])
    harness.handled(deliveryOf(harness, 0))
    expect(handled(harness)).toHaveLength(1)
  })

  it('counts duplicates and entries of rooms that were left at once, for the server has counted them', () => {
    const harness = live()
    harness.receive(entry('room/left', 1), entry('room/left', 2))

    expect(handled(harness)).toMatchObject([[FrameType.HANDLED, 2, expect.any(Number)]])
  })

  it('does not count replies', () => {
    const harness = live()
    const bytes = harness.receive(reply(1, 'x', 1), reply(2, 'y', 'x'.repeat(5_000)))

    expect(bytes).toBeGreaterThan(5_000)
    expect(handled(harness)).toEqual([])
  })

  it('starts over on the next connection; entries of the last one no longer count', () => {
    const harness = live()
    harness.receive(entry(USER_LOG, 1), entry(USER_LOG, 2), entry(USER_LOG, 3))
    const old = harness.all('deliver')
    harness.relive()
    harness.takeFrames()
    for (const { delivery } of old) harness.handled(delivery)
    expect(handled(harness)).toEqual([])
    const bytes = harness.receive(entry(USER_LOG, 4), entry(USER_LOG, 5))
    for (const { delivery } of harness.all('deliver').slice(3)) harness.handled(delivery)

    expect(handled(harness)).toEqual([[FrameType.HANDLED, 2, bytes]])
  })
})

describe('a volatile message of the server', () => {
  it('is delivered without offset, if its room is followed', () => {
    const harness = live()
    harness.join('lobby')
    harness.receive(joined(1, 'lobby', 0))
    harness.receive(
      [FrameType.VOLATILE, null, 'typing', 1, 'user-9'],
      [FrameType.VOLATILE, 'lobby', 'typing', 2],
      [FrameType.VOLATILE, 'elsewhere', 'typing', 3],
    )

    expect(
      harness
        .all('deliver-volatile')
        .map(({ message }) => [message.room, message.data, message.from, message.offset]),
    ).toEqual([
      [null, 1, 'user-9', null],
      ['lobby', 2, null, null],
    ])
  })
})

describe('PING', () => {
  it('is answered with its number', () => {
    const harness = live()
    harness.receive([FrameType.PING, 77])

    expect(harness.takeFrames()).toEqual([[FrameType.PONG, 77]])
  })
})

describe('a room that was left', () => {
  it('delivers nothing more', () => {
    const harness = live()
    harness.join('lobby')
    harness.receive(joined(1, 'lobby', 0))
    harness.session.leave('lobby', () => undefined)
    harness.turn()
    harness.receive(entry('room/lobby', 1))
    harness.receive(left(2, 'lobby'))

    expect(delivered(harness)).toEqual([])
    expect(harness.reconnect().cursors).not.toHaveProperty('room/lobby')
  })
})
