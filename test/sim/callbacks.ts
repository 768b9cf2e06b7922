/**
 * Where an application's code is called, and what it may do there.
 *
 * Owns: the names.
 */

/** What the client itself calls. */
const CALLED = [
  'handler',
  'room handler',
  'gap',
  'status',
  'open',
  'close',
  'settled',
  'error',
  'warning',
  'snapshot',
  'room',
  'presence',
] as const

/** Kinds of callbacks. `outcome` and `reply`: what follows the promises of send and request. */
export const CALLBACKS = [...CALLED, 'outcome', 'reply'] as const
export type CallbackKind = (typeof CALLBACKS)[number]

/** Where something may be thrown: what a promise's callback throws is no affair of the client. */
export const THROWN = ['slow handler', ...CALLED] as const
export type Thrown = (typeof THROWN)[number]

/** What has to have been done inside of every kind. */
export const DEEDS = ['sent', 'closed', 'unsubscribed'] as const
export type CallbackDeed = (typeof DEEDS)[number]
