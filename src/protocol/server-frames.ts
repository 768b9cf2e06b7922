/**
 * Checking what servers send (rule 13).
 *
 * Owns: the shapes of their frames, WELCOME and producer states among them.
 */
import {
  checkArray,
  checkCaps,
  checkCount,
  checkFields,
  checkList,
  checkName,
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
import {
  type AwayNotice,
  FrameType,
  type Member,
  type ProducerState,
  type Refusal,
  type ServerFrame,
  type User,
  type Welcome,
} from './frames.js'
import { checkPresenceKind, checkRangeEnd, parseFrame, requireArity, type Shapes, shape } from './shapes.js'

/** Checks one frame from a server; `null`: of a type to be ignored. */
export function parseServerFrame(value: unknown): ServerFrame | null {
  return parseFrame(value, SHAPES) as ServerFrame | null
}

const SESSION: FieldChecks<Welcome['session']> = {
  id: checkName,
  key: checkName,
  resumed: (value, place) => (typeof value === 'boolean' ? value : malformed(place, value, 'a boolean')),
  why: /* @__PURE__ */ optional(checkText),
}

const STATE: FieldChecks<ProducerState> = {
  last: checkCount,
  held: checkCount,
  epoch: checkName,
  refused: (value, place) => checkList(value, place, checkRefusal),
}

function checkRefusal(value: unknown, place: string): Refusal {
  const [seq, code, message] = checkArray(value, place)
  return [
    checkSeq(seq, `${place}.seq`),
    checkText(code, `${place}.code`),
    checkText(message, `${place}.message`),
  ]
}

/** What the server holds of a producer; `null`: it was refused. */
function checkState(value: unknown, place: string): ProducerState | null {
  if (value === undefined || value === null) return null
  const state = checkFields(value, place, STATE)
  if (state.held >= state.last) return state
  return malformed(`${place}.held`, state.held, `at least last, ${state.last}`)
}

/** A user, with all that the server tells of them. */
function checkUser(value: unknown, place: string): User {
  const user = checkRecord(value, place)
  checkName(user['id'], `${place}.id`)
  return user as User
}

const WELCOME: FieldChecks<Welcome> = {
  v: checkSeq,
  session: (value, place) => checkFields(value, place, SESSION),
  user: checkUser,
  producers: (value, place) => checkList(value, place, checkState),
  logs: checkPositions,
  pingMs: checkCount,
  sessionMs: checkCount,
  window: checkWindow,
  maxFrame: checkSeq,
  caps: checkCaps,
}

const AWAY: FieldChecks<AwayNotice> = {
  afterMs: checkCount,
  spreadMs: checkCount,
  url: /* @__PURE__ */ optional(checkText),
  reason: checkText,
}

function checkAccepted(raw: readonly unknown[]): void {
  checkCount(raw[1], 'ACCEPTED.index')
  checkSeq(raw[2], 'ACCEPTED.seq')
  requireArity(raw, 3)
}

function checkEntry(raw: readonly unknown[]): void {
  checkName(raw[1], 'ENTRY.log')
  checkSeq(raw[2], 'ENTRY.offset')
  checkName(raw[3], 'ENTRY.type')
  const meta = checkRecord(raw[5], 'ENTRY.meta')
  checkName(meta['id'], 'ENTRY.meta.id')
  checkOptional(meta['from'], 'ENTRY.meta.from', checkText)
  checkCount(meta['at'], 'ENTRY.meta.at')
  checkOptional(meta['re'], 'ENTRY.meta.re', checkText)
  requireArity(raw, 6)
}

function checkMembers(value: unknown, place: string): Member[] {
  return checkList(value, place, (member) => {
    const { id, userId, sessionId } = checkRecord(member, place)
    checkName(id, `${place}.id`)
    checkName(userId, `${place}.userId`)
    checkName(sessionId, `${place}.sessionId`)
    return member as Member
  })
}

const SHAPES: Shapes = {
  [FrameType.ACCEPTED]: checkAccepted,
  [FrameType.ENTRY]: checkEntry,
  [FrameType.REJECTED]: /* @__PURE__ */ shape(
    'REJECTED',
    {
      index: checkCount,
      seq: checkSeq,
      code: checkText,
      message: checkText,
      retryMs: /* @__PURE__ */ optional(checkCount),
    },
    1,
  ),
  [FrameType.SKIP]: /* @__PURE__ */ shape('SKIP', { log: checkName, to: checkSeq }),
  [FrameType.GAP]: /* @__PURE__ */ shape('GAP', {
    log: checkName,
    epoch: checkText,
    from: checkSeq,
    to: (value, place, frame) => (value === null ? null : checkRangeEnd(value, place, frame[3])),
    why: checkText,
  }),
  [FrameType.WELCOME]: /* @__PURE__ */ shape('WELCOME', {
    '': (value, place) => checkFields(value, place, WELCOME),
  }),
  [FrameType.ATTACHED]: /* @__PURE__ */ shape('ATTACHED', { index: checkCount, state: checkState }, 1),
  [FrameType.JOINED]: /* @__PURE__ */ shape(
    'JOINED',
    {
      n: checkSeq,
      room: checkName,
      epoch: checkText,
      offset: checkCount,
      members: /* @__PURE__ */ optional(checkMembers),
    },
    1,
  ),
  [FrameType.LEFT]: /* @__PURE__ */ shape('LEFT', { n: checkCount, room: checkName, why: checkText }),
  [FrameType.PRESENCE]: /* @__PURE__ */ shape('PRESENCE', {
    room: checkName,
    version: checkCount,
    kind: checkPresenceKind,
    members: checkMembers,
  }),
  [FrameType.AUTHED]: /* @__PURE__ */ shape('AUTHED', { user: checkUser }),
  [FrameType.AWAY]: /* @__PURE__ */ shape('AWAY', { '': (value, place) => checkFields(value, place, AWAY) }),
  [FrameType.FAIL]: /* @__PURE__ */ shape('FAIL', { code: checkText, message: checkText }),
}
