/**
 * The parsers under fire: bytes to values by both codecs, values to frames for both sides.
 *
 * Owns: feeding one message, and judging what came of it against the law and against the codecs' own libraries.
 * Does not own: making messages (parser-cases.ts).
 */
import { Decoder, ExtData } from '@msgpack/msgpack'
import { type Encoded, MAX_DEPTH } from '../../src/protocol/codec.js'
import { ProtocolError } from '../../src/protocol/errors.js'
import { parseClientFrame, parseServerFrame } from '../../src/protocol/parse.js'
import { verdict } from './frame-law.js'
import { CODECS, type CodecName } from './raw-codec.js'
import type { Side } from './samples.js'
import type { Tally } from './tally.js'
import { faultOf } from './values.js'

/** One message, and who is said to have sent it. */
export interface Message {
  readonly codec: CodecName
  readonly side: Side
  readonly data: Encoded
}

const DECODING_CODES = new Map([
  ['wrong_kind', 1003],
  ['malformed', 1007],
  ['too_deep', 1002],
  ['forbidden_key', 1002],
])

/** Feeds a message; gives what is wrong with the outcome, `null` for nothing. */
export function feedParser({ codec, side, data }: Message, tally: Tally): string | null {
  let batch: unknown
  try {
    batch = CODECS[codec].decode(data, MAX_DEPTH)
  } catch (error) {
    tally.frames++
    return judgeRefusal(error, codec, data, tally)
  }
  const fault = faultOf(batch, MAX_DEPTH) ?? roundedOf(data)
  if (fault !== null) return `${codec} let through ${fault}`
  if (!Array.isArray(batch)) {
    tally.frames++
    tally.count('not an array')
    return null
  }
  if (batch.length === 0) tally.frames++
  for (const frame of batch) {
    const wrong = feedFrame(frame, side, tally)
    if (wrong !== null) return wrong
  }
  return null
}

function judgeRefusal(error: unknown, codec: CodecName, data: Encoded, tally: Tally): string | null {
  if (!(error instanceof ProtocolError)) return `${codec} decode threw ${String(error)}`
  tally.count(error.code)
  if (DECODING_CODES.get(error.code) !== error.closeCode) {
    return `${codec} decode refused with ${error.code}, ${error.closeCode}`
  }
  return isRefusable(codec, data) ? null : `${codec} decode refused a valid message: ${error.message}`
}

function feedFrame(frame: unknown, side: Side, tally: Tally): string | null {
  tally.frames++
  const expected = verdict(frame, side)
  let parsed: readonly unknown[] | null
  try {
    parsed = side === 'client' ? parseClientFrame(frame) : parseServerFrame(frame)
  } catch (error) {
    if (!(error instanceof ProtocolError)) return `parsing threw ${String(error)}`
    tally.count(error.code)
    const known = error.closeCode === 1002 && (error.code === 'malformed' || error.code === 'unknown_frame')
    if (!known) return `parsing refused with ${error.code}, ${error.closeCode}`
    return expected === 'unlawful' || expected === 'either'
      ? null
      : `a ${expected} frame was refused: ${error.message}`
  }
  if (parsed === null) {
    tally.count('ignored')
    return expected === 'ignored' ? null : `an ${expected} frame was ignored`
  }
  tally.count('accepted')
  return expected === 'lawful' || expected === 'either' ? null : `an ${expected} frame was accepted`
}

/** Whether the document gives a reason to refuse these bytes. */
function isRefusable(codec: CodecName, data: Encoded): boolean {
  if ((typeof data === 'string') !== (codec === 'json')) return true
  return typeof data === 'string' ? isRefusableText(data) : isRefusableBytes(data)
}

function isRefusableText(data: string): boolean {
  // A key may be said twice, so that the forbidden one is in the text and not in the value.
  if (data.includes('__proto__') || data.includes('\\u00')) return true
  try {
    return faultOf(JSON.parse(data), MAX_DEPTH) !== null
  } catch {
    return true
  }
}

/** No message here is longer; without bounds the library would reserve what a header of five bytes claims. */
const LONGEST = 100_000

const library = new Decoder({
  useBigInt64: true,
  maxStrLength: LONGEST,
  maxBinLength: LONGEST,
  maxArrayLength: LONGEST,
  maxMapLength: LONGEST,
  mapKeyConverter: (key) => {
    if (typeof key === 'string') return key
    throw new Error('a key that is no text')
  },
})

function isRefusableBytes(data: Uint8Array): boolean {
  try {
    return hasUnsafe(library.decode(data))
  } catch {
    return true
  }
}

/** Type bytes of integers of 64 bits. */
const INT64 = [0xcf, 0xd3]

/** Integers that a reader without big ones would have rounded in silence. */
function roundedOf(data: Encoded): string | null {
  if (typeof data === 'string' || !INT64.some((type) => data.includes(type))) return null
  return isRefusableBytes(data) ? 'an integer beyond 2^53 - 1, or what is not of the protocol' : null
}

function hasUnsafe(value: unknown): boolean {
  const waiting: { value: unknown; depth: number }[] = [{ value, depth: 1 }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value: item, depth } = next
    if (typeof item === 'bigint' && !Number.isSafeInteger(Number(item))) return true
    if (item instanceof ExtData || item instanceof Date) return true
    if (typeof item !== 'object' || item === null || item instanceof Uint8Array) continue
    if (depth > MAX_DEPTH) return true
    for (const inner of Object.values(item)) waiting.push({ value: inner, depth: depth + 1 })
  }
  return false
}
