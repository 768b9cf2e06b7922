/**
 * Mutation of messages as bytes.
 *
 * Owns: flips, insertions, deletions, copies, truncations, splices; lies about lengths in MessagePack; stray tokens in JSON.
 */
import type { SeededRandom } from '../../src/testing/seeded-random.js'
import type { CodecName } from './raw-codec.js'

/** One change. `other`: a message to splice with. */
export function mutateBytes(
  bytes: Uint8Array,
  random: SeededRandom,
  codec: CodecName,
  other: Uint8Array,
): Uint8Array {
  const at = random.integer(0, Math.max(0, bytes.length - 1))
  const span = random.pick([1, 1, 2, 4, 16])
  switch (random.integer(0, 9)) {
    case 0:
      return set(bytes, at, (bytes[at] ?? 0) ^ (1 << random.integer(0, 7)))
    case 1:
      return set(bytes, at, random.integer(0, 255))
    case 2:
      return splice(
        bytes,
        at,
        0,
        Uint8Array.from({ length: span }, () => random.integer(0, 255)),
      )
    case 3:
      return splice(bytes, at, span, NOTHING)
    case 4:
      return splice(bytes, at, 0, bytes.subarray(at, at + span))
    case 5:
      return bytes.subarray(0, at)
    case 6:
      return splice(bytes.subarray(0, at), at, 0, other.subarray(random.integer(0, other.length)))
    case 7:
      return splice(bytes, random.integer(0, bytes.length), 0, other.subarray(0, span * 4))
    default:
      return codec === 'msgpack' ? lieAboutLength(bytes, at, random) : strayToken(bytes, at, random)
  }
}

/** Nothing but chance: 0 to 64 bytes. */
export function anyBytes(random: SeededRandom): Uint8Array {
  return Uint8Array.from({ length: random.integer(0, 64) }, () => random.integer(0, 255))
}

const NOTHING = new Uint8Array(0)

function set(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const changed = Uint8Array.from(bytes)
  if (at < changed.length) changed[at] = value
  return changed
}

function splice(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const tail = bytes.subarray(Math.min(bytes.length, at + remove))
  const joined = new Uint8Array(Math.min(at, bytes.length) + insert.length + tail.length)
  joined.set(bytes.subarray(0, at), 0)
  joined.set(insert, Math.min(at, bytes.length))
  joined.set(tail, joined.length - tail.length)
  return joined
}

/** Headers of texts, bytes, arrays, maps, extensions and 64-bit integers, with lengths that lie. */
const HEADERS: readonly (readonly number[])[] = [
  [0xdd, 0xff, 0xff, 0xff, 0xff],
  [0xdf, 0xff, 0xff, 0xff, 0xff],
  [0xdd, 0x7f, 0xff, 0xff, 0xff],
  [0xdb, 0xff, 0xff, 0xff, 0xf0],
  [0xc6, 0x80, 0x00, 0x00, 0x00],
  [0xdc, 0xff, 0xff],
  [0xde, 0x00, 0x10],
  [0x9f],
  [0x8f],
  [0xbf],
  [0x80],
  [0x90],
  [0xc1],
  [0xcf, 0x00, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0xd3, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0xcb, 0x7f, 0xf8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0xcb, 0x7f, 0xf0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0xcb, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0xc9, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xd6, 0xff, 0x00, 0x00, 0x00, 0x00],
  [0x81, 0xa9, 0x5f, 0x5f, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x5f, 0x5f, 0x80],
  [0xa9, 0x5f, 0x5f, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x5f, 0x5f],
]

function lieAboutLength(bytes: Uint8Array, at: number, random: SeededRandom): Uint8Array {
  return splice(bytes, at, random.pick([0, 1, 1, 2]), Uint8Array.from(random.pick(HEADERS)))
}

const TOKENS: readonly Uint8Array[] = [
  '[',
  ']',
  '{',
  '}',
  '"',
  ',',
  ':',
  '\\',
  'null',
  '-',
  '1e999',
  '-0',
  '9007199254740992',
  '1E5',
  '"__proto__":{"polluted":1},',
  '"\\u005f\\u005fproto__":1,',
  '"__pr\\u006Fto__" : 1,',
  '{"__proto__":null}',
  '\\ud800',
  '\u0000',
  '\ufeff',
  '['.repeat(70),
  '{"a":'.repeat(70),
].map((token) => Buffer.from(token, 'utf8'))

function strayToken(bytes: Uint8Array, at: number, random: SeededRandom): Uint8Array {
  return splice(bytes, at, random.pick([0, 0, 1, 3]), random.pick(TOKENS))
}
