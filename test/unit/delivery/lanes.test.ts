import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LaneOrder } from '../../../src/delivery/lanes.js'
import { type Lane, Outbox } from '../../../src/delivery/outbox.js'
import { type OutboxEntry, Producer } from '../../../src/delivery/producer.js'

const always = (): boolean => true

function make() {
  let ids = 0
  const outbox = new Outbox(
    { maxMessages: 10_000, maxBytes: 1e9, overflow: 'reject' },
    () => `id${++ids}`,
    () => undefined,
  )
  const order = new LaneOrder(outbox)
  const add = (lane: Lane): OutboxEntry =>
    outbox.enqueue({ lane, body: '[]', size: 2, ttlMs: null, replaces: null }, 0)
  /** Attaches everything, with nothing in the server's hands. */
  const attach = (): void => {
    outbox.producers().forEach((producer, index) => producer.startAfter(producer.floor, index))
    order.restart()
  }
  const write = (entry: OutboxEntry): void => {
    entry.producer.putOnWire(entry)
    outbox.markWritten(entry)
  }
  /** Writes what may be written, and says in which order. */
  const drain = (ready: (producer: Producer) => boolean = always): OutboxEntry[] => {
    const written: OutboxEntry[] = []
    for (let entry = order.next(ready); entry !== null; entry = order.next(ready)) {
      write(entry)
      written.push(entry)
    }
    return written
  }
  return { outbox, order, add, attach, drain }
}

const laneOf = (outbox: Outbox, entry: OutboxEntry): Lane =>
  (['high', 'normal', 'low', 'requests'] as const).find((lane) => outbox.lane(lane) === entry.producer) ??
  'normal'

describe('fresh messages', () => {
  it('of a lane keep their order, whatever the other lanes do', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<Lane>('high', 'normal', 'low', 'requests')), (lanes) => {
        const { outbox, add, attach, drain } = make()
        for (const lane of lanes) add(lane)
        attach()
        const written = drain()

        expect(written).toHaveLength(lanes.length)
        for (const producer of outbox.producers()) {
          const seqs = written.filter((entry) => entry.producer === producer).map(({ seq }) => seq)
          expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
        }
      }),
    )
  })

  it('take turns: eight, four, one', () => {
    const { outbox, add, attach, drain } = make()
    for (let n = 0; n < 30; n++) for (const lane of ['low', 'normal', 'high'] as const) add(lane)
    attach()
    const lanes = drain()
      .slice(0, 13)
      .map((entry) => laneOf(outbox, entry))

    expect(['high', 'normal', 'low'].map((lane) => lanes.filter((other) => other === lane).length)).toEqual([
      8, 4, 1,
    ])
  })

  it('of a lane that is not attached or not ready wait, and hold up no other lane', () => {
    const { outbox, add, attach, drain } = make()
    add('normal')
    attach()
    add('high')
    add('low')
    expect(drain().map((entry) => laneOf(outbox, entry))).toEqual(['normal'])
    attach()

    expect(
      drain((producer) => producer !== outbox.lane('high')).map((entry) => laneOf(outbox, entry)),
    ).toEqual(['normal', 'low'])
  })
})

describe('requests', () => {
  it('go once every earlier message of the normal and high lanes is on the wire', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<Lane>('high', 'normal', 'low', 'requests')), (lanes) => {
        const { outbox, add, attach, drain } = make()
        for (const lane of lanes) add(lane)
        attach()
        const written = drain()
        written.forEach((entry, at) => {
          if (laneOf(outbox, entry) !== 'requests') return
          const later = written
            .slice(at + 1)
            .filter((other) => ['high', 'normal'].includes(laneOf(outbox, other)))
          expect(later.every((other) => other.order > entry.order)).toBe(true)
        })
      }),
    )
  })
})

describe('what was written before', () => {
  it('goes first, in its first order across producers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<Lane>('high', 'normal', 'low', 'requests')),
        fc.array(fc.constantFrom<Lane>('high', 'normal', 'low', 'requests')),
        (before, after) => {
          const { add, attach, drain } = make()
          for (const lane of before) add(lane)
          attach()
          const first = drain()
          for (const lane of after) add(lane)
          attach()
          const again = drain()

          expect(again.slice(0, first.length).map(({ order }) => order)).toEqual(
            first.map(({ order }) => order).sort((a, b) => a - b),
          )
          expect(again).toHaveLength(before.length + after.length)
        },
      ),
    )
  })

  it('and may not be written now holds up everything behind it', () => {
    const { outbox, add, attach, drain } = make()
    add('normal')
    attach()
    drain()
    add('high')
    attach()

    expect(drain((producer) => producer !== outbox.lane('normal'))).toEqual([])
    expect(drain()).toHaveLength(2)
  })
})

describe('leftovers', () => {
  it('are written first, and nothing fresh before they are settled', () => {
    const { outbox, add, attach, drain } = make()
    const old = new Producer({ id: 'old', key: 'k', kind: 'messages', priority: 'normal' })
    outbox.adopt(old, [{ seq: 1, body: '[]', size: 2 }])
    add('high')
    attach()
    expect(drain().map(({ producer }) => producer)).toEqual([old])
    outbox.acceptUpTo(old, 1)

    expect(drain()).toHaveLength(1)
  })
})
