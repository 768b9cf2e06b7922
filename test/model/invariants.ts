/**
 * What must hold, whatever happens.
 *
 * Owns: the invariants of one message's way up, checked at the steps that could break them, from a history that the
 * rules never read.
 */
import type { History, ProducerRecord, State } from './state.js'

export type InvariantName =
  /** One commit of effects per epoch; one run of the handler per epoch and owner; a second run says `redelivered`. */
  | 'I1'
  /** Handled and committed in order, without holes but those stated as VOID. */
  | 'I2'
  /** Accepted means committed; cancelled means no effect; under `reject` nothing is committed in a second epoch. */
  | 'I3'
  /** Every message can still reach its one outcome. */
  | 'I4'
  /** Nothing is acknowledged before it is committed, or was sent; neither `last` nor acknowledgements go back. */
  | 'I8'
  /** Only the present owner commits; nobody takes a producer from a newer connection. */
  | 'I9'

export class Violation extends Error {
  constructor(
    readonly invariant: InvariantName,
    message: string,
  ) {
    super(`${invariant}: ${message}`)
  }
}

/** Raises a {@link Violation} unless it holds. */
export function must(invariant: InvariantName, holds: boolean, otherwise: string): void {
  if (!holds) throw new Violation(invariant, otherwise)
}

/** A handler begins. */
export function noteRun(state: State, owner: number, seq: number, redelivered: boolean): void {
  const { history } = state
  const again = history.runs.some((run) => run[0] === owner && run[1] === seq)
  must('I1', !again, `the handler of message ${seq} ran twice under one owner`)
  const later = history.runs.some((run) => run[0] === owner && run[1] > seq)
  must('I2', !later, `message ${seq} was handled after a later one`)
  // A process that lost the producer and has not heard of it yet may run it late; its effects will not be committed.
  const isOwner = state.record?.owner === owner
  const before = isOwner ? history.ran : history.plain
  must('I1', redelivered || !before.includes(seq), `message ${seq} ran again and did not say so`)
  must('I3', state.client.messages[seq - 1] !== 'cancelled', `message ${seq} ran although it was cancelled`)
  history.runs.push([owner, seq])
  if (!history.ran.includes(seq)) history.ran.push(seq)
  if (!redelivered && !history.plain.includes(seq)) history.plain.push(seq)
}

/** The store has committed `messages`, and the record's `last` went from `from` to what it is now. */
export function noteCommit(
  state: State,
  record: ProducerRecord,
  commit: { owner: number; from: number; messages: readonly number[]; onUnknown: 'resend' | 'reject' },
): void {
  const { history } = state
  const { epoch, last, owner } = record
  must('I9', commit.owner === owner, 'a process committed that no longer owned the producer')
  for (const seq of commit.messages) {
    const twice = history.commits.some((known) => known[0] === epoch && known[1] === seq)
    must('I1', !twice, `message ${seq} was committed twice in one epoch`)
    must('I2', seq > commit.from && seq <= last, `message ${seq} was committed out of order`)
    const elsewhere = history.committed.includes(seq)
    must('I3', commit.onUnknown === 'resend' || !elsewhere, `message ${seq} was committed in two epochs`)
    history.commits.push([epoch, seq])
    if (!elsewhere) history.committed.push(seq)
  }
  must('I8', last >= lastIn(history, epoch), `last went back to ${last}`)
  history.lasts = [...history.lasts.filter((known) => known[0] !== epoch), [epoch, last]]
}

/** How far the epoch was ever committed. */
export function lastIn({ lasts }: History, epoch: number): number {
  return lasts.find((known) => known[0] === epoch)?.[1] ?? 0
}

/** A message ends as accepted at its sender. */
export function noteAccepted({ history }: State, seq: number): void {
  must('I3', history.committed.includes(seq), `message ${seq} is accepted and was never committed`)
}
