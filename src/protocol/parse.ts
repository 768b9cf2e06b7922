/**
 * From decoded values to frames.
 *
 * Owns: checking the shape of every frame that arrives (rule 13). A frame that passes is used as it came, without a
 * copy; a frame that doesn't raises a ProtocolError that names the frame and the element.
 * Does not own: whether a frame is allowed now (the sessions), nor the maps of HELLO and WELCOME (parse-handshake.ts).
 */
import {
  checkArray,
  checkCount,
  checkName,
  checkOptional,
  checkRecord,
  checkSeq,
  checkText,
  malformed,
} from './check.js'
import { describeValue, ProtocolError } from './errors.js'
import { type ClientFrame, FrameType, type ServerFrame } from './frames.js'
import {
  checkMember,
  checkProducerOffer,
  checkProducerState,
  checkUser,
  parseHello,
  parseWelcome,
} from './parse-handshake.js'

/** Unknown frame types from here on are ignored, so that later versions can add optional ones. */
const FIRST_IGNORABLE_TYPE = 64

type Raw = readonly unknown[]

/** Checks one frame from a client; `null`: of a type to be ignored. */
export function parseClientFrame(value: unknown): ClientFrame | null {
  const raw = checkArray(value, 'frame')
  switch (raw[0]) {
    case FrameType.SEND:
      checkSeq(raw[1], 'SEND.seq')
      checkOptional(raw[2], 'SEND.room', checkName)
      checkName(raw[3], 'SEND.type')
      checkOptional(raw[5], 'SEND.meta', checkRecord)
      return accept(raw, 4)
    case FrameType.USE:
      checkCount(raw[1], 'USE.index')
      return accept(raw, 2)
    case FrameType.HANDLED:
      checkCount(raw[1], 'HANDLED.messages')
      checkCount(raw[2], 'HANDLED.bytes')
      return accept(raw, 3)
    case FrameType.REQUEST:
      checkSeq(raw[1], 'REQUEST.seq')
      checkName(raw[2], 'REQUEST.type')
      checkOptional(raw[4], 'REQUEST.ttlMs', checkCount)
      return accept(raw, 3)
    case FrameType.CANCEL:
      checkSeq(raw[1], 'CANCEL.seq')
      return accept(raw, 2)
    case FrameType.VOID:
      checkRange(raw, 1, 'VOID')
      return accept(raw, 3)
    case FrameType.HELLO:
      return [FrameType.HELLO, parseHello(raw[1])]
    case FrameType.ATTACH:
      return [
        FrameType.ATTACH,
        checkCount(raw[1], 'ATTACH.index'),
        checkProducerOffer(raw[2], 'ATTACH.producer'),
      ]
    case FrameType.JOIN:
      checkSeq(raw[1], 'JOIN.n')
      checkName(raw[2], 'JOIN.room')
      checkOptional(raw[3], 'JOIN.epoch', checkText)
      checkOptional(raw[4], 'JOIN.offset', checkCount)
      return accept(raw, 3)
    case FrameType.LEAVE:
      checkSeq(raw[1], 'LEAVE.n')
      checkName(raw[2], 'LEAVE.room')
      return accept(raw, 3)
    case FrameType.PRESENCE:
      checkName(raw[1], 'PRESENCE.room')
      checkOptional(raw[2], 'PRESENCE.version', checkCount)
      checkPresenceKind(raw[3])
      return accept(raw, 5)
    case FrameType.AUTH:
      return accept(raw, 2)
    default:
      return parseSharedFrame(raw) as ClientFrame | null
  }
}

/** Checks one frame from a server; `null`: of a type to be ignored. */
export function parseServerFrame(value: unknown): ServerFrame | null {
  const raw = checkArray(value, 'frame')
  switch (raw[0]) {
    case FrameType.ACCEPTED:
      checkCount(raw[1], 'ACCEPTED.index')
      checkSeq(raw[2], 'ACCEPTED.seq')
      return accept(raw, 3)
    case FrameType.ENTRY:
      checkName(raw[1], 'ENTRY.log')
      checkSeq(raw[2], 'ENTRY.offset')
      checkName(raw[3], 'ENTRY.type')
      checkEntryMeta(raw[5])
      return accept(raw, 6)
    case FrameType.REJECTED:
      checkCount(raw[1], 'REJECTED.index')
      checkSeq(raw[2], 'REJECTED.seq')
      checkText(raw[3], 'REJECTED.code')
      checkText(raw[4], 'REJECTED.message')
      checkOptional(raw[5], 'REJECTED.retryMs', checkCount)
      return accept(raw, 5)
    case FrameType.SKIP:
      checkName(raw[1], 'SKIP.log')
      checkSeq(raw[2], 'SKIP.to')
      return accept(raw, 3)
    case FrameType.GAP:
      checkGap(raw)
      return accept(raw, 6)
    case FrameType.WELCOME:
      return [FrameType.WELCOME, parseWelcome(raw[1])]
    case FrameType.ATTACHED:
      checkCount(raw[1], 'ATTACHED.index')
      return [
        FrameType.ATTACHED,
        raw[1] as number,
        checkOptional(raw[2], 'ATTACHED.state', checkProducerState),
      ]
    case FrameType.JOINED:
      checkSeq(raw[1], 'JOINED.n')
      checkName(raw[2], 'JOINED.room')
      checkText(raw[3], 'JOINED.epoch')
      checkCount(raw[4], 'JOINED.offset')
      checkMembers(raw[5], 'JOINED.members')
      return accept(raw, 5)
    case FrameType.LEFT:
      checkCount(raw[1], 'LEFT.n')
      checkName(raw[2], 'LEFT.room')
      checkText(raw[3], 'LEFT.why')
      return accept(raw, 4)
    case FrameType.PRESENCE:
      checkName(raw[1], 'PRESENCE.room')
      checkCount(raw[2], 'PRESENCE.version')
      checkPresenceKind(raw[3])
      checkMembers(raw[4], 'PRESENCE.members')
      return accept(raw, 5)
    case FrameType.AUTHED:
      return [FrameType.AUTHED, checkUser(raw[1], 'AUTHED.user')]
    case FrameType.AWAY:
      checkAway(raw[1])
      return accept(raw, 2)
    case FrameType.FAIL:
      checkText(raw[1], 'FAIL.code')
      checkText(raw[2], 'FAIL.message')
      return accept(raw, 3)
    default:
      return parseSharedFrame(raw) as ServerFrame | null
  }
}

/** Frames that go both ways, and the rule for unknown types. */
function parseSharedFrame(raw: Raw): ClientFrame | ServerFrame | null {
  switch (raw[0]) {
    case FrameType.PING:
      checkCount(raw[1], 'PING.t')
      return accept(raw, 2)
    case FrameType.PONG:
      checkCount(raw[1], 'PONG.t')
      return accept(raw, 2)
    case FrameType.VOLATILE:
      checkOptional(raw[1], 'VOLATILE.room', checkName)
      checkName(raw[2], 'VOLATILE.type')
      checkOptional(raw[4], 'VOLATILE.from', checkText)
      return accept(raw, 3)
    case FrameType.BYE:
      return [FrameType.BYE]
    default:
      return ignoreOrRefuse(raw[0])
  }
}

function ignoreOrRefuse(type: unknown): null {
  if (typeof type === 'number' && Number.isSafeInteger(type) && type >= FIRST_IGNORABLE_TYPE) return null
  throw new ProtocolError(`frame type ${describeValue(type)} is unknown or not for this side`, {
    code: 'unknown_frame',
  })
}

/** The frame as it came, once its elements were checked and its required ones are there. */
function accept<Frame>(raw: Raw, arity: number): Frame {
  if (raw.length < arity) {
    throw new ProtocolError(`frame type ${String(raw[0])} needs ${arity} elements, got ${raw.length}`, {
      code: 'malformed',
    })
  }
  return raw as unknown as Frame
}

function checkRange(raw: Raw, at: number, name: string): void {
  const from = checkSeq(raw[at], `${name}.from`)
  const to = checkSeq(raw[at + 1], `${name}.to`)
  if (to < from) malformed(`${name}.to`, to, `at least ${from}`)
}

function checkGap(raw: Raw): void {
  checkName(raw[1], 'GAP.log')
  checkText(raw[2], 'GAP.epoch')
  const from = checkSeq(raw[3], 'GAP.from')
  const to = checkOptional(raw[4], 'GAP.to', checkSeq)
  if (to !== null && to < from) malformed('GAP.to', to, `at least ${from}`)
  checkText(raw[5], 'GAP.why')
}

function checkEntryMeta(value: unknown): void {
  const meta = checkRecord(value, 'ENTRY.meta')
  checkName(meta['id'], 'ENTRY.meta.id')
  checkOptional(meta['from'], 'ENTRY.meta.from', checkText)
  checkCount(meta['at'], 'ENTRY.meta.at')
  checkOptional(meta['re'], 'ENTRY.meta.re', checkText)
}

function checkMembers(value: unknown, place: string): void {
  if (value === undefined || value === null) return
  for (const member of checkArray(value, place)) checkMember(member, place)
}

function checkPresenceKind(value: unknown): void {
  if (value !== 'sync' && value !== 'join' && value !== 'update' && value !== 'leave') {
    malformed('PRESENCE.kind', value, 'sync, join, update or leave')
  }
}

function checkAway(value: unknown): void {
  const notice = checkRecord(value, 'AWAY')
  checkCount(notice['afterMs'], 'AWAY.afterMs')
  checkCount(notice['spreadMs'], 'AWAY.spreadMs')
  checkOptional(notice['url'], 'AWAY.url', checkText)
  checkText(notice['reason'], 'AWAY.reason')
}
