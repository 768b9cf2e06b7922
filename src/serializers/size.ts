/**
 * Sizes on the wire.
 *
 * Owns: how many bytes an encoded message takes, without encoding it again.
 */
import type { Encoded } from '../protocol/codec.js'

interface BufferLike {
  byteLength(text: string): number
}

/** Node, Bun and Deno count natively; looked up by name so that bundlers don't bring in a polyfill. */
const nativeCounter = (globalThis as { Buffer?: BufferLike })['Buffer']

/** Bytes that `encoded` takes on the wire: text counts as UTF-8. */
export function wireSize(encoded: Encoded): number {
  if (typeof encoded !== 'string') return encoded.byteLength
  return nativeCounter === undefined ? utf8Size(encoded) : nativeCounter.byteLength(encoded)
}

/** Length of a text in UTF-8. A lone surrogate counts 3, as the replacement character that is sent for it. */
export function utf8Size(text: string): number {
  let size = text.length
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit < 0x80) continue
    size += unit < 0x800 ? 1 : 2
    if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(at + 1))) at++
  }
  return size
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff
