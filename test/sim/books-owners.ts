/**
 * Whose a message is: of whoever its page was told to be, and nobody inherits it (rule 15, I9).
 *
 * Owns: what a page, its wire and a server's question to the store say of a user, compared. Whose the store's records are:
 * books-producers.ts.
 */
import type { ProducerOffer } from '../../src/protocol/frames.js'
import { Violation } from '../../src/testing/simulation/index.js'
import type { LinkBook } from './books-link.js'
import type { ProducerBook } from './books-producers.js'
import type { SentMessage } from './books-sent.js'

export const ANONYMOUS = 'anonymous'

/** Anonymous users count as one owner. */
export const ownerOf = (user: string): string => (user.startsWith(`${ANONYMOUS}:`) ? ANONYMOUS : user)

/** Whether a server's own name for an owner is that of a user. */
export const isNamed = (owner: string, user: string): boolean =>
  owner === ANONYMOUS ? ownerOf(user) === ANONYMOUS : owner === `user:${user}`

/**
 * Whose is what a page sends now: as it was told last. `null` while a WELCOME of another user has arrived, which it may have
 * read or not.
 */
export function ownerNow(told: string | null, link: LinkBook | null): string | null {
  if (told === null) return null
  const arrived = link?.welcomeArrived === true ? link.welcome : null
  return arrived != null && ownerOf(arrived.user.id) !== ownerOf(told) ? null : ownerOf(told)
}

/** A message is written: on a connection of its owner's, who is told by the first one if its page did not know before. */
export function checkOwner(message: SentMessage, { owner, welcome }: LinkBook): void {
  // What a failing storage kept may be older than what its page was told.
  if (welcome === null || owner.doubtful) return
  const user = ownerOf(welcome.user.id)
  message.owner ??= user
  if (message.owner !== user)
    throw new Violation('I9', `${message.id} of ${message.owner} was written as ${user}'s`)
}

/** A server asks the store to attach what is offered for `user`, its own name for an owner. */
export function checkOfferedAs(offered: string | undefined, user: string, producer: string): void {
  if (offered === undefined) return
  if (isNamed(user, offered)) return
  throw new Violation(
    'I9',
    `producer ${producer} is offered as ${offered}'s, and a server attaches it for ${user}`,
  )
}

/** A server refuses what it is offered: as another's than its connection is, or because the store did (FEN-12). */
export function checkRefused(offer: ProducerOffer, { welcome }: LinkBook, producers: ProducerBook): void {
  const user = welcome?.user.id
  if (offer.user !== undefined && user !== undefined && ownerOf(offer.user) !== ownerOf(user)) return
  if (producers.explainsRefused(offer)) return
  throw new Violation(
    'I9',
    `producer ${offer.id} was refused to ${user} with attach ${offer.attach}; it was offered as ${offer.user ?? 'nobody'}'s, and the store did not refuse it`,
  )
}
