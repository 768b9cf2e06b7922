import { describe, expect, it } from 'vitest'
import { FrameType } from '../../../../src/protocol/frames.js'
import type { Sink } from '../../../../src/protocol/machine.js'
import type { StorageChange, StoredOutbox } from '../../../../src/protocol/storage.js'
import { json } from '../../../../src/serializers/json.js'
import type { SessionEffect } from '../../../../src/session/client/inputs.js'
import { Persistence } from '../../../../src/session/client/persistence.js'
import { accepted, state } from '../../../support/fake-server-frames.js'
import { SessionHarness } from '../../../support/session-harness.js'

const persistence = (emit: Sink<SessionEffect>): Persistence => new Persistence(emit)

function durable(): SessionHarness {
  return new SessionHarness({ persistence })
}

/** Confirms everything that was handed to storage. */
function store(harness: SessionHarness, kept = true): void {
  for (const { batch } of harness.all('store')) harness.do({ type: 'stored', batch, kept })
}

const changes = (harness: SessionHarness): StorageChange[] =>
  harness.all('store').flatMap((effect) => effect.changes)
const ofType = (harness: SessionHarness, type: StorageChange['type']): StorageChange[] =>
  changes(harness).filter((change) => change.type === type)

/** What a closed page left: messages of these numbers, their data is their number. */
function leftover(seqs: number[], producer: Partial<StoredOutbox['producer']> = {}): StoredOutbox {
  return {
    producer: {
      id: 'old',
      key: 'old key',
      attach: 4,
      epoch: 'epoch-1',
      user: null,
      floor: 0,
      ...producer,
    },
    messages: seqs.map((seq) => ({ producer: 'old', seq, body: json().encode([null, 'say', `old ${seq}`]) })),
  }
}

describe('with durable storage, a message', () => {
  it('is written only after it is stored', () => {
    const harness = durable()
    harness.queue('first')
    harness.live()
    harness.takeFrames()
    harness.send('second')
    expect(harness.takeSent()).toEqual([])
    store(harness)

    expect(harness.takeSent()).toEqual(['first', 'second'])
  })

  it('is not written in an epoch that is not stored: a later page could not tell that the server forgot it', () => {
    const harness = durable()
    harness.queue('a')
    harness.turn()
    store(harness)
    const storedBefore = harness.all('store').length
    harness.live()
    for (const { batch } of harness.all('store').slice(0, storedBefore)) {
      harness.do({ type: 'stored', batch, kept: true })
    }
    expect(harness.takeSent()).toEqual([])
    store(harness)

    expect(harness.takeSent()).toEqual(['a'])
  })

  it('never makes a batch full before its turn ends: all of the turn is stored at once', () => {
    const harness = durable()
    harness.queue('first')
    harness.live()
    harness.queue('x'.repeat(40_000))
    expect(harness.session.takeFullBatch()).toBe(false)

    const inMemory = new SessionHarness()
    inMemory.live()
    inMemory.queue('x'.repeat(40_000))
    expect(inMemory.session.takeFullBatch()).toBe(true)
    expect(inMemory.session.takeFullBatch()).toBe(false)
  })

  it('is stored in one batch with the others of its turn, its producer first', () => {
    const harness = durable()
    harness.queue('a')
    harness.queue('b')
    harness.turn()

    expect(harness.all('store')).toHaveLength(1)
    expect(changes(harness)).toEqual([
      { type: 'producer', producer: { id: 'id1', key: 'id2', attach: 1, epoch: null, user: null, floor: 0 } },
      { type: 'append', message: { producer: 'id1', seq: 1, body: '[null,"say","a"]' } },
      { type: 'append', message: { producer: 'id1', seq: 2, body: '[null,"say","b"]' } },
    ])
  })

  it('leaves storage when it is settled', () => {
    const harness = durable()
    harness.queue('a')
    harness.live()
    store(harness)
    harness.receive(accepted(0, 1))

    expect(ofType(harness, 'settle')).toEqual([{ type: 'settle', producer: 'id1', seq: 1 }])
  })

  it('is written without storage once storage failed', () => {
    const harness = durable()
    harness.queue('a')
    harness.live()
    store(harness, false)
    expect(harness.takeSent()).toEqual(['a'])
    const before = changes(harness).length
    harness.send('b')

    expect(harness.takeSent()).toEqual(['b'])
    expect(changes(harness)).toHaveLength(before)
  })

  it('that is dropped for want of room is not stored', () => {
    const harness = new SessionHarness({
      persistence,
      outbox: { maxMessages: 1, maxBytes: 1_000, overflow: 'reject' },
    })
    harness.queue('a')
    harness.send('b')

    expect(ofType(harness, 'append')).toHaveLength(1)
  })
})

describe('with durable storage', () => {
  it('a request is not stored: nobody would hear its reply', () => {
    const harness = durable()
    harness.request('question')
    harness.live()

    expect(changes(harness)).toEqual([])
    expect(harness.takeSent()).toEqual(['question'])
  })

  it('attach is stored before the dial that uses it', () => {
    const harness = durable()
    harness.send('a')
    harness.do({ type: 'connect' })
    const types = harness.effects.map(({ type }) => type)

    expect(types.indexOf('dial')).toBeGreaterThan(types.lastIndexOf('store'))
    expect(ofType(harness, 'producer').at(-1)).toMatchObject({ producer: { attach: 2 } })
  })

  it('a lane is attached on a live connection only once its attach is stored', () => {
    const harness = durable()
    harness.live()
    harness.takeFrames()
    harness.send('a')
    expect(harness.takeFrames()).toEqual([])
    store(harness)

    expect(harness.takeFrames()).toMatchObject([[FrameType.ATTACH, 0, { attach: 1 }]])
  })

  it('epoch and floor are stored after every welcome', () => {
    const harness = durable()
    harness.queue('a')
    harness.live()
    store(harness)
    harness.receive(accepted(0, 1))
    harness.relive()

    expect(ofType(harness, 'producer').at(-1)).toMatchObject({
      producer: { epoch: 'epoch-1', floor: 1, attach: 3 },
    })
  })

  it('what is stored stays for the next page when the client is closed, and says so', () => {
    const harness = durable()
    const entry = harness.queue('a')
    harness.turn()
    store(harness)
    harness.do({ type: 'close', drainMs: 0, code: 1000, reason: '' })

    expect(entry).toMatchObject({ state: 'unknown', extra: { code: 'stored' } })
    expect(ofType(harness, 'settle')).toEqual([])
  })

  it('that failed nobody is promised another page', () => {
    const harness = durable()
    const entry = harness.queue('a')
    harness.turn()
    store(harness, false)
    harness.do({ type: 'close', drainMs: 0, code: 1000, reason: '' })

    expect(entry).toMatchObject({ state: 'unknown', extra: { code: 'closed' } })
  })
})

describe('what ended otherwise than as accepted holds nothing up', () => {
  it('what was found too large is stored in the turn that found it', () => {
    const harness = durable()
    const large = harness.queue('x'.repeat(2_000))
    harness.queue('b')
    harness.live({ maxFrame: 1_000 })
    store(harness)
    expect(large.state).toBe('rejected')
    expect(ofType(harness, 'settle')).toMatchObject([{ seq: 1 }])
    expect(harness.takeSent()).toEqual(['b'])
  })

  it('a queue that drops its oldest message faster than storage takes it goes on being sent', () => {
    const harness = new SessionHarness({
      persistence,
      outbox: { maxMessages: 4, maxBytes: 16_777_216, overflow: 'drop-oldest' },
    })
    for (const data of ['a', 'b', 'c', 'd']) harness.queue(data)
    harness.live()
    let sent = 0
    for (let time = 0; time < 10; time++) {
      const before = harness.all('store')
      harness.send(`${time}`)
      for (const { batch } of before) harness.do({ type: 'stored', batch, kept: true })
      sent += harness.takeSent().length
    }
    expect(sent).toBeGreaterThan(0)
  })
})

/** A page that was welcomed and took over what closed pages left; its connection is gone, and the next HELLO offers it. */
function heirOf(...left: StoredOutbox[]): SessionHarness {
  const harness = durable()
  harness.live()
  harness.session.adopt(left)
  harness.turn()
  store(harness)
  harness.lose(1006)
  return harness
}

describe('what a closed page left behind', () => {
  it('is cancelled where the server says that it was void: storage had not heard of its end', () => {
    const ended: unknown[] = []
    const harness = heirOf(leftover([1, 2, 3]))
    const hello = harness.connect()
    harness.welcome(hello, {
      producers: [
        state(2, {
          epoch: 'epoch-1',
          held: 3,
          refused: [
            [1, 'void', ''],
            [3, 'void', ''],
          ],
        }),
      ],
    })
    for (const { entry } of harness.all('settled')) ended.push([entry.seq, entry.state])
    expect(ended).toEqual([
      [1, 'cancelled'],
      [3, 'cancelled'],
      [2, 'accepted'],
    ])
  })

  it('is attached with a newer attach and counts as written', () => {
    const harness = heirOf(leftover([3, 4], { floor: 2 }))
    const hello = harness.connect()

    expect(hello.producers).toEqual([
      {
        id: 'old',
        key: 'old key',
        kind: 'messages',
        attach: 6,
        epoch: 'epoch-1',
        floor: 2,
        written: 4,
      },
    ])
    expect(harness.session.inFlight).toBe(2)
  })

  it('is drained before anything new is written', () => {
    const harness = heirOf(leftover([1, 2]))
    harness.queue('new')
    harness.live()
    store(harness)
    expect(harness.takeSent()).toEqual(['old 1', 'old 2'])
    harness.receive(accepted(0, 1))
    expect(harness.takeSent()).toEqual([])
    harness.receive(accepted(0, 2))

    expect(harness.takeSent()).toEqual(['new'])
  })

  it('settles by what the server says and is forgotten once nothing remains', () => {
    const harness = heirOf(leftover([1, 2]))
    harness.live({ producers: [state(2)] })

    expect(harness.all('settled').map(({ entry }) => entry.state)).toEqual(['accepted', 'accepted'])
    expect(ofType(harness, 'forget')).toEqual([{ type: 'forget', producer: 'old' }])
    expect(harness.all('warning')).toEqual([])
  })

  it('is adopted during a dial, too: it is attached once its attach is stored', () => {
    const harness = durable()
    harness.do({ type: 'connect' })
    harness.session.adopt([leftover([1])])
    harness.turn()
    store(harness)
    const hello = harness.open()
    expect(hello.producers).toEqual([])
    harness.welcome(hello)
    expect(harness.takeFrames()).toEqual([])
    store(harness)
    expect(harness.takeFrames()).toMatchObject([[FrameType.ATTACH, 0, { id: 'old', attach: 5 }]])
    harness.receive([FrameType.ATTACHED, 0, state(0)])

    expect(harness.takeSent()).toEqual(['old 1'])
  })

  it('of which the server had seen more than was kept is settled, forgotten and warned of', () => {
    const harness = heirOf(leftover([1, 2]))
    harness.live({ producers: [state(5)] })

    expect(harness.violation).toBeNull()
    expect(harness.all('settled').map(({ entry }) => entry.state)).toEqual(['accepted', 'accepted'])
    expect(harness.all('warning')).toMatchObject([{ code: 'outbox_tail_lost' }])
    expect(ofType(harness, 'forget')).toHaveLength(1)
    harness.send('goes on')
    store(harness)
    expect(harness.takeFrames()).toMatchObject([[FrameType.ATTACH, 1, {}]])
  })

  it('of which the server had seen more than was kept is rejected where the server had refused it', () => {
    const harness = heirOf(leftover([1, 2]))
    harness.live({ producers: [state(5, { refused: [[2, 'forbidden', 'not allowed']] })] })

    expect(harness.all('settled').map(({ entry: { seq, state: end } }) => [seq, end])).toEqual([
      [2, 'rejected'],
      [1, 'accepted'],
    ])
  })

  it('of which so much was handled since that nobody remembers a refusal of it is unknown, not accepted', () => {
    const harness = heirOf(leftover([1, 2, 3, 4]))
    harness.live({
      producers: [state(4, { refused: [[3, 'forbidden', 'not allowed']] })],
      window: { messages: 2, bytes: 1_000_000 },
    })

    expect(
      harness.all('settled').map(({ entry: { seq, state: end, extra } }) => [seq, end, extra?.code]),
    ).toEqual([
      [3, 'rejected', 'forbidden'],
      [1, 'unknown', 'server_forgot'],
      [2, 'unknown', 'server_forgot'],
      [4, 'accepted', undefined],
    ])
  })

  it('of which the server still handles what was not kept stays attached, to hear of it', () => {
    const harness = heirOf(leftover([1, 2]))
    harness.live({ producers: [state(2, { held: 4 })] })
    expect(harness.all('warning')).toMatchObject([{ code: 'outbox_tail_lost' }])
    harness.receive([FrameType.REJECTED, 0, 3, 'forbidden', 'not allowed'], accepted(0, 4))

    expect(harness.violation).toBeNull()
    expect(harness.all('settled').map(({ entry }) => entry.state)).toEqual(['accepted', 'accepted'])
  })

  it('of which the server has more in hand than it has committed is drained to its end', () => {
    const harness = heirOf(leftover([1, 2]))
    store(harness)
    harness.live({ producers: [state(1, { held: 4 })] })
    store(harness)
    expect(harness.takeSent()).toEqual([])
    expect(harness.session.inFlight).toBe(1)
    harness.receive(accepted(0, 2))

    expect(harness.session.inFlight).toBe(0)
    expect(harness.violation).toBeNull()
    expect(harness.all('settled').map(({ entry }) => entry.state)).toEqual(['accepted', 'accepted'])
  })

  it('and has another user is let go of unopened, takes no room in the queue, and is claimed when they sign in', () => {
    const harness = durable()
    const left = leftover([1], { user: 'ben' })
    harness.session.adopt([left])
    const hello = harness.live({ user: { id: 'guest' } })
    store(harness)
    expect([hello.producers, harness.takeFrames(), harness.session.inFlight]).toEqual([[], [], 0])
    expect(harness.all('warning')).toMatchObject([{ code: 'outbox_of_another_user' }])
    expect(harness.all('release')).toEqual([{ type: 'release', producer: 'old' }])
    expect([changes(harness), harness.all('claim')]).toEqual([[], []])

    expect(harness.relive({ user: { id: 'ben' } }).producers).toEqual([])
    expect(harness.all('claim')).toHaveLength(1)
    harness.session.adopt([left])
    harness.turn()
    store(harness)
    expect(harness.takeFrames()).toMatchObject([[FrameType.ATTACH, 0, { id: 'old', attach: 5, user: 'ben' }]])
    harness.receive([FrameType.ATTACHED, 0, state(0)])
    expect(harness.takeSent()).toEqual(['old 1'])
  })

  it('and is the user’s goes out before anything new, though it is attached only after WELCOME', () => {
    const harness = durable()
    harness.queue('new')
    harness.session.adopt([leftover([1], { user: 'user-1' })])
    harness.turn()
    store(harness)
    harness.live()
    store(harness)
    expect(harness.takeSent()).toEqual([])
    harness.receive([FrameType.ATTACHED, 1, state(0)])
    expect(harness.takeSent()).toEqual(['old 1'])
    harness.receive(accepted(1, 1))
    expect(harness.takeSent()).toEqual(['new'])
  })

  it('of more others than a server takes producers of does not stand in the way of what is the user’s', () => {
    const harness = durable()
    const others = Array.from({ length: 12 }, (_, n) =>
      leftover([1], { id: `other ${n}`, user: `guest ${n}` }),
    )
    harness.session.adopt([...others, leftover([1], { user: 'user-1' })])
    harness.live()
    harness.takeFrames()
    store(harness)

    expect(harness.takeFrames()).toMatchObject([[FrameType.ATTACH, 0, { id: 'old' }]])
  })

  it('of a page that met no server is of whoever connects first, and stored as theirs before it is written', () => {
    const harness = durable()
    harness.session.adopt([leftover([1], { user: null, epoch: null })])
    harness.turn()
    harness.live({ user: { id: 'another' } })
    store(harness)
    expect(harness.takeFrames()).toMatchObject([[FrameType.ATTACH, 0, { id: 'old', attach: 5 }]])
    harness.receive([FrameType.ATTACHED, 0, state(0)])
    expect(harness.takeSent()).toEqual([])
    expect(ofType(harness, 'producer').at(-1)).toMatchObject({ producer: { id: 'old', user: 'another' } })
    store(harness)

    expect(harness.takeSent()).toEqual(['old 1'])
    expect(harness.reconnect().producers[0]).toMatchObject({ id: 'old', user: 'another' })
  })

  it('whose user the server found to be another is not stored as of whoever offered it', () => {
    const harness = durable()
    harness.session.adopt([leftover([1], { user: null })])
    harness.live({ user: { id: 'another' } })
    store(harness)
    harness.receive([FrameType.ATTACHED, 0, null])

    expect(
      ofType(harness, 'producer').filter(
        (change) => change.type === 'producer' && change.producer.user !== null,
      ),
    ).toEqual([])
  })

  it('goes by the server, which alone compares users: what it takes from one, it gets from them', () => {
    const harness = durable()
    harness.live()
    harness.session.adopt([leftover([1])])
    harness.turn()
    store(harness)
    harness.relive({ user: { id: 'another' } })
    store(harness)

    expect(harness.takeSent()).toEqual(['old 1'])
  })

  it('whose tail was lost is found out by ATTACHED, too', () => {
    const harness = durable()
    harness.do({ type: 'connect' })
    harness.session.adopt([leftover([1])])
    harness.turn()
    store(harness)
    harness.welcome(harness.open())
    store(harness)
    harness.receive([FrameType.ATTACHED, 0, state(3)])

    expect(harness.violation).toBeNull()
    expect(harness.all('warning')).toMatchObject([{ code: 'outbox_tail_lost' }])
    expect(ofType(harness, 'forget')).toHaveLength(1)
  })

  it('and belongs to another user is let go of and stays stored for them', () => {
    const harness = heirOf(leftover([1]))
    harness.live({ producers: [null] })

    expect(harness.all('release')).toEqual([{ type: 'release', producer: 'old' }])
    expect(harness.all('warning')).toMatchObject([{ code: 'outbox_of_another_user' }])
    expect(ofType(harness, 'settle')).toEqual([])
    expect(ofType(harness, 'forget')).toEqual([])
    expect(harness.session.inFlight).toBe(0)
  })

  it('that is not this page’s any more stays stored when the client is closed', () => {
    const harness = durable()
    harness.session.adopt([leftover([1])])
    harness.do({ type: 'close', drainMs: 0, code: 1000, reason: '' })

    expect(ofType(harness, 'settle')).toEqual([])
    expect(ofType(harness, 'forget')).toEqual([])
  })

  it('and is empty is forgotten and never offered', () => {
    const harness = durable()
    harness.session.adopt([leftover([])])
    const hello = harness.connect()

    expect(hello.producers).toEqual([])
    expect(ofType(harness, 'forget')).toEqual([{ type: 'forget', producer: 'old' }])
  })

  it('from several pages is drained in order, and what they hold is written again', () => {
    const other = leftover([7], { id: 'older' })
    const harness = heirOf(leftover([1]), {
      ...other,
      messages: other.messages.map((m) => ({ ...m, producer: 'older' })),
    })
    const hello = harness.live({ producers: [state(0), state(6, { epoch: 'epoch-1' })] })

    expect(hello.producers.map(({ id }) => id)).toEqual(['old', 'older'])
    expect(harness.takeSent()).toEqual(['old 1', 'old 7'])
  })

  it('from more pages than a server takes producers of is taken over as far as there is room, and claimed at a later WELCOME', () => {
    const harness = heirOf(...Array.from({ length: 14 }, (_, page) => leftover([1], { id: `page ${page}` })))
    const released = harness.all('release').map(({ producer }) => producer)
    expect(released).toEqual(Array.from({ length: 6 }, (_, page) => `page ${page + 8}`))
    const hello = harness.live({ producers: Array.from({ length: 8 }, () => state(1)) })
    expect(hello.producers.map(({ id }) => id)).toEqual(
      Array.from({ length: 8 }, (_, page) => `page ${page}`),
    )

    expect(harness.all('claim')).toHaveLength(1)
    harness.session.adopt(released.map((id) => leftover([1], { id })))
    harness.turn()
    harness.takeFrames()
    store(harness)
    expect(harness.takeFrames().map((frame) => frame[1])).toEqual([8, 9, 10, 11])
    expect(harness.all('release')).toHaveLength(8)
  })

  it('and is refused after it has held up what was written before lets that go out in its old order', () => {
    const harness = durable()
    harness.live()
    harness.send('first', { lane: 'normal' })
    harness.send('second', { lane: 'high' })
    store(harness)
    harness.receive([FrameType.ATTACHED, 0, state(0)], [FrameType.ATTACHED, 1, state(0)])
    store(harness)
    expect(harness.takeSent()).toHaveLength(2)
    harness.lose(1006)
    harness.do({ type: 'connect' })
    store(harness)
    const hello = harness.open()
    harness.session.adopt([leftover([1])])
    harness.turn()
    harness.welcome(hello)
    store(harness)
    const attach = harness.takeFrames().find(([type]) => type === FrameType.ATTACH)
    harness.receive([FrameType.ATTACHED, attach?.[1] ?? 0, null])

    expect(harness.takeSent()).toEqual(['first', 'second'])
  })

  it('from several pages is written in the order of storage, whichever is attached first', () => {
    const harness = durable()
    const second = leftover([2], { id: 'second' })
    harness.session.adopt([leftover([1]), second])
    harness.live()
    store(harness)
    harness.receive([FrameType.ATTACHED, 1, state(0)])
    expect(harness.takeSent()).toEqual([])
    harness.receive([FrameType.ATTACHED, 0, state(0)])

    expect(harness.takeSent()).toEqual(['old 1', 'old 2'])
  })
})
