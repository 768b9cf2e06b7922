import { describe, expect, it } from 'vitest'
import { FrameType, type ProducerState } from '../../../../src/protocol/frames.js'
import { accepted, entry as logEntry, reply, SESSION, state } from '../../../support/fake-server-frames.js'
import { SessionHarness } from '../../../support/session-harness.js'

/** Three messages written on a connection that was lost, and what the server says of them then. */
function afterLoss(
  answer: ProducerState | null,
  config: ConstructorParameters<typeof SessionHarness>[0] = {},
) {
  const harness = new SessionHarness(config)
  const entries = ['a', 'b', 'c'].map((data) => harness.queue(data))
  harness.live()
  const hello = harness.reconnect()
  harness.welcome(hello, { producers: [answer] })
  return { harness, entries, hello }
}

const states = (entries: readonly { state: string }[]): string[] => entries.map((entry) => entry.state)

describe('WELCOME settles', () => {
  it('what the server committed as accepted, without sending it again', () => {
    const { harness, entries } = afterLoss(state(2))

    expect(states(entries)).toEqual(['accepted', 'accepted', 'written'])
    expect(harness.takeSent()).toEqual(['c'])
  })

  it('what the server committed as refused, with the server’s reason', () => {
    const { entries } = afterLoss(state(2, { refused: [[1, 'forbidden', 'not you']] }))

    expect(states(entries)).toEqual(['rejected', 'accepted', 'written'])
    expect(entries[0]?.extra).toMatchObject({ code: 'forbidden', message: 'not you' })
  })

  it('what was written through a window longer than this server remembers refusals of as unknown', () => {
    const harness = new SessionHarness()
    const entries = ['a', 'b', 'c'].map((data) => harness.queue(data))
    harness.live()
    const hello = harness.reconnect()
    harness.welcome(hello, { producers: [state(3)], window: { messages: 2, bytes: 1_000_000 } })

    expect(states(entries)).toEqual(['unknown', 'accepted', 'accepted'])
    expect(entries[0]?.extra).toMatchObject({ code: 'server_forgot' })
  })

  it('what the server says was void as cancelled, also while it is in hand there', () => {
    const { entries } = afterLoss(
      state(1, {
        held: 2,
        refused: [
          [1, 'void', ''],
          [2, 'void', ''],
        ],
      }),
    )

    expect(states(entries)).toEqual(['cancelled', 'cancelled', 'written'])
  })

  it('nothing beyond what was committed, whatever refusals say', () => {
    const { harness, entries } = afterLoss(state(1, { refused: [[2, 'no', 'no']] }))

    expect(states(entries)).toEqual(['accepted', 'written', 'written'])
    expect(harness.takeSent()).toEqual(['b', 'c'])
  })

  it('and what the server holds is neither sent again nor given up: its acknowledgement follows', () => {
    const { harness, entries } = afterLoss(state(0, { held: 2 }))
    expect(harness.takeSent()).toEqual(['c'])
    harness.receive(accepted(0, 3))

    expect(states(entries)).toEqual(['accepted', 'accepted', 'accepted'])
  })

  it('and what is sent again has its old number, and counts as resent', () => {
    const { harness } = afterLoss(state(1))

    expect(harness.takeFrames()).toEqual([
      [FrameType.SEND, 2, null, 'say', 'b'],
      [FrameType.SEND, 3, null, 'say', 'c'],
    ])
    expect(harness.session.counters.resent).toBe(2)
  })

  it('and what was resent goes before what is fresh, in its first order across producers', () => {
    const harness = new SessionHarness()
    harness.queue('first', { lane: 'low' })
    harness.queue('second', { lane: 'high' })
    harness.queue('third', { lane: 'low' })
    harness.queue('fourth', { lane: 'normal' })
    harness.live()
    const hello = harness.reconnect()
    harness.queue('urgent and fresh', { lane: 'high' })
    harness.takeFrames()
    harness.welcome(hello)

    expect(harness.takeSent()).toEqual(['first', 'second', 'third', 'fourth', 'urgent and fresh'])
  })

  it('and holes are stated again when a message behind them is', () => {
    const harness = new SessionHarness()
    const hole = harness.queue('hole')
    harness.queue('b')
    harness.session.cancel(hole, 'cancelled', '')
    harness.live()
    const hello = harness.reconnect()
    harness.welcome(hello)

    expect(harness.takeFrames()).toEqual([
      [FrameType.VOID, 1, 1],
      [FrameType.SEND, 2, null, 'say', 'b'],
    ])
  })

  it('and a hole that the server holds is not stated again', () => {
    const harness = new SessionHarness()
    const hole = harness.queue('hole')
    harness.queue('b')
    harness.session.cancel(hole, 'cancelled', '')
    harness.live()
    const hello = harness.reconnect()
    harness.welcome(hello, { producers: [state(0, { held: 1 })] })

    expect(harness.takeFrames()).toEqual([[FrameType.SEND, 2, null, 'say', 'b']])
  })

  it('and the window counts from what is settled: what is resent keeps to it', () => {
    const harness = new SessionHarness()
    for (const data of ['a', 'b', 'c', 'd']) harness.queue(data)
    harness.live()
    const hello = harness.reconnect()
    harness.welcome(hello, { producers: [state(1)], window: { messages: 2, bytes: 1_000_000 } })

    expect(harness.takeSent()).toEqual(['b', 'c'])
  })

  it.each([
    ['went back in the same epoch', { floorBefore: 2, answer: state(1) }, /went back/],
    ['settled what was never sent', { floorBefore: 0, answer: state(9) }, /only 3 messages were ever sent/],
    ['holds what was never sent', { floorBefore: 0, answer: state(0, { held: 4 }) }, /only 3 messages/],
  ])('and a server that %s is not believed', (_what, { floorBefore, answer }, why) => {
    const harness = new SessionHarness()
    for (const data of ['a', 'b', 'c']) harness.queue(data)
    harness.live()
    if (floorBefore > 0) harness.receive(accepted(0, floorBefore))
    const hello = harness.reconnect()
    harness.welcome(hello, { producers: [answer] })

    expect(harness.violation).toMatch(why)
  })
})

describe('a server that forgot', () => {
  const other = (last: number): ProducerState => state(last, { epoch: 'epoch-2' })

  it('gets everything written again under the same numbers', () => {
    const { harness, entries } = afterLoss(other(0))

    expect(harness.takeFrames()).toHaveLength(3)
    expect(states(entries)).toEqual(['written', 'written', 'written'])
    harness.receive(accepted(0, 3))
    expect(states(entries)).toEqual(['accepted', 'accepted', 'accepted'])
  })

  it('gets nothing again that it had settled before it forgot', () => {
    const harness = new SessionHarness()
    for (const data of ['a', 'b', 'c']) harness.queue(data)
    harness.live()
    harness.receive(accepted(0, 2))
    const hello = harness.reconnect()
    harness.welcome(hello, { producers: [other(2)] })

    expect(hello.producers[0]).toMatchObject({ floor: 2, written: 3 })
    expect(harness.takeSent()).toEqual(['c'])
  })

  it('with onUnknown: reject gets VOID for what was written, which ends as unknown', () => {
    const harness = new SessionHarness({ onUnknown: 'reject' })
    const entries = ['a', 'b'].map((data) => harness.queue(data))
    harness.live()
    harness.lose(1006)
    const fresh = harness.queue('fresh')
    harness.advance(500)
    const hello = harness.open()
    harness.welcome(hello, { producers: [other(0)] })

    expect(states(entries)).toEqual(['unknown', 'unknown'])
    expect(entries[0]?.extra?.code).toBe('server_forgot')
    expect(harness.takeFrames()).toEqual([
      [FrameType.VOID, 1, 2],
      [FrameType.SEND, 3, null, 'say', 'fresh'],
    ])
    expect(fresh.state).toBe('written')
  })

  it('never gets a request again: what was written and not settled is unknown', () => {
    const harness = new SessionHarness()
    const { entry, results } = harness.request('risky')
    harness.live()
    const hello = harness.reconnect()
    harness.welcome(hello, { producers: [other(0)] })

    expect(entry.state).toBe('unknown')
    expect(results).toMatchObject([{ ok: false, error: { outcome: 'unknown', code: 'server_forgot' } }])
    expect(harness.takeSent()).toEqual([])
  })

  it('gets requests that were never written', () => {
    const harness = new SessionHarness()
    harness.request('first')
    harness.live()
    harness.lose(1006)
    harness.request('second')
    harness.advance(500)
    const hello = harness.open()
    harness.welcome(hello, { producers: [other(0)] })

    expect(harness.takeSent()).toEqual(['second'])
  })

  it('is not believed when it claims numbers beyond the floor that it was told', () => {
    const { harness } = afterLoss(other(1))

    expect(harness.violation).toMatch(/acknowledged/)
  })
})

describe('a session that was not resumed', () => {
  const another = {
    session: { id: 'session-2', key: 'k2', resumed: false, why: 'expired' },
    logs: {
      all: ['log-epoch', 0],
      'user/user-1': ['log-epoch', 0],
      'session/session-2': ['x', 0],
      'replies/session-2': ['x', 0],
    },
  } as const

  it('ends its log with a gap that says how much was read', () => {
    const harness = new SessionHarness()
    harness.live()
    harness.receive(logEntry(`session/${SESSION}`, 1))
    harness.welcome(harness.reconnect(), another)

    expect(harness.all('gap').map(({ gap }) => gap)).toMatchObject([
      { log: `session/${SESSION}`, room: null, from: 2, to: null, epoch: 'log-epoch' },
    ])
    expect(harness.session.session).toEqual({ id: 'session-2', resumed: false })
  })

  it('whose log the server never named ends without a gap: nothing was missed', () => {
    const harness = new SessionHarness()
    harness.live({ logs: {} })
    harness.relive({ session: { id: 'another', key: 'k', resumed: false }, logs: {} })

    expect(harness.violation).toBeNull()
    expect(harness.all('gap')).toEqual([])
  })

  it('makes accepted and unanswered requests unknown, and no others', () => {
    const harness = new SessionHarness()
    const begun = harness.request('begun')
    const settledByWelcome = harness.request('settled by the welcome')
    const never = harness.request('not taken')
    harness.live()
    harness.receive(accepted(0, 1))
    harness.welcome(harness.reconnect(), { ...another, producers: [state(2)] })

    expect(begun.results).toMatchObject([{ ok: false, error: { outcome: 'unknown' } }])
    expect(settledByWelcome.results).toMatchObject([{ ok: false, error: { outcome: 'unknown' } }])
    expect(never.results).toEqual([])
    expect(harness.takeSent()).toEqual(['not taken'])
  })

  it('has replies of its own from now on', () => {
    const harness = new SessionHarness()
    harness.request('first')
    harness.live()
    harness.welcome(harness.reconnect(), another)
    const { results } = harness.request('second')
    harness.receive(logEntry('replies/session-2', 1, 42, { re: 'id1.2' }))

    expect(results).toEqual([{ ok: true, data: 42 }])
    harness.receive(reply(1, 'id1.1', 1))
    expect(harness.violation).toMatch(/doesn't follow/)
  })

  it('keeps the numbers of what is unsettled: nothing is sent twice or lost', () => {
    const harness = new SessionHarness()
    const entry = harness.queue('a')
    harness.live()
    harness.welcome(harness.reconnect(), another)
    harness.receive(accepted(0, 1))

    expect(entry.state).toBe('accepted')
  })

  it('is not one that the server resumes under another name', () => {
    const harness = new SessionHarness()
    harness.live()
    harness.welcome(harness.reconnect(), { session: { ...another.session, resumed: true } })

    expect(harness.violation).toMatch(/was not offered/)
  })
})

describe('another user', () => {
  const asUser2 = { user: { id: 'user-2' }, session: { id: 'session-2', key: 'k', resumed: false } }

  it('inherits nothing: the unwritten is cancelled, the written unknown', () => {
    const harness = new SessionHarness()
    const written = harness.queue('written')
    harness.live()
    harness.lose(1006)
    const fresh = harness.queue('fresh')
    harness.advance(500)
    harness.welcome(harness.open(), asUser2)

    expect([written.state, fresh.state]).toEqual(['unknown', 'cancelled'])
    expect(written.extra?.code).toBe('user_changed')
    harness.takeFrames()
    harness.send('of the new user')
    expect(harness.takeFrames()).toMatchObject([[FrameType.ATTACH, 1, { attach: 1, floor: 0, written: 0 }]])
  })

  it('follows neither the user log nor the session log of the one before', () => {
    const harness = new SessionHarness()
    harness.live()
    harness.welcome(harness.reconnect(), {
      ...asUser2,
      logs: {
        all: ['log-epoch', 0],
        'user/user-2': ['e', 0],
        'session/session-2': ['e', 0],
        'replies/session-2': ['e', 0],
      },
    })
    const { cursors } = harness.reconnect()

    expect(Object.keys(cursors).sort()).toEqual([
      'all',
      'replies/session-2',
      'session/session-2',
      'user/user-2',
    ])
  })

  it('is not an anonymous one whose name follows the session', () => {
    const harness = new SessionHarness()
    const entry = harness.queue('mine')
    harness.live({ user: { id: 'anonymous:session-1' } })
    harness.welcome(harness.reconnect(), {
      user: { id: 'anonymous:session-2' },
      session: { id: 'session-2', key: 'k', resumed: false },
    })

    expect(entry.state).toBe('written')
  })
})

describe('a producer that the server refuses', () => {
  it('ends what it held, says so once, and is replaced by the next message', () => {
    const { harness, entries } = afterLoss(null)
    expect(states(entries)).toEqual(['unknown', 'unknown', 'unknown'])
    expect(harness.all('warning')).toMatchObject([{ code: 'producer_refused' }])
    const fresh = harness.send('fresh')
    harness.receive([FrameType.ATTACHED, 1, state(0)])

    expect(fresh.id).not.toBe(`${entries[0]?.producer.id}.4`)
    expect(harness.takeSent()).toEqual(['fresh'])
  })

  it('makes requests in it unknown', () => {
    const harness = new SessionHarness()
    const { results } = harness.request('a')
    harness.live()
    harness.welcome(harness.reconnect(), { producers: [null] })

    expect(results).toMatchObject([{ ok: false, error: { outcome: 'unknown', code: 'producer_refused' } }])
  })
})
