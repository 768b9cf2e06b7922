/**
 * A walk over MessagePack bytes before they are decoded (rule 13).
 *
 * Owns: the proof that a message is whole, not too deep, and holds nothing that would be read as something else.
 * After it the decoder never meets a length that lies, so a header of five bytes cannot reserve gigabytes.
 * Does not own: values; nothing is built here. Format: https://github.com/msgpack/msgpack/blob/master/spec.md
 */
import { notFormat, tooDeep } from './refuse.js'

/** How many bytes follow the type byte of 0xc0 … 0xdf for a value of fixed size; -1: has a length of its own. */
const FIXED_SIZE: readonly number[] = [
  0, -1, 0, 0, -1, -1, -1, -1, -1, -1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
  -1, -1,
]

/** Where the walk is: reading helpers over one message. */
interface Cursor {
  readonly bytes: Uint8Array
  at: number
}

/**
 * Raises a ProtocolError unless `bytes` is exactly one value, of at most `maxDepth` levels. Every value takes a byte
 * at least, so a count that lies runs out of bytes: the walk is linear in what really arrived.
 */
export function checkMessagePack(bytes: Uint8Array, maxDepth: number): void {
  const cursor: Cursor = { bytes, at: 0 }
  /** Values still to come on each open level. */
  const open: number[] = [1]
  while (open.length > 0) {
    const level = open.length - 1
    const left = open[level] as number
    if (left === 0) {
      open.pop()
      continue
    }
    open[level] = left - 1
    const children = skipValue(cursor)
    if (children === NO_CONTAINER) continue
    if (open.length > maxDepth) throw tooDeep(maxDepth)
    open.push(children)
  }
  if (cursor.at !== bytes.length) throw notFormat('MessagePack', 'bytes follow the value')
}

const NO_CONTAINER = -1

/** Steps over one value, or over the header of a container: gives the number of its children. */
function skipValue(cursor: Cursor): number {
  if (cursor.at >= cursor.bytes.length) throw truncated()
  const type = cursor.bytes[cursor.at++] as number
  if (type < 0x80 || type >= 0xe0) return NO_CONTAINER
  if (type < 0x90) return (type & 0x0f) * 2
  if (type < 0xa0) return type & 0x0f
  if (type < 0xc0) return skipBytes(cursor, type & 0x1f)
  const size = FIXED_SIZE[type - 0xc0] as number
  if (size === -1) return skipSized(cursor, type)
  if (type === 0xcf || type === 0xd3) checkInt64(cursor)
  return skipBytes(cursor, size)
}

function skipSized(cursor: Cursor, type: number): number {
  switch (type) {
    case 0xc4:
    case 0xd9:
      return skipBytes(cursor, readUint(cursor, 1))
    case 0xc5:
    case 0xda:
      return skipBytes(cursor, readUint(cursor, 2))
    case 0xc6:
    case 0xdb:
      return skipBytes(cursor, readUint(cursor, 4))
    case 0xdc:
      return readUint(cursor, 2)
    case 0xdd:
      return readUint(cursor, 4)
    case 0xde:
      return readUint(cursor, 2) * 2
    case 0xdf:
      return readUint(cursor, 4) * 2
    case 0xc1:
      throw notFormat('MessagePack', 'the byte 0xc1 is never used')
    default:
      throw notFormat('MessagePack', 'extension types (timestamps too) are not part of surewire.1')
  }
}

function skipBytes(cursor: Cursor, count: number): typeof NO_CONTAINER {
  cursor.at += count
  if (cursor.at > cursor.bytes.length) throw truncated()
  return NO_CONTAINER
}

function readUint(cursor: Cursor, size: 1 | 2 | 4): number {
  if (cursor.at + size > cursor.bytes.length) throw truncated()
  let value = 0
  for (let read = 0; read < size; read++) value = value * 256 + (cursor.bytes[cursor.at++] as number)
  return value
}

/** Integers beyond 2^53 - 1 would be rounded in silence: refused, as `encode` refuses a bigint. */
function checkInt64(cursor: Cursor): void {
  const { bytes, at } = cursor
  if (at + 8 > bytes.length) throw truncated()
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8)
  const value = bytes[at - 1] === 0xcf ? view.getBigUint64(0) : view.getBigInt64(0)
  if (Number.isSafeInteger(Number(value))) return
  throw notFormat('MessagePack', 'an integer is beyond 2^53 - 1')
}

const truncated = (): Error => notFormat('MessagePack', 'it ends in the middle of a value')
