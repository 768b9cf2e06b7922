/**
 * What the store does: each question in one atomic step (docs/PROTOCOL.md, 5).
 *
 * Owns: comparing, advancing, making records anew.
 * Does not own: when questions are asked and answers heard (server.ts).
 */
import { must, noteCommit } from './invariants.js'
import type { Rules } from './rules.js'
import type { AttachAnswer, CommitAnswer, ProducerRecord, Request, State } from './state.js'

/** Does what was asked. */
export function execute(state: State, request: Request, rules: Rules): Request {
  return request.is === 'attach'
    ? { ...request, answer: attach(state, request, rules) }
    : { ...request, answer: commit(state, request, rules) }
}

function attach(state: State, request: Request & { is: 'attach' }, rules: Rules): AttachAnswer {
  const { record } = state
  const { offer, heldOwner, newOwner } = request
  if (record === null) return create(state, request, rules)
  const stale = offer.attach <= record.attach
  if (stale && rules.broken !== 'attach is not compared') return 'refused'
  must('I9', !stale, `attach ${offer.attach} took the producer from attach ${record.attach}`)
  const otherEpoch = offer.epoch !== 0 && offer.epoch !== record.epoch
  const anew =
    (otherEpoch && rules.broken !== 'the server ignores the offered epoch') || record.last < offer.floor
  if (anew) return create(state, request, rules)
  record.attach = offer.attach
  const isKept = record.owner === heldOwner
  if (rules.broken === 'the redelivery bound is dropped when attached again') record.bound = 0
  if (!isKept) {
    record.owner = newOwner
    const raised = rules.broken !== 'a take-over does not raise the redelivery bound'
    if (raised) record.bound = Math.max(record.bound, offer.written)
  }
  return { how: isKept ? 'kept' : 'taken', record: { ...record } }
}

/** [EPO-2] [EPO-5] A record is made, or made anew. */
function create(
  state: State,
  { offer, newOwner }: Request & { is: 'attach' },
  { broken }: Rules,
): AttachAnswer {
  const record: ProducerRecord = {
    epoch: state.fresh.epoch++,
    owner: newOwner,
    attach: offer.attach,
    last: broken === 'a new record does not start at the floor' ? 0 : offer.floor,
    bound: broken === 'a new record has no redelivery bound' ? 0 : offer.written,
  }
  state.record = record
  state.history.lasts.push([record.epoch, record.last])
  return { how: 'created', record: { ...record } }
}

/** Committing is one step: `last` moves on, and everything that the handlers sent is appended. */
function commit(
  state: State,
  request: Request & { is: 'commit' },
  { broken, onUnknown }: Rules,
): CommitAnswer {
  const { record } = state
  const { owner, epoch, from, to, messages } = request
  if (record === null) return 'gone'
  // A record of another epoch is not the one that the process knew.
  if (record.epoch !== epoch && broken !== 'a commit does not compare the epoch') return 'gone'
  if (record.owner !== owner && broken !== 'a commit does not compare the owner') return 'fenced'
  if (record.last !== from && broken !== 'a commit does not compare last') return { conflict: record.last }
  record.last = to
  noteCommit(state, record, { owner, from, messages, onUnknown })
  return 'done'
}
