/**
 * The header of a WebSocket frame (RFC 6455 section 5.2), for those who hand `ws` frames that are made already.
 *
 * Owns: its length and its bytes, for final frames that are not compressed.
 * Does not own: payload, and masking (masked-frame.ts).
 */

/** First byte: final, and what the payload is. */
const FINAL_TEXT = 0x81
const FINAL_BINARY = 0x82
/** Second byte: the length up to 125, or how long the length is. */
const LENGTH_16 = 126
const LENGTH_64 = 127

/** Second byte of a frame that a client sends: a key follows the length. */
export const MASKED = 0x80

/** Bytes of the header before a payload of so many bytes, without a key. */
export function headerBytes(payload: number): number {
  if (payload < LENGTH_16) return 2
  return payload <= 0xffff ? 4 : 10
}

/** Writes the header at `at`; `masked`: {@link MASKED}, or 0. */
export function writeHeader(
  frame: Buffer,
  at: number,
  isText: boolean,
  payload: number,
  masked: number,
): void {
  frame[at] = isText ? FINAL_TEXT : FINAL_BINARY
  if (payload < LENGTH_16) {
    frame[at + 1] = masked | payload
  } else if (payload <= 0xffff) {
    frame[at + 1] = masked | LENGTH_16
    frame.writeUInt16BE(payload, at + 2)
  } else {
    frame[at + 1] = masked | LENGTH_64
    frame.writeBigUInt64BE(BigInt(payload), at + 2)
  }
}
