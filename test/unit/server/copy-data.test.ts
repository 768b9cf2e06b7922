import { describe, expect, it } from 'vitest'
import { MAX_DEPTH } from '../../../src/protocol/codec.js'
import { json } from '../../../src/serializers/json.js'
import { copyData } from '../../../src/server/copy-data.js'

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { inner: value }
  return value
}

class Point {
  x = 1
}

class Money {
  amount = 3
  toJSON(): unknown {
    return { euros: this.amount }
  }
}

describe('a copy of data', () => {
  it('shares nothing with the original', () => {
    const original = { list: [{ a: 1 }], bytes: new Uint8Array([1]) }
    const copy = copyData(original)
    Object.assign(original.list[0] ?? {}, { a: 2 })
    original.bytes[0] = 2

    expect(copy).toEqual({ list: [{ a: 1 }], bytes: new Uint8Array([1]) })
  })

  it.each([
    ['undefined', undefined, null],
    ['a key that is undefined', { a: undefined, b: 1 }, { b: 1 }],
    ['numbers JSON has not', [Number.NaN, Number.POSITIVE_INFINITY], [null, null]],
    ['a date', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
    ['an object with toJSON', new Money(), { euros: 3 }],
    ['an object of a class', new Point(), { x: 1 }],
    ['an object without prototype', Object.assign(Object.create(null), { a: 1 }) as object, { a: 1 }],
    ['a Buffer', Buffer.from([1, 2]), Buffer.from([1, 2])],
  ])('of %s is as JSON sees it, binary data kept', (_, value, expected) => {
    expect(copyData(value)).toEqual(expected)
  })

  it.each([
    ['a Map', new Map()],
    ['a Set', new Set()],
    ['an ArrayBuffer', new ArrayBuffer(1)],
    ['a Float64Array', new Float64Array(1)],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a bigint', 1n],
    ['the key __proto__', JSON.parse('{"__proto__":1}') as unknown],
  ])('is refused of %s, wherever it is', (_, value) => {
    for (const data of [value, [value], { deep: { value } }]) {
      expect(() => copyData(data)).toThrow(/cannot be sent/)
    }
  })

  it('goes as deep as a message may, and refuses what is deeper or refers to itself', () => {
    const deepest = nested(MAX_DEPTH - 2)
    expect(copyData(deepest)).toEqual(deepest)
    const text = json().batch([json().encode([deepest])])
    expect(() => json().decode(text, MAX_DEPTH)).not.toThrow()

    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    expect(() => copyData(nested(MAX_DEPTH - 1))).toThrow(/deeper than 64 levels/)
    expect(() => copyData(cycle)).toThrow(/refers to itself/)
  })
})
