/**
 * The codec port: how values become bytes and back.
 *
 * Owns: the interface that `json()` and `msgpack()` implement. It is shaped so that a value is encoded once, when
 * it is sent or appended, and only joined afterwards.
 */

/** An encoded value, frame or batch: text for text codecs, bytes for binary ones. */
export type Encoded = string | Uint8Array

/** A replaceable codec. `name` completes the WebSocket subprotocol: `surewire.1.<name>`. */
export interface Serializer {
  readonly name: string
  /** Encodes one value. Throws a TypeError if the value cannot be encoded (cycles, functions, bigint). */
  encode(value: unknown): Encoded
  /** Puts small non-negative integers in front of the elements of an encoded, non-empty array. */
  prepend(head: readonly number[], array: Encoded): Encoded
  /** Makes one message of encoded frames. */
  batch(frames: readonly Encoded[]): Encoded
  /** Decodes one message. Throws if it is malformed, of the wrong kind, or nested deeper than `maxDepth`. */
  decode(data: Encoded, maxDepth: number): unknown
  /** Size in bytes on the wire. */
  size(encoded: Encoded): number
}

/** Deepest nesting of arrays and maps in a message: the batch, its frames and 64 levels of data. */
export const MAX_DEPTH = 66
