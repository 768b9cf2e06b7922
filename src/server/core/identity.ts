/**
 * Whose a connection is, and where it wants to read from, as HELLO says it.
 */
import type { Hello, LogPosition, User } from '../../protocol/frames.js'
import type { Wish } from './feeds.js'

/** Everyone whose name nobody asked counts as one owner: id and key decide (rule 15). */
export const ANONYMOUS = 'anonymous'

export function identityOf(user: User | null): string {
  return user === null ? ANONYMOUS : `user:${user.id}`
}

/** Whether an offered producer says that it is of this owner; one that does not say may be anybody's (FEN-12). */
export function isOfOwner(offered: string | undefined, identity: string): boolean {
  if (offered === undefined) return true
  return identity === ANONYMOUS ? offered.startsWith(`${ANONYMOUS}:`) : identity === `user:${offered}`
}

/** The cursor that HELLO has for a log. */
export function wishFor(cursors: Hello['cursors'], log: string): Wish {
  const position: LogPosition | undefined = Object.hasOwn(cursors, log) ? cursors[log] : undefined
  if (position === undefined) return null
  const [epoch, offset] = position
  return { epoch: epoch === '' ? null : epoch, offset }
}
