/**
 * A message as a client's frame, for `ws`.
 *
 * Owns: header, masking key and masked payload in one buffer (RFC 6455 section 5.3).
 * Does not own: the header's bytes (frame-header.ts), and when a frame may go past what `ws` does itself (node-extras.ts).
 */
import type { Encoded } from '../protocol/codec.js'
import { headerBytes, MASKED, writeHeader } from './frame-header.js'

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
  const start = payloadAt - KEY_BYTES - headerBytes(bytes)
  writeHeader(room, start, isText, bytes, MASKED)
  keyWord[0] = key
  room.set(keyBytes, payloadAt - KEY_BYTES)
  return room.subarray(start, payloadAt + bytes)
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
