/**
 * The JSON serializer, the default one.
 *
 * Owns: JSON text in and out. A value is stringified once; numbers and batches are added by joining text.
 * Does not own: what the values mean (protocol/parse.ts).
 */
import { type Encoded, MAX_DEPTH, type Serializer } from '../protocol/codec.js'
import { messageOf } from '../protocol/errors.js'
import { isDeeperThan } from './depth.js'
import {
  forbiddenKey,
  notFormat,
  refuseUnencodable,
  tooDeep,
  tooDeepToSend,
  unencodable,
  wrongKind,
} from './refuse.js'
import { wireSize } from './size.js'

const NAME = 'json()'

/** Levels that an encoded frame may have: the batch around it is one more. */
const MAX_FRAME_DEPTH = MAX_DEPTH - 1

/** A `__proto__` key, escaped or not. The quote before it begins a key: inside a string it would have a backslash. */
const PROTO_KEY =
  /(?:^|[^\\])"(?:_|\\u005[fF]){2}(?:p|\\u0070)(?:r|\\u0072)(?:o|\\u006[fF])(?:t|\\u0074)(?:o|\\u006[fF])(?:_|\\u005[fF]){2}"\s*:/

/**
 * JSON as text messages. `undefined` becomes `null` in arrays and is left out of maps, a `Date` arrives as its ISO
 * string, `NaN` and `Infinity` as `null`: the rules of `JSON.stringify`.
 *
 * Encoding throws a TypeError for cycles, bigint, functions, symbols, Map, Set and binary data (for those use
 * `msgpack()`), for the key `__proto__` and for data nested deeper than 64 levels.
 *
 * @example
 * createClient({ url, serializer: json() })
 */
export function json(): Serializer {
  return { name: 'json', encode, prepend, batch, decode, size: wireSize }
}

function encode(value: unknown): string {
  if (Array.isArray(value)) for (const element of value) refuseLossy(element)
  return encodeWithin(value, MAX_FRAME_DEPTH)
}

/** One element of a frame, as `encode` would write it there. */
export function encodeElement(value: unknown): string {
  return encodeWithin(value, MAX_FRAME_DEPTH - 1)
}

function encodeWithin(value: unknown, maxDepth: number): string {
  refuseLossy(value)
  const text = stringify(value)
  if (hasProtoKey(text)) throw new TypeError(`${NAME} does not encode the key '__proto__'`)
  if (isDeeperThan(text, maxDepth)) throw tooDeepToSend(NAME, MAX_FRAME_DEPTH - 1)
  return text
}

/** The value itself and the elements of a frame are looked at; what lies deeper is `JSON.stringify`'s business. */
function refuseLossy(value: unknown): void {
  if (typeof value === 'string' || typeof value === 'number' || value === null) return
  if (ArrayBuffer.isView(value)) {
    throw new TypeError(`${NAME} cannot encode binary data: use msgpack(), or send it as base64`)
  }
  refuseUnencodable(value, NAME)
}

function stringify(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    throw unencodable(NAME, error)
  }
  return text ?? 'null'
}

/** By hand: once per message that is written, and `join` costs twice as much. */
function prepend(head: readonly number[], array: Encoded): string {
  let text = '['
  for (const number of head) text += `${number},`
  return text + asText(array).slice(1)
}

function batch(frames: readonly Encoded[]): string {
  return `[${frames.join(',')}]`
}

function decode(data: Encoded, maxDepth: number): unknown {
  const text = asText(data)
  if (isDeeperThan(text, maxDepth)) throw tooDeep(maxDepth)
  if (hasProtoKey(text)) throw forbiddenKey()
  try {
    return JSON.parse(text)
  } catch (error) {
    throw notFormat('JSON', messageOf(error), error)
  }
}

/** Escapes are rare in keys: the costly search runs only where there is one, or the name itself. */
function hasProtoKey(text: string): boolean {
  if (!text.includes('__proto__') && !text.includes('\\u00')) return false
  return PROTO_KEY.test(text)
}

function asText(data: Encoded): string {
  if (typeof data !== 'string') throw wrongKind('JSON', data)
  return data
}
