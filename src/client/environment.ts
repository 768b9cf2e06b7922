/**
 * What a client runs on.
 *
 * Owns: nothing but the types: what the platform gives, and what drives the session.
 */
import type { Window } from '../protocol/frames.js'
import type { Driver } from '../runtime/driver.js'
import type { Clock, Random, Signals } from '../runtime/ports.js'
import type { SessionEffect, SessionInput } from '../session/client/inputs.js'
import type { ClientSession } from '../session/client/session.js'

/** What the platform gives a client; tests give their own. */
export interface ClientEnvironment {
  readonly clock: Clock
  readonly random: Random
  readonly signals: Signals
  /** Entries that the server may have sent without their having been handled. @default 1,024 messages, 4 MiB */
  readonly window?: Window
}

/** Runs the session, which is its `machine`. */
export type ClientDriver = Driver<SessionInput, SessionEffect, ClientSession>
