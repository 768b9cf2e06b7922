/**
 * A message as a client's frame, for `ws`.
 *
 * Owns: header, masking key and masked payload in one buffer (RFC 6455 sections 5.2 and 5.3).
 * Does not own: when a frame may go past what `ws` does itself (node-extras.ts).
 */
import type { Encoded } from '../protocol/codec.js'

/** First byte: final, and what the payload is. */
const FINAL_TEXT = 0x81
const FINAL_BINARY = 0x82
/** Second byte: masked, with the length or what says how long the length is. */
const MASKED = 0x80
const LENGTH_16 = 126
const LENGTH_64 = 127
const KEY_BYTES = 4
/** Room for the longest header, two bytes of a frame, eight of length and the key, up to where whole words begin. */
const BEFORE_PAYLOAD = 16

/** Keys must not be foreseen (section 5.3); asking for each by itself would cost more than masking does. */
const keys = new Uint32Array(1_024)
let nextKey = keys.length

/** One word seen as four bytes, in the order in which this machine has them. */
const keyWord = new Uint32Array(1)
const keyBytes = new Uint8Array(keyWord.buffer)

/** One frame, final and not compressed. Masked by words: byte by byte it took a tenth of a sender's time. */
export function maskedFrame(data: Encoded): Buffer {
  const isText = typeof data === 'string'
  const bytes = isText ? Buffer.byteLength(data) : data.byteLength
  const words = Math.ceil(bytes / KEY_BYTES)
  const room = Buffer.allocUnsafe(KEY_BYTES + BEFORE_PAYLOAD + words * KEY_BYTES)
  // Words have to lie on multiples of four in the memory behind the buffer, wherever that was taken from.
  const payloadAt = BEFORE_PAYLOAD + ((KEY_BYTES - (room.byteOffset % KEY_BYTES)) % KEY_BYTES)
  if (isText) room.write(data, payloadAt)
  else room.set(data, payloadAt)
  const key = takeKey()
  mask(new Uint32Array(room.buffer, room.byteOffset + payloadAt, words), key)
  const start = payloadAt - headerBytes(bytes)
  room[start] = isText ? FINAL_TEXT : FINAL_BINARY
  writeLength(room, start + 1, bytes)
  keyWord[0] = key
  room.set(keyBytes, payloadAt - KEY_BYTES)
  return room.subarray(start, payloadAt + bytes)
}

function headerBytes(bytes: number): number {
  if (bytes < LENGTH_16) return 2 + KEY_BYTES
  return (bytes <= 0xffff ? 4 : 10) + KEY_BYTES
}

function writeLength(room: Buffer, at: number, bytes: number): void {
  if (bytes < LENGTH_16) {
    room[at] = MASKED | bytes
  } else if (bytes <= 0xffff) {
    room[at] = MASKED | LENGTH_16
    room.writeUInt16BE(bytes, at + 1)
  } else {
    room[at] = MASKED | LENGTH_64
    room.writeBigUInt64BE(BigInt(bytes), at + 1)
  }
}

function mask(words: Uint32Array, key: number): void {
  for (let at = 0; at < words.length; at++) words[at] = (words[at] as number) ^ key
}

function takeKey(): number {
  if (nextKey === keys.length) {
    crypto.getRandomValues(keys)
    nextKey = 0
  }
  return keys[nextKey++] as number
}
