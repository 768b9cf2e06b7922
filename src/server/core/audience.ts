/**
 * Who an entry is for.
 *
 * Owns: the meaning of an {@link Audience}. Everyone else gets SKIP in its place.
 */
import type { Session } from './model.js'
import type { Audience } from './store.js'

export function isFor(audience: Audience, session: Session): boolean {
  if (audience.exceptSessions?.includes(session.id) === true) return false
  if (audience.devices === undefined) return true
  const { kind } = session.device
  return typeof kind === 'string' && audience.devices.includes(kind)
}
