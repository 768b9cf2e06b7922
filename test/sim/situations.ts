/**
 * Situations that are worth coming upon: a run of many seeds in which one of them never occurred proves little.
 *
 * Owns: their names.
 */
import { CALLBACKS, type CallbackDeed, type CallbackKind, DEEDS, THROWN, type Thrown } from './callbacks.js'

const PLAIN = [
  'a session was resumed on another node',
  'a producer was taken over while its handler ran',
  'the store forgot during a join',
  'an acknowledgement was lost after acceptance',
  'a message was written again',
  'a message ran again, as redelivered',
  'a producer began a new epoch',
  'a message of an unknown fate was not sent again',
  'a message was cancelled before it was written',
  'a message expired before it was written',
  'a message was replaced in the queue',
  'a message was dropped by a full queue',
  'a message was refused',
  'the window was full on the way up',
  'the window was full on the way down',
  'a gap by history',
  'a gap by a new epoch',
  'an entry for others was skipped',
  'the next page drained what was left',
  'an anonymous page drained what another had left',
  'a page found its outbox locked by another',
  'a token of another user ended a connection (4200)',
  'a connection was superseded (4401)',
  'the memory of a live connection was lost (4202)',
  'a session was kicked (4400)',
  'a token expired (4301)',
  'a session went on with a new token',
  'a volatile message arrived',
  'bytes came to a server',
  'bytes came to a page',
  'credentials were refused (4300)',
  'a request ended as unknown',
  'a request was cancelled while it ran',
  'a handler passed its deadline',
  'a handler that had ended was refused what it sent',
  'AWAY was heard',
  'a socket that was let go of still spoke',
  'the store did its work and never answered',
  'the store failed after it had done its work',
  'the store lost its tail',
  'the user changed with messages in the queue',
  'presence was synchronised after a resume',
  'a disk lost what had been stored last',
  'a page was frozen with a live connection',
  'a client was closed with messages in flight',
  'a handler awaited a request',
  'a callback took a message back',
  'a listener of errors threw at the news of an error of its own',
  'what another user left waited for them',
  'an outbox that was let go of was claimed at a later WELCOME',
  'two processes served one address in turn, overlapping',
] as const

const doneIn = (kind: CallbackKind, deed: CallbackDeed) => `inside '${kind}' a callback ${deed}` as const
const thrownIn = (kind: Thrown) => `what a callback threw was told: ${kind}` as const

export type Situation = (typeof PLAIN)[number] | ReturnType<typeof doneIn> | ReturnType<typeof thrownIn>

export const SITUATIONS: readonly Situation[] = [
  ...PLAIN,
  ...CALLBACKS.flatMap((kind) => DEEDS.map((deed) => doneIn(kind, deed))),
  ...THROWN.map(thrownIn),
]
