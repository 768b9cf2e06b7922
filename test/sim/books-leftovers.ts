/**
 * What closed pages left behind is drained first (rule 6).
 *
 * Owns: whether a link still carries something of another page that is not settled.
 */
import { Violation } from '../../src/testing/simulation/index.js'
import type { Lane, LinkBook, LinkOwner } from './books-link.js'
import type { MessageBook } from './books-messages.js'

/** `id` is a page's own, and about to be written on this link. */
export function checkLeftoversFirst({ lanes, owner }: LinkBook, messages: MessageBook, id: string): void {
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

function isDrained({ offer, state, ackArrived, told }: Lane, owner: LinkOwner, policy: string): boolean {
  if (state === undefined) return false
  // Another user's, or another page has it.
  if (state === null) return true
  const forgotten = offer.epoch !== undefined && offer.epoch !== state.epoch
  if (forgotten && policy === 'reject') return true
  for (let seq = Math.max(ackArrived, state.last) + 1; seq <= offer.written; seq++) {
    if (!told.has(seq) && owner.isStored(`${offer.id}.${seq}`)) return false
  }
  return true
}
