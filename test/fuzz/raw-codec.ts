/**
 * Encoding without any check, so that everything a codec would refuse to send can be sent.
 *
 * Owns: values to JSON text and MessagePack bytes. In JSON a text `@raw:…@` stands for what is between, unquoted.
 */
import { Encoder } from '@msgpack/msgpack'
import { type Encoded, type Serializer } from '../../src/protocol/codec.js'
import { json } from '../../src/serializers/json.js'
import { msgpack } from '../../src/serializers/msgpack.js'

export type CodecName = 'json' | 'msgpack'

export const CODECS: Readonly<Record<CodecName, Serializer>> = { json: json(), msgpack: msgpack() }

export const protocolOf = (codec: CodecName): string => `surewire.1.${codec}`

const encoder = new Encoder({ maxDepth: 100_000, useBigInt64: true })

const RAW = /"@raw:(?:[^"\\@]|\\.)*@"/g

const unquoted = (quoted: string): string => (JSON.parse(quoted) as string).slice('@raw:'.length, -1)

/** A value as one message. */
export function encodeRaw(codec: CodecName, value: unknown): Encoded {
  if (codec === 'msgpack') return encoder.encode(value)
  const text = JSON.stringify(value) ?? 'null'
  return text.includes('@raw:') ? text.replace(RAW, unquoted) : text
}

/** Text or bytes as bytes: what byte-level mutation works on. */
export function toBytes(data: Encoded): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data, 'utf8') : data
}

/** … and back to what the codec takes. Invalid UTF-8 becomes what a socket would not have let through. */
export function fromBytes(codec: CodecName, bytes: Uint8Array): Encoded {
  return codec === 'json' ? Buffer.from(bytes).toString('utf8') : new Uint8Array(bytes)
}
