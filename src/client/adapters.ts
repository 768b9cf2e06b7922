/**
 * What adapters for frameworks need of the client, in one place.
 *
 * Owns: how a client and a room look before anybody did anything, which is also what pages show that a server renders.
 */
import { atLeast, checkOption } from './option-rules.js'
import type { RoomSnapshot, Snapshot } from './types.js'

export { SurewireError } from '../protocol/errors.js'
export { createClient } from './create-client.js'

export const UNTOUCHED_CLIENT: Snapshot = {
  status: 'idle',
  attempt: 0,
  retryAt: null,
  queued: 0,
  inFlight: 0,
  session: null,
  error: null,
}

export const UNTOUCHED_ROOM: RoomSnapshot = { status: 'out', cursor: null, members: 0, error: null }

/** Longer timers fire at once (HTML: timers are 32-bit integers). */
const LONGEST_TIMER_MS = 2_147_483_647

/** How long to hold on to something after the last who wanted it; `null`: for ever. Raises a ConfigError. */
export function lingerOf(lingerMs: number): number | null {
  checkOption('lingerMs', lingerMs, atLeast(0))
  return lingerMs > LONGEST_TIMER_MS ? null : lingerMs
}
