/**
 * WELCOME settles: what becomes of a producer's messages when a connection is made (rules 4 and 5).
 *
 * Owns: the comparison of the client's ledger with the state that the server names.
 * Does not own: writing again what remains (uplink.ts).
 */
import { ProtocolError } from '../../protocol/errors.js'
import { type ProducerState, VOIDED } from '../../protocol/frames.js'
import type { Outbox } from '../../delivery/outbox.js'
import type { Producer } from '../../delivery/producer.js'

/** What an application wants done with written messages that a server has forgotten. */
export type UnknownPolicy = 'resend' | 'reject'

/**
 * Settles everything the server settled, ends what is unknown, and makes the rest ready to be written again, in one
 * synchronous step. Returns `false` for a leftover whose stored tail was lost and of which nothing remains (rule 12).
 */
export function resumeProducer(
  outbox: Outbox,
  producer: Producer,
  state: ProducerState,
  index: number,
  policy: UnknownPolicy,
  /** Of so many numbers the server remembers refusals. */
  window: number,
): boolean {
  const inHand = Math.max(state.last, state.held)
  if (inHand > producer.written) {
    if (!producer.leftover) throw acknowledgedUnsent(producer, inHand)
    settleKnown(outbox, producer, state, window)
    if (producer.empty) {
      // Attached all the same: the server will tell what becomes of the numbers that it still has in hand.
      producer.startAfter(inHand, index)
      return false
    }
    producer.written = inHand
  }
  if (producer.epoch === null || producer.epoch === state.epoch) settleKnown(outbox, producer, state, window)
  else settleForgotten(outbox, producer, state, policy)
  producer.epoch = state.epoch
  producer.startAfter(inHand, index)
  return true
}

function settleKnown(outbox: Outbox, producer: Producer, state: ProducerState, window: number): void {
  if (state.last < producer.floor) {
    throw new ProtocolError(
      `the server went back to ${state.last} after it had acknowledged ${producer.floor} in the same epoch`,
      { code: 'went_back' },
    )
  }
  for (const [seq, code, message] of state.refused) {
    const isVoid = code === VOIDED
    const entry = isVoid || seq <= state.last ? producer.find(seq) : null
    if (entry !== null) outbox.settle(entry, isVoid ? 'cancelled' : 'rejected', code, message)
  }
  // Of numbers before its window the server does not remember any more whether it refused them (CLI-42).
  settleUnknown(outbox, producer, state.last - window)
  outbox.acceptUpTo(producer, state.last)
}

/** The server forgot: what was written and not settled may have been handled, or not. */
function settleForgotten(
  outbox: Outbox,
  producer: Producer,
  state: ProducerState,
  policy: UnknownPolicy,
): void {
  if (state.last > producer.floor || state.held > producer.floor)
    throw acknowledgedUnsent(producer, state.last)
  if (policy === 'resend' && producer.kind === 'messages') return
  settleUnknown(outbox, producer, producer.written)
}

/** Ends what was written, up to `last`. */
function settleUnknown(outbox: Outbox, producer: Producer, last: number): void {
  for (let entry = producer.first; entry !== null && entry.seq <= last; ) {
    const { next } = entry
    outbox.settle(entry, 'unknown', 'server_forgot', 'the server does not remember what became of this')
    entry = next
  }
}

/** Raised for an acknowledgement of something that was never sent (rule 12). */
export function acknowledgedUnsent(producer: Producer, seq: number): ProtocolError {
  return new ProtocolError(
    `the server acknowledged ${producer.id}.${seq}, but only ${producer.written} messages were ever sent`,
    { code: 'acknowledged_unsent' },
  )
}
