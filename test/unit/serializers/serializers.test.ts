/** What every serializer promises (protocol/codec.ts); both run through the same tests. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Encoded, MAX_DEPTH, type Serializer } from '../../../src/protocol/codec.js'
import { ProtocolError } from '../../../src/protocol/errors.js'
import { json } from '../../../src/serializers/json.js'
import { msgpack } from '../../../src/serializers/msgpack.js'

/** Arrays inside arrays, `levels` of them, around `core`. */
function nested(levels: number, core: unknown = 1): unknown {
  let value = core
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { inner: value }
  return value
}

/** What a call throws; `null`: nothing. */
function failureOf(call: () => unknown): unknown {
  try {
    call()
    return null
  } catch (error) {
    return error
  }
}

const isNullOrProtocolError = (error: unknown): boolean => error === null || error instanceof ProtocolError

const serializers: readonly [string, () => Serializer][] = [
  ['json', json],
  ['msgpack', msgpack],
]

describe.each(serializers)('%s', (name, make) => {
  const serializer = make()
  const decode = (data: Encoded): unknown => serializer.decode(data, MAX_DEPTH)
  const roundTrip = (value: unknown): unknown => decode(serializer.encode(value))

  it('is named as its subprotocol ends', () => {
    expect(serializer.name).toBe(name)
  })

  it.each([
    [null],
    [true],
    [0],
    [-1],
    [1.5],
    [Number.MAX_SAFE_INTEGER],
    [Number.MIN_SAFE_INTEGER],
    [''],
    ['grüße 😀 \u0000 "\\'],
    ['x'.repeat(70_000)],
    [[]],
    [{}],
    [{ a: [1, { b: null }], 'odd key "\\': 2, constructor: 3 }],
    [Array.from({ length: 70_000 }, () => 1)],
  ])('gives back what it was given: %j', (value) => {
    expect(roundTrip(value)).toEqual(value)
  })

  it('gives back whatever JSON can hold', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__'))
        // JSON has no negative zero.
        expect(roundTrip(value)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('turns undefined into null, and leaves it out of maps', () => {
    expect(roundTrip(undefined)).toBeNull()
    expect(roundTrip([1, undefined])).toEqual([1, null])
    expect(Object.keys(roundTrip({ a: undefined, b: 1 }) as object)).toEqual(['b'])
  })

  it('survives lone surrogates', () => {
    for (const text of ['\ud800', 'a\udc00b', '\ud83d'.repeat(300)])
      expect(typeof roundTrip(text)).toBe('string')
  })

  describe('prepend', () => {
    it.each([
      [[0]],
      [[6, 127]],
      [[6, 128]],
      [[6, 255]],
      [[6, 256]],
      [[6, 65_535]],
      [[6, 65_536]],
      [[6, 2 ** 32 - 1]],
      [[6, 2 ** 32]],
      [[6, Number.MAX_SAFE_INTEGER]],
    ])('puts %j in front', (head) => {
      const array = ['room', 'type', { a: 1 }]
      expect(decode(serializer.prepend(head, serializer.encode(array)))).toEqual([...head, ...array])
    })

    it.each([1, 13, 14, 15, 16, 65_533, 65_534, 65_535, 65_536])('to an array of %i elements', (length) => {
      const array = Array.from({ length }, (_, index) => index % 7)
      expect(decode(serializer.prepend([6, 300], serializer.encode(array)))).toEqual([6, 300, ...array])
    })

    it('does not change what it was given', () => {
      const array = serializer.encode(['a', 'b'])
      serializer.prepend([1, 2], array)
      expect(decode(array)).toEqual(['a', 'b'])
    })

    it('refuses the output of another kind of serializer', () => {
      const other = name === 'json' ? msgpack() : json()
      expect(() => serializer.prepend([1], other.encode(['a']))).toThrow(ProtocolError)
    })
  })

  describe('batch', () => {
    it.each([0, 1, 2, 15, 16, 256, 65_535, 65_536])('makes one message of %i frames', (count) => {
      const frame = serializer.encode([22, 5])
      const message = serializer.batch(Array.from({ length: count }, () => frame))
      expect(decode(message)).toEqual(Array.from({ length: count }, () => [22, 5]))
    })
  })

  describe('size', () => {
    it('is the number of bytes on the wire', () => {
      for (const value of ['', 'aä€😀', ['\ud800', { ü: 1 }]]) {
        const encoded = serializer.encode(value)
        const bytes = typeof encoded === 'string' ? new TextEncoder().encode(encoded).length : encoded.length
        expect(serializer.size(encoded)).toBe(bytes)
      }
    })
  })

  describe('encode refuses', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    it.each([
      ['a cycle', cycle],
      ['a bigint', 1n],
      ['a bigint inside', { a: [1n] }],
      ['a function', () => 1],
      ['a symbol', Symbol('s')],
      ['a Map', new Map()],
      ['a Set', new Set()],
      ['a Promise', Promise.resolve()],
      ['an ArrayBuffer', new ArrayBuffer(1)],
      ['the key __proto__', JSON.parse('{"a":{"__proto__":1}}')],
    ])('%s, alone and as data of a frame, with a sentence', (_what, value) => {
      const sentence = new RegExp(`^${name}\\(\\) (cannot|does not) encode .+`)
      expect(() => serializer.encode(value)).toThrow(TypeError)
      expect(() => serializer.encode(value)).toThrow(sentence)
      expect(() => serializer.encode([null, 'type', value])).toThrow(sentence)
    })

    it('what nests deeper than any receiver takes, and no less', () => {
      for (const core of [1, [], {}]) {
        const levels = MAX_DEPTH - 1 - (core === 1 ? 0 : 1)
        const deepest = serializer.batch([serializer.encode(nested(levels, core))])
        expect(decode(deepest)).toEqual([nested(levels, core)])
        expect(() => serializer.encode(nested(levels + 1, core))).toThrow(/nested deeper than 64 levels/)
      }
      expect(() => serializer.encode(nested(100_000))).toThrow(TypeError)
    })

    it('and works on after that', () => {
      expect(() => serializer.encode({ a: 1n })).toThrow(TypeError)
      expect(roundTrip({ a: 1 })).toEqual({ a: 1 })
    })
  })

  describe('decode', () => {
    it('bounds nesting exactly', () => {
      expect(serializer.decode(serializer.encode(nested(5)), 5)).toEqual(nested(5))
      expect(() => serializer.decode(serializer.encode(nested(6)), 5)).toThrow(ProtocolError)
      expect(() => serializer.decode(serializer.encode(nested(6)), 5)).toThrow(/deeper than 5 levels/)
    })

    it('allows many containers side by side', () => {
      const wide = Array.from({ length: 1_000 }, () => [{ a: [] }, '[[[[{{{{'])
      expect(roundTrip(wide)).toEqual(wide)
    })

    it('refuses the other kind of message with close code 1003', () => {
      const other = name === 'json' ? new Uint8Array([0x90]) : '[]'
      expect(() => decode(other)).toThrow(expect.objectContaining({ code: 'wrong_kind', closeCode: 1003 }))
    })

    it('gives a value or a ProtocolError for any input, and works on', () => {
      const input = name === 'json' ? fc.oneof(fc.string(), fc.json()) : fc.uint8Array({ maxLength: 200 })
      fc.assert(
        fc.property(input, (data) => {
          expect(failureOf(() => decode(data))).toSatisfy(isNullOrProtocolError)
        }),
        { numRuns: 2_000 },
      )
      expect(roundTrip([1])).toEqual([1])
    })

    it('gives a value or a ProtocolError for a message cut anywhere', () => {
      const message = serializer.encode([12, 'room/ü', 300, { a: [1.5, -70_000, 'x'.repeat(40)], b: null }])
      for (let length = 0; length < message.length; length++) {
        expect(() => decode(message.slice(0, length))).toThrow(ProtocolError)
      }
    })
  })
})
