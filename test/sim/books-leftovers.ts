/**
 * What closed pages left behind is drained first (rule 6).
 *
 * Owns: whether a link still carries something of another page that is not settled; whether what several left goes out in order; whether what another page left ended, and
 * went off the disk, for a reason. It counts as written: nothing takes it back, and no time is over for it.
 */
import type { OutcomeState } from '../../src/index.js'
import { VOIDED } from '../../src/protocol/frames.js'
import { Violation } from '../../src/testing/simulation/index.js'
import type { Lane, LinkBook, LinkOwner } from './books-link.js'
import type { LossBook } from './books-losses.js'
import { type MessageBook, splitId } from './books-messages.js'
import { ANONYMOUS, ownerOf } from './books-owners.js'
import type { SentMessage } from './books-sent.js'

/** What a page knows of why something ended (books-causes.ts). */
export interface Known {
  readonly isClosing: boolean
  /** Whether the page gave up on its storage. */
  readonly storageFailed: boolean
  readonly losses: LossBook
  isAcknowledged(id: string): boolean
  refusalOf(id: string): string | null
}

/** What another page left ended, as `page` tells. */
export function checkLeftoverEnded(
  page: string,
  known: Known,
  message: SentMessage,
  outcome: OutcomeState,
  code: string | null,
): void {
  if (explainsEnd(known, message, outcome, code)) return
  throw new Violation(
    outcome === 'accepted' || outcome === 'rejected' ? 'I3' : 'I4',
    `${page}: ${message.id}, which ${message.page} left, ended as ${outcome} (${code}), and nothing explains it`,
  )
}

/** What another page left is taken off the disk: nobody will send it any more. */
export function checkLeftoverRemoved(page: string, known: Known, message: SentMessage): void {
  const { id } = message
  if (known.isAcknowledged(id) || known.refusalOf(id) !== null || isForgotten(known, message)) return
  throw new Violation(
    'I4',
    `${page}: ${id}, which ${message.page} left, was taken off the disk, and nothing explains it`,
  )
}

function explainsEnd(
  known: Known,
  message: SentMessage,
  outcome: OutcomeState,
  code: string | null,
): boolean {
  const { id, terms } = message
  if (outcome === 'accepted') return known.isAcknowledged(id)
  // What was void its own page had taken back; no server refuses under that code.
  if (outcome === 'rejected') return code !== null && code !== VOIDED && known.refusalOf(id) === code
  if (outcome === 'cancelled') return code === VOIDED && known.refusalOf(id) === VOIDED
  if (outcome !== 'unknown') return false
  if (code === 'server_forgot') return isForgotten(known, message)
  if (code === 'stored') return known.isClosing || known.storageFailed
  if (code === 'closed') return known.isClosing
  // It stays stored for whoever it belongs to.
  return code === 'outbox_of_another_user' && known.losses.explainsRefused(splitId(id).producer, terms.sentAt)
}

/** Forgotten by the server, and not to be sent again; or so far back that nobody knows whether it was refused. */
function isForgotten({ losses }: Known, { id, policy, terms, writtenIn }: SentMessage): boolean {
  const { producer, seq } = splitId(id)
  if (losses.explainsUnremembered(producer, seq)) return true
  return policy === 'reject' && losses.explainsForgotten(producer, terms.sentAt, writtenIn)
}

/** What pages left is written in its order, and before anything of one's own. */
export function checkLeftovers(link: LinkBook, messages: MessageBook, { id, page }: SentMessage): void {
  if (page === link.owner.name) checkLeftoversFirst(link, messages, id)
  else checkLeftoverOrder(link, id)
}

/** What another page left is written. */
export const situationOfDraining = ({ owner }: SentMessage): string =>
  owner === ANONYMOUS
    ? 'an anonymous page drained what another had left'
    : 'the next page drained what was left'

/**
 * `id` is a page's own, and about to be written on this link. What was written before is written again in its old order (rule 4), also
 * when a leftover was taken over since, because its user signed in.
 */
export function checkLeftoversFirst({ lanes, owner }: LinkBook, messages: MessageBook, id: string): void {
  if ((messages.get(id)?.writtenIn.size ?? 0) > 0) return
  for (const lane of lanes) {
    const { offer } = lane
    // Of a leftover `written` is the newest that was stored.
    const newest = messages.get(`${offer.id}.${offer.written}`)
    if (newest === undefined || newest.page === owner.name) continue
    if (isDrained(lane, owner, newest.policy)) continue
    throw new Violation(
      'I2',
      `${id} was written before what ${newest.page} left in ${offer.id}, up to ${offer.written}, was settled`,
    )
  }
}

/** What several pages left goes out in the order in which storage gave it: `id` is of one of them, and about to be written. */
export function checkLeftoverOrder({ lanes, owner, welcome }: LinkBook, id: string): void {
  if (owner.doubtful || !owner.mustBeStored() || welcome === null) return
  const given = owner.given()
  const mine = ownerOf(welcome.user.id)
  for (const before of given.slice(0, Math.max(0, given.indexOf(splitId(id).producer)))) {
    const user = owner.storedUser(before)
    const lane = lanes.find(({ offer }) => offer.id === before)
    // Another user's, or another page has it: it is about to be let go of.
    if ((user !== null && ownerOf(user) !== mine) || lane?.state === null) continue
    const waiting = owner.storedOf(before).find((one) => !owner.hasTold(one) && !isOnWire(one, lane))
    if (waiting !== undefined)
      throw new Violation('I2', `${id} was written before ${waiting}, which storage has before it`)
  }
}

/** Written on this link, or the server has it. */
function isOnWire(id: string, lane: Lane | undefined): boolean {
  if (lane?.state == null) return false
  return splitId(id).seq <= Math.max(lane.written, lane.state.held, lane.ackArrived)
}

function isDrained({ offer, state, ackArrived, told }: Lane, owner: LinkOwner, policy: string): boolean {
  if (state === undefined) return false
  // Another user's, or another page has it.
  if (state === null) return true
  const forgotten = offer.epoch !== undefined && offer.epoch !== state.epoch
  if (forgotten && policy === 'reject') return true
  for (let seq = Math.max(ackArrived, state.last) + 1; seq <= offer.written; seq++) {
    // What is off the disk went for a reason: checkLeftoverRemoved.
    if (!told.has(seq) && owner.isStored(`${offer.id}.${seq}`)) return false
  }
  return true
}
