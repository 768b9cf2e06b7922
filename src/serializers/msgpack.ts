/**
 * The MessagePack serializer: binary data without base64, smaller frames.
 *
 * Owns: MessagePack in and out, on @msgpack/msgpack. Values are encoded once; numbers are put in front and batches
 * made by copying bytes behind a new array header.
 * Does not own: the check of what arrives (msgpack-walk.ts).
 */
import { Decoder, Encoder, type ExtensionCodecType } from '@msgpack/msgpack'
import { type Encoded, MAX_DEPTH, type Serializer } from '../protocol/codec.js'
import { ProtocolError } from '../protocol/errors.js'
import { checkMessagePack } from './msgpack-walk.js'
import {
  forbiddenKey,
  notFormat,
  refuseUnencodable,
  tooDeepToSend,
  unencodable,
  wrongKind,
} from './refuse.js'
import { wireSize } from './size.js'

const NAME = 'msgpack()'

/** Levels that an encoded frame may have: the batch around it is one more. */
const MAX_FRAME_DEPTH = MAX_DEPTH - 1

/** Asked for every object before it is encoded: no extension types, and nothing that would become `{}` unnoticed. */
const guard: ExtensionCodecType<undefined> = {
  tryToEncode: (value) => {
    if (Array.isArray(value) || ArrayBuffer.isView(value)) return null
    refuseUnencodable(value, NAME)
    refuseConverted(value as object)
    return null
  },
  decode: () => {
    throw notFormat('MessagePack', 'extension types are not part of surewire.1')
  },
}

/** `JSON.stringify` would convert these; here they would lose their content. */
function refuseConverted(value: object): void {
  if (value instanceof Date)
    throw new TypeError(`${NAME} cannot encode a Date: send its ISO string or number`)
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    throw new TypeError(`${NAME} does not call toJSON(): pass what it returns`)
  }
  if (Object.hasOwn(value, '__proto__')) throw new TypeError(`${NAME} does not encode the key '__proto__'`)
}

/**
 * MessagePack as binary messages. Typed arrays arrive as `Uint8Array` (a view into the received message), `undefined`
 * as `null` in arrays and not at all in maps.
 *
 * Encoding throws a TypeError for cycles, bigint, functions, symbols, Date, Map, Set, objects with `toJSON`, for the key
 * `__proto__` and for data nested deeper than 64 levels. Decoding refuses extension types and integers beyond
 * 2^53 - 1.
 *
 * @example
 * import { msgpack } from 'surewire/msgpack'
 * createClient({ url, serializer: msgpack() })
 */
export function msgpack(): Serializer {
  const encoder = makeEncoder(MAX_FRAME_DEPTH)
  const decoder = new Decoder({ extensionCodec: guard, mapKeyConverter: textKey })
  return {
    name: 'msgpack',
    encode: (value) => encode(encoder, value) ?? encodeDeep(value),
    prepend,
    batch,
    decode: (data, maxDepth) => decode(decoder, data, maxDepth),
    size: wireSize,
  }
}

/** The library would take numbers too, and make texts of them. */
function textKey(key: unknown): string {
  if (typeof key === 'string') return key
  throw notFormat('MessagePack', 'the key of a map is not a text')
}

function makeEncoder(maxDepth: number): Encoder {
  return new Encoder({ extensionCodec: guard, ignoreUndefined: true, maxDepth })
}

/** `null`: the library says it is too deep. */
function encode(encoder: Encoder, value: unknown): Uint8Array | null {
  try {
    return encoder.encode(value)
  } catch (error) {
    if (error instanceof TypeError) throw error
    if (error instanceof Error && error.message.startsWith('Too deep')) return null
    throw unencodable(NAME, error)
  }
}

/** The library counts the values in the innermost container as a level; close to the limit, containers are counted. */
function encodeDeep(value: unknown): Uint8Array {
  const bytes = encode(makeEncoder(MAX_DEPTH), value)
  if (bytes === null || !isWithin(bytes, MAX_FRAME_DEPTH)) throw tooDeepToSend(NAME, MAX_FRAME_DEPTH - 1)
  return bytes
}

function isWithin(bytes: Uint8Array, maxDepth: number): boolean {
  try {
    checkMessagePack(bytes, maxDepth)
    return true
  } catch {
    return false
  }
}

function decode(decoder: Decoder, data: Encoded, maxDepth: number): unknown {
  const bytes = plainBytes(asBytes(data))
  checkMessagePack(bytes, maxDepth)
  try {
    return decoder.decode(bytes)
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    const detail = error instanceof Error ? error.message : String(error)
    throw detail.includes('__proto__') ? forbiddenKey() : notFormat('MessagePack', detail, error)
  }
}

function prepend(head: readonly number[], array: Encoded): Uint8Array {
  const bytes = asBytes(array)
  const count = readArrayLength(bytes)
  const skip = arrayHeaderSize(count)
  const length = count + head.length
  let start = arrayHeaderSize(length)
  for (const value of head) start += uintSize(value)
  const joined = new Uint8Array(start + bytes.length - skip)
  // The old header is copied along and then written over: cheaper than a view without it.
  joined.set(bytes, start - skip)
  let at = writeArrayHeader(joined, length)
  for (const value of head) at = writeUint(joined, at, value)
  return joined
}

function batch(frames: readonly Encoded[]): Uint8Array {
  let size = arrayHeaderSize(frames.length)
  for (const frame of frames) size += asBytes(frame).length
  const joined = new Uint8Array(size)
  let at = writeArrayHeader(joined, frames.length)
  for (const frame of frames as readonly Uint8Array[]) {
    joined.set(frame, at)
    at += frame.length
  }
  return joined
}

/** Number of elements of an array as this serializer encodes it, with the shortest header. */
function readArrayLength(bytes: Uint8Array): number {
  const type = bytes[0] as number
  if (type >= 0x90 && type <= 0x9f) return type & 0x0f
  if (type === 0xdc) return readBigEndian(bytes, 1, 2)
  if (type === 0xdd) return readBigEndian(bytes, 1, 4)
  throw new TypeError(`${NAME} can put numbers in front of an encoded array only`)
}

function arrayHeaderSize(count: number): number {
  return count < 16 ? 1 : count < 0x10000 ? 3 : 5
}

function writeArrayHeader(target: Uint8Array, count: number): number {
  const size = arrayHeaderSize(count)
  if (size === 1) {
    target[0] = 0x90 | count
  } else {
    target[0] = size === 3 ? 0xdc : 0xdd
    writeBigEndian(target, 1, count, size - 1)
  }
  return size
}

function uintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x100 ? 2 : value < 0x10000 ? 3 : value < 0x100000000 ? 5 : 9
}

/** Type bytes of uint 8, 16, 32 and 64, by the size of the whole. */
const UINT_TYPE: { readonly [size: number]: number } = { 2: 0xcc, 3: 0xcd, 5: 0xce, 9: 0xcf }

/** Writes an integer from 0 to 2^53 - 1 in its shortest form; gives the offset after it. */
function writeUint(target: Uint8Array, at: number, value: number): number {
  const size = uintSize(value)
  if (size === 1) {
    target[at] = value
    return at + 1
  }
  target[at] = UINT_TYPE[size] as number
  writeBigEndian(target, at + 1, value, size - 1)
  return at + size
}

/** Division instead of shifts: numbers go up to 2^53 - 1, shifts only to 2^32. */
function writeBigEndian(target: Uint8Array, at: number, value: number, size: number): void {
  let left = value
  for (let offset = size - 1; offset >= 0; offset--) {
    target[at + offset] = left % 256
    left = Math.floor(left / 256)
  }
}

function readBigEndian(bytes: Uint8Array, at: number, size: number): number {
  let value = 0
  for (let offset = 0; offset < size; offset++) value = value * 256 + (bytes[at + offset] as number)
  return value
}

function asBytes(data: Encoded): Uint8Array {
  if (typeof data === 'string') throw wrongKind('MessagePack', data)
  return data
}

/** The library cuts binary values out of its input: out of a Node Buffer they would be Buffers. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.constructor === Uint8Array) return bytes
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
