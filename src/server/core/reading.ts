/**
 * Reading one batch of a client.
 *
 * Owns: bytes to frames not yet checked, which producer numbers mean, and the errors for both.
 */
import { CloseCode } from '../../protocol/close-codes.js'
import { MAX_DEPTH, type Encoded } from '../../protocol/codec.js'
import { messageOf, ProtocolError } from '../../protocol/errors.js'
import type { ProducerKind } from '../../protocol/frames.js'
import type { Connection, Peer, Producer } from './model.js'

/** What a batch was found to hold so far. */
export interface Reading {
  /** Producer that frames number in; `null`: a refused one. */
  using: Producer | null
  /** A number came since the last USE: one that is for nothing could come without end. */
  used: boolean
  /** The last SEND or REQUEST. */
  last: { readonly producer: Producer; readonly seq: number } | null
}

export function decode({ serializer }: Connection, data: Encoded): readonly unknown[] {
  let batch: unknown
  try {
    batch = serializer.decode(data, MAX_DEPTH)
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    throw new ProtocolError(`a message cannot be decoded: ${messageOf(error)}`, {
      code: 'malformed',
      closeCode: CloseCode.INVALID_PAYLOAD,
      cause: error,
    })
  }
  if (Array.isArray(batch)) return batch
  throw new ProtocolError('a message is not an array of frames', { code: 'malformed' })
}

export function tooLarge(bytes: number, limit: number): ProtocolError {
  return new ProtocolError(`a message of ${bytes} bytes is longer than ${limit}`, {
    code: 'too_large',
    closeCode: CloseCode.TOO_LARGE,
  })
}

/** USE 0 is the state at the start of a batch, so it is fine even without producers. */
export function use(peer: Peer, index: number): Producer | null {
  if (index >= peer.producers.length && index > 0) {
    throw new ProtocolError(`USE ${index}: no such producer is attached`, { code: 'unknown_producer' })
  }
  return peer.producers[index] ?? null
}

export function producerFor({ using }: Reading, kind: ProducerKind | null): Producer {
  if (using === null) {
    throw new ProtocolError('a number came for a producer that is not attached', { code: 'unknown_producer' })
  }
  if (kind !== null && using.kind !== kind) {
    throw new ProtocolError(`a producer of ${using.kind} takes no ${kind}`, { code: 'wrong_producer' })
  }
  return using
}
