import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_DEPTH } from '../../../src/protocol/codec.js'
import { ProtocolError } from '../../../src/protocol/errors.js'
import { isDeeperThan } from '../../../src/serializers/depth.js'
import { json } from '../../../src/serializers/json.js'
import { utf8Size, wireSize } from '../../../src/serializers/size.js'

const serializer = json()

describe('json', () => {
  it('writes what JSON.stringify writes', () => {
    expect(serializer.encode(['a', { at: new Date(0) }])).toBe('["a",{"at":"1970-01-01T00:00:00.000Z"}]')
    expect(serializer.prepend([6, 1], '["a"]')).toBe('[6,1,"a"]')
    expect(serializer.batch(['[28]', '[22,1]'])).toBe('[[28],[22,1]]')
  })

  it.each([new Uint8Array(2), new Float64Array(2), new DataView(new ArrayBuffer(1)), Buffer.from('x')])(
    'refuses binary data and names what takes it',
    (value) => {
      expect(() => serializer.encode(value)).toThrow(/^json\(\) cannot encode binary data: use msgpack\(\)/)
      expect(() => serializer.encode(['r', 't', value])).toThrow(TypeError)
    },
  )

  it.each(['', '[', '[1,]', '{a:1}', 'NaN', '[1]x', '\ufeff[]'])(
    'refuses %j with close code 1007',
    (text) => {
      const refusal = expect.objectContaining({ code: 'malformed', closeCode: 1007 })
      expect(() => serializer.decode(text, MAX_DEPTH)).toThrow(refusal)
    },
  )

  it.each([
    '{"__proto__":1}',
    '[{"a":{ "__proto__" : {}}}]',
    '{"\\u005f_proto__":1}',
    '{"\\u005F\\u005f\\u0070\\u0072\\u006F\\u0074\\u006f__":1}',
  ])('refuses a __proto__ key however it is written: %s', (text) => {
    expect(() => serializer.decode(text, MAX_DEPTH)).toThrow(
      expect.objectContaining({ code: 'forbidden_key' }),
    )
  })

  it.each([
    ['as text', ['__proto__', '"__proto__":', '\\"__proto__":']],
    ['as part of a key', { 'x"__proto__': 1, my__proto__: 2, '\\u005f_proto__': 3 }],
  ])('lets __proto__ through %s', (_where, value) => {
    expect(serializer.decode(serializer.encode(value), MAX_DEPTH)).toEqual(value)
  })

  it('refuses hostile nesting without parsing it', () => {
    for (const text of [
      '['.repeat(1_000_000),
      '[{"a":'.repeat(100_000),
      '{"a":[1,"]]]}}}",'.repeat(10_000),
    ]) {
      expect(() => serializer.decode(text, MAX_DEPTH)).toThrow(ProtocolError)
    }
  })

  it('is quick with text made to be slow', () => {
    const slow = [`["${'\\\\'.repeat(500_000)}"]`, `["${'\\"'.repeat(500_000)}"]`, '[]'.repeat(500_000)]
    const start = performance.now()
    for (const text of slow) isDeeperThan(text, MAX_DEPTH)
    // Quadratic, any of them would take minutes.
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})

describe('isDeeperThan', () => {
  it('agrees with a parser for every value', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, noUnicodeString: false }), fc.nat(7), (value, limit) => {
        for (const text of [JSON.stringify(value), JSON.stringify(value, null, 1)]) {
          expect(isDeeperThan(text, limit)).toBe(depthOf(value) > limit)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('is not misled by brackets in strings, whatever precedes the quote', () => {
    expect(isDeeperThan('["[[[[[", "\\"[[[[", "\\\\", "{{{{"]', 1)).toBe(false)
    expect(isDeeperThan('["\\\\",[["x"]]]', 2)).toBe(true)
    expect(isDeeperThan('["unterminated [[[[', 1)).toBe(false)
  })
})

describe('utf8Size', () => {
  it('counts as the encoder does, lone surrogates too', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }), (text) => {
        const expected = new TextEncoder().encode(text).length
        expect([utf8Size(text), wireSize(text)]).toEqual([expected, expected])
      }),
      { numRuns: 1_000 },
    )
    expect(utf8Size('aä€😀\ud800')).toBe(1 + 2 + 3 + 4 + 3)
  })
})
