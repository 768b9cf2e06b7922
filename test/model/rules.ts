/**
 * The rules of the protocol, as switches: the model runs with all of them kept, or with one broken.
 *
 * Owns: the list of what can be broken, and by which rule of docs/PROTOCOL.md it is forbidden.
 */

export const BROKEN_RULES = {
  'a commit does not compare the owner': 'FEN-5',
  'a commit does not compare last': 'ACC-5',
  'acknowledged when handled, before it is committed': 'ACC-8',
  'numbers in hand are taken again after an attach': 'ACC-9',
  'the client writes again what is in hand as if it were fresh': 'CLI-7',
  'attach is not compared': 'FEN-1',
  'attach is not raised': 'CLI-2',
  'the superseded connection still counts': 'FEN-2',
  'the server ignores the offered epoch': 'EPO-3',
  'the client ignores the epoch': 'CLI-11',
  'a new record does not start at the floor': 'EPO-2',
  'a new record has no redelivery bound': 'EPO-5',
  'the redelivery bound is dropped when attached again': 'EPO-7',
  'a take-over does not raise the redelivery bound': 'EPO-8',
  'holes are not stated after a resume': 'CLI-13',
  'a written message can be cancelled': 'CLI-13',
  'WELCOME settles nothing': 'CLI-7',
  'what was in hand is dropped when attached again': 'FEN-5',
  'handlers of one producer run side by side': 'ORD-1',
  'a commit does not compare the epoch': 'EPO-3',
  'the answer of an older attach counts': 'FEN-1',
  'a producer is forgotten while it is attached': 'ACC-2',
  'what was lost meanwhile counts as kept': 'EPO-5',
} as const

export type BrokenRule = keyof typeof BROKEN_RULES

/** What a model runs by. */
export interface Rules {
  readonly onUnknown: 'resend' | 'reject'
  readonly broken: BrokenRule | null
}
