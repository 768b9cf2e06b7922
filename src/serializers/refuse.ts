/**
 * What serializers say when they refuse.
 *
 * Owns: the errors of encoding (a TypeError, the caller's mistake) and decoding (a ProtocolError, the peer's).
 */
import type { Encoded } from '../protocol/codec.js'
import { messageOf, ProtocolError } from '../protocol/errors.js'

/** Close codes of RFC 6455 section 7.4.1 for input that cannot be read. */
const UNSUPPORTED_DATA = 1003
const INVALID_PAYLOAD = 1007

/** Values that every codec would turn into something else without a word. */
export function refuseUnencodable(value: unknown, codec: string): void {
  const kind = unencodableKind(value)
  if (kind === null) return
  throw new TypeError(`${codec} cannot encode ${kind}: send plain data instead`)
}

function unencodableKind(value: unknown): string | null {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  if (typeof value === 'bigint') return 'a bigint (a string keeps all its digits)'
  return typeof value === 'object' && value !== null ? lossyObjectKind(value) : null
}

/** Objects whose content is not in their own keys: they would arrive as `{}`. */
function lossyObjectKind(value: object): string | null {
  if (value instanceof Map) return 'a Map (use Object.fromEntries)'
  if (value instanceof Set) return 'a Set (use an array)'
  if (value instanceof Promise) return 'a Promise (await it first)'
  if (value instanceof ArrayBuffer) return 'an ArrayBuffer (wrap it in a Uint8Array)'
  return null
}

/** The error for a value that the codec's library would not encode. */
export function unencodable(codec: string, cause: unknown): TypeError {
  const detail = messageOf(cause).split('\n', 1)[0] ?? ''
  return new TypeError(`${codec} cannot encode this value: ${detail}`, { cause })
}

/** The error for data of the sender's that nests deeper than receivers take. */
export function tooDeepToSend(codec: string, levels: number): TypeError {
  return new TypeError(`${codec} cannot encode this value: it is nested deeper than ${levels} levels`)
}

/** Text where bytes were expected, or the other way round. */
export function wrongKind(codec: string, data: Encoded): ProtocolError {
  const kind = typeof data === 'string' ? 'text' : 'binary'
  return new ProtocolError(`a ${kind} message arrived, but ${codec} was agreed on`, {
    code: 'wrong_kind',
    closeCode: UNSUPPORTED_DATA,
  })
}

/** Input that is not of the codec's format. */
export function notFormat(codec: string, detail: string, cause?: unknown): ProtocolError {
  return new ProtocolError(`a message is not valid ${codec}: ${detail}`, {
    code: 'malformed',
    closeCode: INVALID_PAYLOAD,
    cause,
  })
}

/** Input nested deeper than allowed. */
export function tooDeep(maxDepth: number): ProtocolError {
  return new ProtocolError(`a message is nested deeper than ${maxDepth} levels`, { code: 'too_deep' })
}

/** A key that would reach the prototype of the object it is copied into. */
export function forbiddenKey(): ProtocolError {
  return new ProtocolError("a message holds the key '__proto__', which is not allowed", {
    code: 'forbidden_key',
  })
}
