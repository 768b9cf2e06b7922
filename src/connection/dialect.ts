/**
 * The dialect port: between the session's frames and what a server speaks.
 *
 * Owns: the interface of a pure translator. The native dialect joins frames to batches; a foreign one turns SEND into
 * its own messages and its server's messages into ENTRY, and answers the handshake in the server's place.
 */
import type { Encoded } from '../protocol/codec.js'

/** What one connection's translator does. Made anew for every connection; never sees time but as an argument. */
export interface Translator {
  /** Encoded frames of this side → messages on the wire. */
  outgoing(frames: readonly Encoded[]): readonly Encoded[]
  /** One message of the wire → decoded frames, not yet checked. */
  incoming(data: Encoded): readonly unknown[]
  /** When `tick` is due; `null`: never. */
  deadline(): number | null
  tick(now: number): readonly unknown[]
}

/** A way of speaking, chosen by `options.dialect`. */
export interface Dialect {
  readonly name: string
  /** Subprotocols to offer at the upgrade. */
  readonly subprotocols: readonly string[]
  translator(): Translator
}
