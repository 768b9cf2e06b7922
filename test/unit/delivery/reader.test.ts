import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LogReader } from '../../../src/delivery/reader.js'

describe('a reader', () => {
  it('takes what is next and moves on', () => {
    const reader = new LogReader('all', ['e', 3])
    expect([reader.entry(4), reader.entry(5)]).toEqual([true, true])

    expect(reader.position).toEqual(['e', 5])
  })

  it('drops what it had', () => {
    const reader = new LogReader('all', ['e', 3])

    expect([reader.entry(3), reader.entry(1)]).toEqual([false, false])
    expect(reader.position).toEqual(['e', 3])
  })

  it('refuses a jump', () => {
    expect(() => new LogReader('all', ['e', 3]).entry(5)).toThrow(/without SKIP or GAP/)
  })

  it('skips forward only', () => {
    const reader = new LogReader('all', ['e', 3])
    reader.skip(2)
    expect(reader.position).toEqual(['e', 3])
    reader.skip(7)

    expect(reader.entry(8)).toBe(true)
  })

  it.each([
    ['from the next one on', 4, 6, { from: 4, to: 6 }],
    ['from before', 2, 6, { from: 4, to: 6 }],
    ['of what it had', 1, 3, null],
  ])('reports a gap %s as far as it is missing', (_what, from, to, missing) => {
    const reader = new LogReader('all', ['e', 3])

    expect(reader.gap('e', from, to)).toEqual(missing)
    expect(reader.position).toEqual(['e', missing?.to ?? 3])
  })

  it('refuses a gap that leaves a hole or is of another epoch', () => {
    const reader = new LogReader('all', ['e', 3])

    expect(() => reader.gap('e', 5, 6)).toThrow(/join on/)
    expect(() => reader.gap('other', 4, 6)).toThrow(/join on/)
  })

  it('begins anew with another epoch', () => {
    const reader = new LogReader('all', ['e', 3])
    reader.markHandled('e', 3)

    expect(reader.gap('f', 4, null)).toEqual({ from: 4, to: null })
    expect(reader.position).toEqual(['f', 0])
    expect(reader.handled).toEqual({ epoch: 'f', offset: 0 })
    reader.entry(1)
    reader.markHandled('e', 9)
    expect(reader.handled.offset).toBe(0)
    reader.markHandled('f', 1)
    expect(reader.handled.offset).toBe(1)
  })

  it('delivers and reports every offset exactly once, whatever the server repeats', () => {
    const step = fc.record({
      kind: fc.constantFrom('entry', 'skip', 'gap'),
      length: fc.integer({ min: 1, max: 4 }),
      back: fc.nat(5),
    })
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const reader = new LogReader('all', ['e', 0])
        const seen: number[] = []
        let head = 0
        for (const { kind, length, back } of steps) {
          const from = Math.max(1, head + 1 - back)
          head = Math.max(head, from + length - 1)
          if (kind === 'skip') {
            for (let offset = reader.position[1] + 1; offset <= head; offset++) seen.push(offset)
            reader.skip(head)
          } else if (kind === 'gap') {
            const missing = reader.gap('e', from, head)
            for (let offset = missing?.from ?? 1; offset <= (missing?.to ?? 0); offset++) seen.push(offset)
          } else {
            for (let offset = from; offset <= head; offset++) if (reader.entry(offset)) seen.push(offset)
          }
        }
        expect(seen).toEqual(Array.from({ length: head }, (_, at) => at + 1))
      }),
    )
  })
})
describe('a log that began anew', () => {
  it('is missing everything after what the reader had', () => {
    const reader = new LogReader('room/a', ['old', 3])
    expect(reader.gap('new', 4, null)).toEqual({ from: 4, to: null })
    expect(reader.position).toEqual(['new', 0])
    expect(reader.entry(1)).toBe(true)
  })

  it('is missing what the server says when JOINED moved the reader before', () => {
    const reader = new LogReader('room/a', ['new', 0])
    expect(reader.gap('new', 4, null)).toEqual({ from: 4, to: null })
    expect(reader.position).toEqual(['new', 0])
  })
})
