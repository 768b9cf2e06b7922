/**
 * Values that break careless readers.
 *
 * Owns: numbers at the edges, names that mean something to JavaScript, shapes of the wrong type, deep nesting.
 */
import type { SeededRandom } from '../../src/testing/seeded-random.js'
import type { CodecName } from './raw-codec.js'

/** Numbers that both codecs can carry. */
const NUMBERS: readonly number[] = [
  -0,
  0,
  1,
  -1,
  2,
  0.5,
  -0.5,
  63,
  64,
  127,
  128,
  255,
  256,
  65_535,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 2,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 53 + 2,
  -(2 ** 53),
  2 ** 63,
  2 ** 64,
  1e21,
  1e300,
  5e-324,
]

/** Numbers that only the text or the bytes of a codec can say. */
const ODD_NUMBERS: Readonly<Record<CodecName, readonly unknown[]>> = {
  json: [
    '@raw:1e999@',
    '@raw:-1e999@',
    '@raw:-0@',
    '@raw:NaN@',
    '@raw:9007199254740993@',
    '@raw:01@',
    '@raw:1.0@',
  ],
  msgpack: [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    2n ** 53n,
    2n ** 53n - 1n,
    2n ** 64n - 1n,
    -(2n ** 63n),
    7n,
  ],
}

export const NAMES: readonly string[] = [
  '',
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'valueOf',
  'toJSON',
  'then',
  'length',
  'room/',
  'room/lobby',
  'user',
  'user/ada',
  'session/S1',
  'all',
  'replies/',
  'lobby',
  'forbidden',
  'refuse',
  '\u0000',
  '\ud800',
  'x'.repeat(512),
  'x'.repeat(513),
]

/** Own keys that reach for a prototype; made by parsing, since a literal would set the prototype. */
function polluted(random: SeededRandom, codec: CodecName): unknown {
  if (codec === 'json' && random.chance(0.5)) return random.pick(ESCAPED)
  return JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"x":1}}}')
}

/** The same key in escapes, and a text that only looks like it. */
const ESCAPED: readonly string[] = [
  '@raw:{"\\u005f_proto__":{"polluted":true}}@',
  '@raw:{"__pr\\u006Fto__" :1}@',
  '@raw:{"\\u005F\\u005f\\u0070\\u0072\\u006f\\u0074\\u006f\\u005f\\u005f":null}@',
  '@raw:{"a":"\\"__proto__\\":1"}@',
]

export function nested(levels: number, random: SeededRandom): unknown {
  const asMap = random.chance(0.5)
  let value: unknown = asMap ? {} : []
  for (let level = 1; level < levels; level++) value = asMap ? { a: value } : [value]
  return value
}

const DEPTHS: readonly number[] = [2, 60, 62, 63, 64, 65, 66, 67, 68, 100, 1_000]

export function hostileNumber(random: SeededRandom, codec: CodecName): unknown {
  return random.chance(0.8) ? random.pick(NUMBERS) : random.pick(ODD_NUMBERS[codec])
}

/** Anything at all. */
export function hostileValue(random: SeededRandom, codec: CodecName): unknown {
  switch (random.integer(0, 11)) {
    case 0:
    case 1:
    case 2:
      return hostileNumber(random, codec)
    case 3:
    case 4:
      return random.pick(NAMES)
    case 5:
      return random.pick([null, true, false])
    case 6:
      return random.pick([[], {}, [[]], [null], [0], [{}], ['', 0]])
    case 7:
      return polluted(random, codec)
    case 8:
      return nested(random.pick(DEPTHS), random)
    case 9:
      return codec === 'msgpack' ? random.pick([new Uint8Array(3), new Date(0)]) : '@raw:{"a":1,"a":2}@'
    case 10:
      return { id: random.pick(NAMES), key: 'k1', attach: hostileNumber(random, codec) }
    default:
      return { [random.pick(NAMES)]: ['', hostileNumber(random, codec)] }
  }
}
