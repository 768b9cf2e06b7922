/**
 * Checking what clients send (rule 13).
 *
 * Owns: the shapes of their frames, HELLO and producer offers among them. A server uses this file, clients don't.
 */
import {
  checkCaps,
  checkCount,
  checkFields,
  checkList,
  checkName,
  checkNothing,
  checkOptional,
  checkPositions,
  checkRecord,
  checkSeq,
  checkText,
  checkWindow,
  type FieldChecks,
  malformed,
  optional,
} from './check.js'
import { type ClientFrame, FrameType, type Hello, type ProducerKind, type ProducerOffer } from './frames.js'
import {
  checkPresenceKind,
  checkRangeEnd,
  oneOf,
  parseFrame,
  requireArity,
  type Shapes,
  shape,
} from './shapes.js'

/** Checks one frame from a client; `null`: of a type to be ignored. */
export function parseClientFrame(value: unknown): ClientFrame | null {
  return parseFrame(value, SHAPES) as ClientFrame | null
}

const SESSION: FieldChecks<NonNullable<Hello['session']>> = {
  id: checkName,
  key: checkName,
  attach: checkSeq,
}

const OFFER: FieldChecks<ProducerOffer> = {
  id: checkName,
  key: checkName,
  kind: oneOf('messages', 'requests') as (value: unknown, place: string) => ProducerKind,
  attach: checkSeq,
  epoch: optional(checkName),
  user: optional(checkText),
  floor: checkCount,
  written: checkCount,
}

/** Checks what a client offers of a producer. */
function checkOffer(value: unknown, place: string): ProducerOffer {
  const offer = checkFields(value, place, OFFER)
  if (offer.written >= offer.floor) return offer
  return malformed(`${place}.written`, offer.written, `at least floor, ${offer.floor}`)
}

const HELLO: FieldChecks<Hello> = {
  v: checkSeq,
  session: optional((value, place) => checkFields(value, place, SESSION)),
  producers: (value, place) => checkList(value, place, checkOffer),
  cursors: checkPositions,
  auth: checkNothing,
  pingMs: optional(checkCount),
  window: checkWindow,
  maxFrame: checkSeq,
  device: optional(checkRecord),
  caps: checkCaps,
}

function checkSend(raw: readonly unknown[]): void {
  checkSeq(raw[1], 'SEND.seq')
  checkOptional(raw[2], 'SEND.room', checkName)
  checkName(raw[3], 'SEND.type')
  checkOptional(raw[5], 'SEND.meta', checkRecord)
  requireArity(raw, 5)
}

function checkUse(raw: readonly unknown[]): void {
  checkCount(raw[1], 'USE.index')
  requireArity(raw, 2)
}

const SHAPES: Shapes = {
  [FrameType.SEND]: checkSend,
  [FrameType.USE]: checkUse,
  [FrameType.HANDLED]: shape('HANDLED', { messages: checkCount, bytes: checkCount }),
  [FrameType.REQUEST]: shape(
    'REQUEST',
    { seq: checkSeq, type: checkName, data: checkNothing, ttlMs: optional(checkCount) },
    1,
  ),
  [FrameType.CANCEL]: shape('CANCEL', { seq: checkSeq }),
  [FrameType.VOID]: shape('VOID', {
    from: checkSeq,
    to: (value, place, frame) => checkRangeEnd(value, place, frame[1]),
  }),
  [FrameType.HELLO]: shape('HELLO', { '': (value, place) => checkFields(value, place, HELLO) }),
  [FrameType.ATTACH]: shape('ATTACH', { index: checkCount, producer: checkOffer }),
  [FrameType.JOIN]: shape(
    'JOIN',
    {
      n: checkSeq,
      room: checkName,
      epoch: optional(checkText),
      offset: optional(checkCount),
      presence: checkNothing,
    },
    3,
  ),
  [FrameType.LEAVE]: shape('LEAVE', { n: checkSeq, room: checkName }),
  [FrameType.PRESENCE]: shape('PRESENCE', {
    room: checkName,
    version: optional(checkCount),
    kind: checkPresenceKind,
    members: checkNothing,
  }),
  [FrameType.AUTH]: shape('AUTH', { token: checkNothing }),
}
