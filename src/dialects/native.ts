/**
 * The native dialect: surewire.1 as it is.
 *
 * Owns: frames to batches and back. Both sides use it, the server too.
 * Does not own: how many frames fit into one batch (the sessions, by `maxFrame`).
 */
import type { Dialect, Translator } from '../connection/dialect.js'
import { type Encoded, MAX_DEPTH, type Serializer } from '../protocol/codec.js'
import { describeValue, ProtocolError } from '../protocol/errors.js'
import { SUBPROTOCOL_PREFIX } from '../protocol/frames.js'

const NOTHING: readonly never[] = []

/**
 * Speaks surewire.1 with a surewire server.
 *
 * @example
 * const dialect = nativeDialect(json())
 * dialect.subprotocols // ['surewire.1.json']
 */
export function nativeDialect(serializer: Serializer): Dialect {
  const translator: Translator = {
    outgoing: (frames) => (frames.length === 0 ? NOTHING : [serializer.batch(frames)]),
    incoming: (data) => decodeBatch(serializer, data),
    deadline: () => null,
    tick: () => NOTHING,
  }
  return {
    name: 'native',
    subprotocols: [SUBPROTOCOL_PREFIX + serializer.name],
    /** It remembers nothing, so one serves all connections. */
    translator: () => translator,
  }
}

function decodeBatch(serializer: Serializer, data: Encoded): readonly unknown[] {
  const frames = serializer.decode(data, MAX_DEPTH)
  if (Array.isArray(frames)) return frames
  throw new ProtocolError(`a message must be an array of frames, got ${describeValue(frames)}`, {
    code: 'malformed',
  })
}
