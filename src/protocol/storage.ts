/**
 * What an outbox keeps beyond the page.
 *
 * Owns: the records and changes that the session states and a storage applies.
 * Does not own: where they are kept (storage/) or when they are written (the session; rules 6 and 7).
 */
import type { Encoded } from './codec.js'

/** A producer as storage keeps it. */
export interface StoredProducer {
  readonly id: string
  readonly key: string
  readonly attach: number
  readonly epoch: string | null
  /** Whose its messages are, as a WELCOME named them; `null`: its page never met a server. */
  readonly user: string | null
  readonly floor: number
}

export interface StoredMessage {
  readonly producer: string
  readonly seq: number
  readonly body: Encoded
}

export type StorageChange =
  | { readonly type: 'producer'; readonly producer: StoredProducer }
  | { readonly type: 'append'; readonly message: StoredMessage }
  /** This message is settled. */
  | { readonly type: 'settle'; readonly producer: string; readonly seq: number }
  /** Everything of this producer is settled and nobody will append to it. */
  | { readonly type: 'forget'; readonly producer: string }

/** What a closed page left behind. */
export interface StoredOutbox {
  readonly producer: StoredProducer
  /** In order of their numbers. */
  readonly messages: readonly StoredMessage[]
}
