import { describe, expect, it } from 'vitest'
import { type Draft, Outbox, type OutboxLimits } from '../../../src/delivery/outbox.js'
import { type OutboxEntry, Producer } from '../../../src/delivery/producer.js'

const LIMITS: OutboxLimits = { maxMessages: 100, maxBytes: 10_000, overflow: 'reject' }

function make(limits: Partial<OutboxLimits> = {}) {
  let ids = 0
  const settled: OutboxEntry[] = []
  const outbox = new Outbox(
    { ...LIMITS, ...limits },
    () => `id${++ids}`,
    (entry) => settled.push(entry),
  )
  const add = (draft: Partial<Draft> = {}, now = 0): OutboxEntry =>
    outbox.enqueue({ lane: 'normal', body: '[]', size: 10, ttlMs: null, replaces: null, ...draft }, now)
  return { outbox, settled, add }
}

const states = (entries: readonly OutboxEntry[]): string[] => entries.map(({ state }) => state)

describe('numbers', () => {
  it('are given in order, for each lane by itself', () => {
    const { add } = make()
    const ids = [add(), add({ lane: 'high' }), add(), add({ lane: 'requests' }), add({ lane: 'high' })].map(
      ({ id }) => id,
    )

    expect(ids).toEqual(['id1.1', 'id3.1', 'id1.2', 'id5.1', 'id3.2'])
  })

  it('are given to no message that finds no room', () => {
    const { add, outbox } = make({ maxMessages: 1 })
    const first = add()
    const [dropped, again] = [add(), add()]
    outbox.settle(first, 'accepted', null, null)

    expect(add().id).toBe('id1.2')
    expect(dropped.id).not.toBe(again.id)
    expect(dropped.id).toMatch(/dropped/)
  })

  it('of producers are of the kind of their lane', () => {
    const { outbox } = make()

    expect(outbox.producer('requests').kind).toBe('requests')
    expect(outbox.producer('low')).toMatchObject({ kind: 'messages', priority: 'low' })
    expect(outbox.producer('low')).toBe(outbox.producer('low'))
    expect(outbox.lane('high')).toBeNull()
  })
})

describe('the queue', () => {
  it('counts messages and bytes until they are settled', () => {
    const { outbox, add } = make()
    const [a, b] = [add(), add({ size: 30 })]
    expect([outbox.queued, outbox.inFlight, outbox.bytes, outbox.empty]).toEqual([2, 0, 40, false])
    outbox.markWritten(a)
    outbox.markWritten(a)
    expect([outbox.queued, outbox.inFlight]).toEqual([1, 1])
    outbox.settle(a, 'accepted', null, null)
    outbox.settle(a, 'rejected', null, null)
    expect(a.state).toBe('accepted')
    outbox.cancel(b, 'c', 'm')

    expect([outbox.queued, outbox.inFlight, outbox.bytes, outbox.empty]).toEqual([0, 0, 0, true])
  })

  it('frees the body of what is settled', () => {
    const { outbox, add } = make()
    const entry = add()
    outbox.settle(entry, 'accepted', null, null)

    expect(entry.body).toBeNull()
  })

  it('tells of every end once', () => {
    const { outbox, add, settled } = make({ maxMessages: 2 })
    const entries = [add(), add(), add()]
    outbox.acceptUpTo(outbox.producer('normal'), 2)
    outbox.acceptUpTo(outbox.producer('normal'), 2)

    expect(settled).toEqual([entries[2], entries[0], entries[1]])
  })
})

describe('a full queue', () => {
  it.each(['reject', 'drop-newest'] as const)('with %s drops what comes', (overflow) => {
    const { add } = make({ maxMessages: 2, overflow })
    const entries = [add(), add(), add()]

    expect(states(entries)).toEqual(['queued', 'queued', 'dropped'])
    expect(entries[2]?.extra).toMatchObject({
      code: 'queue_full',
      message: expect.stringContaining('2 messages'),
    })
  })

  it('with drop-oldest drops the oldest unwritten, the least important lane first', () => {
    const { add, outbox } = make({ maxMessages: 4, overflow: 'drop-oldest' })
    const [written, normal, low, high] = [add(), add(), add({ lane: 'low' }), add({ lane: 'high' })]
    outbox.markWritten(written)
    add()
    expect(states([written, normal, low, high])).toEqual(['written', 'queued', 'dropped', 'queued'])
    add()
    expect(states([written, normal, high])).toEqual(['written', 'dropped', 'queued'])
  })

  it('with drop-oldest drops no request and nothing that was written', () => {
    const { add, outbox } = make({ maxMessages: 2, overflow: 'drop-oldest' })
    const [request, written] = [add({ lane: 'requests' }), add()]
    outbox.markWritten(written)

    expect(add().state).toBe('dropped')
    expect(states([request, written])).toEqual(['queued', 'written'])
  })

  it('with drop-oldest drops nothing where that makes no room', () => {
    const { add, outbox } = make({ maxBytes: 100, overflow: 'drop-oldest' })
    outbox.markWritten(add({ size: 50 }))
    const [normal, high, request] = [add(), add({ lane: 'high' }), add({ lane: 'requests' })]

    expect(add({ size: 50 }).state).toBe('dropped')
    expect(states([normal, high, request])).toEqual(['queued', 'queued', 'queued'])
    expect(add({ size: 40 }).state).toBe('queued')
    expect(states([normal, high, request])).toEqual(['dropped', 'dropped', 'queued'])
  })

  it('in bytes makes room for as many as it takes', () => {
    const { add } = make({ maxBytes: 100, overflow: 'drop-oldest' })
    const entries = [add({ size: 40 }), add({ size: 40 }), add({ size: 90 })]

    expect(states(entries)).toEqual(['dropped', 'dropped', 'queued'])
  })

  it('drops nothing for a message that never fits', () => {
    const { add } = make({ maxBytes: 100, overflow: 'drop-oldest' })
    const kept = add({ size: 40 })

    expect(add({ size: 101 }).state).toBe('dropped')
    expect(kept.state).toBe('queued')
    expect(add({ size: 60 }).state).toBe('queued')
  })
})

describe('taking back', () => {
  it('works until a message was written', () => {
    const { add, outbox } = make()
    const [queued, written] = [add(), add()]
    outbox.markWritten(written)

    expect([queued, written].map((entry) => outbox.cancel(entry, 'c', 'm'))).toEqual([true, false])
    expect(states([queued, written])).toEqual(['cancelled', 'written'])
  })
})

describe('time', () => {
  it('ends what was not written', () => {
    const { add, outbox } = make()
    const [short, long, none, written] = [add({ ttlMs: 10 }), add({ ttlMs: 20 }), add(), add({ ttlMs: 5 })]
    outbox.markWritten(written)
    expect(outbox.deadline()).toBe(5)
    outbox.expire(10)

    expect(states([short, long, none, written])).toEqual(['expired', 'queued', 'queued', 'written'])
    expect(outbox.deadline()).toBe(20)
  })

  it('leaves no heap of items that were settled long ago', () => {
    const { add, outbox } = make()
    for (let n = 0; n < 10_000; n++) outbox.cancel(add({ ttlMs: 1_000_000 + n }), 'c', 'm')
    outbox.expire(0)

    expect(outbox.deadline()).toBeGreaterThan(1_009_000)
  })
})

describe('replaces', () => {
  it('takes the place of the unwritten of the same key', () => {
    const { add, outbox } = make()
    const [a, other, b] = [add({ replaces: 'x' }), add({ replaces: 'y' }), add({ replaces: 'x' })]
    expect(states([a, other, b])).toEqual(['cancelled', 'queued', 'queued'])
    expect(a.extra).toMatchObject({ code: 'replaced' })
    outbox.markWritten(b)
    const c = add({ replaces: 'x' })

    expect(states([b, c])).toEqual(['written', 'queued'])
  })

  it('makes the room that it needs', () => {
    const { add } = make({ maxMessages: 1 })
    const [a, b] = [add({ replaces: 'x' }), add({ replaces: 'x' })]

    expect(states([a, b])).toEqual(['cancelled', 'queued'])
  })

  it.each([101, 60])('keeps the older message where the newer one of %i bytes finds no room', (size) => {
    const { add } = make({ maxBytes: 100 })
    add({ size: 50 })
    const [a, b] = [add({ replaces: 'x' }), add({ replaces: 'x', size })]

    expect(states([a, b])).toEqual(['queued', 'dropped'])
  })

  it('with drop-oldest makes the newer message room at the cost of older ones', () => {
    const { add } = make({ maxBytes: 100, overflow: 'drop-oldest' })
    const other = add({ size: 50 })
    const [a, b] = [add({ replaces: 'x' }), add({ replaces: 'x', size: 60 })]

    expect(states([other, a, b])).toEqual(['dropped', 'cancelled', 'queued'])
  })

  it('with drop-oldest keeps the older message where nothing else may be dropped for the newer one', () => {
    const { add, outbox } = make({ maxBytes: 100, overflow: 'drop-oldest' })
    outbox.markWritten(add({ size: 50 }))
    const [a, b] = [add({ replaces: 'x' }), add({ replaces: 'x', size: 60 })]

    expect(states([a, b])).toEqual(['queued', 'dropped'])
  })

  it('keeps the older message in a queue that leftovers have filled beyond its limit', () => {
    const { add, outbox } = make({ maxMessages: 2 })
    const a = add({ replaces: 'x' })
    const producer = new Producer({ id: 'old', key: 'k', kind: 'messages', priority: 'normal' })
    outbox.adopt(
      producer,
      [1, 2].map((seq) => ({ seq, body: '[]', size: 10 })),
    )

    expect(states([add({ replaces: 'x' }), a])).toEqual(['dropped', 'queued'])
  })
})

describe('retiring a producer', () => {
  it('ends what it holds and lets the lane begin another one', () => {
    const { add, outbox } = make()
    const [written, queued] = [add(), add()]
    outbox.markWritten(written)
    outbox.retire(written.producer, 'why', 'because')

    expect(states([written, queued])).toEqual(['unknown', 'cancelled'])
    expect(add().id).not.toContain(written.producer.id)
  })
})

describe('leftovers', () => {
  it('count as written, come before the lanes, and go when they are retired', () => {
    const { outbox, add } = make()
    const producer = new Producer({ id: 'old', key: 'k', kind: 'messages', priority: 'normal' })
    add()
    outbox.adopt(producer, [
      { seq: 3, body: '[]', size: 10 },
      { seq: 5, body: '[]', size: 10 },
    ])

    expect([outbox.queued, outbox.inFlight, outbox.bytes]).toEqual([1, 2, 30])
    expect(producer).toMatchObject({ leftover: true, written: 5, nextSeq: 6 })
    expect(outbox.producers()[0]).toBe(producer)
    outbox.retire(producer, 'c', 'm')
    expect(outbox.leftovers).toEqual([])
  })

  it('never have written less than they had settled', () => {
    const { outbox } = make()
    const producer = new Producer({ id: 'old', key: 'k', kind: 'messages', priority: 'normal' })
    producer.floor = 9
    producer.written = 9
    outbox.adopt(producer, [{ seq: 7, body: '[]', size: 10 }])

    expect(producer.written).toBe(9)
  })
})
