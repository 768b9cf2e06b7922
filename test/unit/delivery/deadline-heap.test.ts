import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DeadlineHeap } from '../../../src/delivery/deadline-heap.js'

describe('a heap of deadlines', () => {
  it('gives items in the order of their time, and none before it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000)), fc.nat(1_000), (times, now) => {
        const heap = new DeadlineHeap<number>()
        for (const time of times) heap.add(time, time)
        const taken: number[] = []
        for (let item = heap.takeDue(now); item !== null; item = heap.takeDue(now)) taken.push(item)
        const due = times.filter((time) => time <= now).sort((a, b) => a - b)

        expect(taken).toEqual(due)
        expect(heap.size).toBe(times.length - due.length)
        expect(heap.earliest()).toBe(times.filter((time) => time > now).sort((a, b) => a - b)[0] ?? null)
      }),
    )
  })

  it('stays in order whatever comes and goes', () => {
    const step = fc.oneof(
      fc.record({ add: fc.nat(100) }),
      fc.record({ take: fc.nat(100) }),
      fc.record({ prune: fc.nat(3) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const heap = new DeadlineHeap<number>()
        let model: number[] = []
        const taken: (number | null)[] = []
        const expected: (number | null)[] = []
        for (const next of steps) {
          if ('add' in next) {
            heap.add(next.add, next.add)
            model.push(next.add)
          } else if ('take' in next) {
            taken.push(heap.takeDue(next.take))
            model.sort((a, b) => a - b)
            expected.push(
              (model[0] ?? Number.POSITIVE_INFINITY) <= next.take ? (model.shift() ?? null) : null,
            )
          } else {
            heap.prune((item) => item % 3 !== next.prune)
            model = model.filter((item) => item % 3 !== next.prune)
          }
          expect(taken).toEqual(expected)
          expect(heap.size).toBe(model.length)
          expect(heap.earliest()).toBe(model.length === 0 ? null : Math.min(...model))
        }
      }),
    )
  })
})
