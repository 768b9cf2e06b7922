/**
 * Checking the maps of the handshake: HELLO, WELCOME and what they hold.
 *
 * Owns: the shape of offers, states, cursors, users and members as they arrive. Known fields are copied by name;
 * whatever else a peer sends stays behind.
 */
import {
  checkArray,
  checkCount,
  checkName,
  checkOptional,
  checkRecord,
  checkSeq,
  checkText,
  checkWindow,
  malformed,
} from './check.js'
import type {
  Hello,
  LogPosition,
  LogPositions,
  Member,
  ProducerOffer,
  ProducerState,
  Refusal,
  User,
  Welcome,
} from './frames.js'

/** Checks the map of HELLO. */
export function parseHello(value: unknown): Hello {
  const raw = checkRecord(value, 'HELLO')
  const session = checkOptional(raw['session'], 'HELLO.session', checkSessionOffer)
  const pingMs = checkOptional(raw['pingMs'], 'HELLO.pingMs', checkCount)
  const device = checkOptional(raw['device'], 'HELLO.device', checkRecord)
  return {
    v: checkSeq(raw['v'], 'HELLO.v'),
    ...(session === null ? {} : { session }),
    producers: checkArray(raw['producers'], 'HELLO.producers').map((offer) =>
      checkProducerOffer(offer, 'HELLO.producers'),
    ),
    cursors: checkPositions(raw['cursors'], 'HELLO.cursors'),
    ...(raw['auth'] === undefined ? {} : { auth: raw['auth'] }),
    ...(pingMs === null ? {} : { pingMs }),
    window: checkWindow(raw['window'], 'HELLO.window'),
    maxFrame: checkSeq(raw['maxFrame'], 'HELLO.maxFrame'),
    ...(device === null ? {} : { device }),
    caps: checkOptional(raw['caps'], 'HELLO.caps', checkRecord) ?? {},
  }
}

/** Checks the map of WELCOME. */
export function parseWelcome(value: unknown): Welcome {
  const raw = checkRecord(value, 'WELCOME')
  return {
    v: checkSeq(raw['v'], 'WELCOME.v'),
    session: checkSessionAnswer(raw['session']),
    user: checkUser(raw['user'], 'WELCOME.user'),
    producers: checkArray(raw['producers'], 'WELCOME.producers').map((state) =>
      checkOptional(state, 'WELCOME.producers', checkProducerState),
    ),
    logs: checkPositions(raw['logs'], 'WELCOME.logs'),
    pingMs: checkCount(raw['pingMs'], 'WELCOME.pingMs'),
    sessionMs: checkCount(raw['sessionMs'], 'WELCOME.sessionMs'),
    window: checkWindow(raw['window'], 'WELCOME.window'),
    maxFrame: checkSeq(raw['maxFrame'], 'WELCOME.maxFrame'),
    caps: checkOptional(raw['caps'], 'WELCOME.caps', checkRecord) ?? {},
  }
}

function checkSessionOffer(value: unknown): NonNullable<Hello['session']> {
  const raw = checkRecord(value, 'HELLO.session')
  return {
    id: checkName(raw['id'], 'HELLO.session.id'),
    key: checkName(raw['key'], 'HELLO.session.key'),
    attach: checkSeq(raw['attach'], 'HELLO.session.attach'),
  }
}

function checkSessionAnswer(value: unknown): Welcome['session'] {
  const raw = checkRecord(value, 'WELCOME.session')
  const why = checkOptional(raw['why'], 'WELCOME.session.why', checkText)
  const resumed = raw['resumed']
  if (typeof resumed !== 'boolean') return malformed('WELCOME.session.resumed', resumed, 'a boolean')
  return {
    id: checkName(raw['id'], 'WELCOME.session.id'),
    key: checkName(raw['key'], 'WELCOME.session.key'),
    resumed,
    ...(why === null ? {} : { why }),
  }
}

/** Checks what a client offers of a producer. */
export function checkProducerOffer(value: unknown, place: string): ProducerOffer {
  const raw = checkRecord(value, place)
  const kind = raw['kind']
  if (kind !== 'messages' && kind !== 'requests')
    return malformed(`${place}.kind`, kind, 'messages or requests')
  const epoch = checkOptional(raw['epoch'], `${place}.epoch`, checkName)
  const floor = checkCount(raw['floor'], `${place}.floor`)
  const written = checkCount(raw['written'], `${place}.written`)
  if (written < floor) malformed(`${place}.written`, written, `at least floor, ${floor}`)
  return {
    id: checkName(raw['id'], `${place}.id`),
    key: checkName(raw['key'], `${place}.key`),
    kind,
    attach: checkSeq(raw['attach'], `${place}.attach`),
    ...(epoch === null ? {} : { epoch }),
    floor,
    written,
  }
}

/** Checks what a server states of a producer. */
export function checkProducerState(value: unknown, place: string): ProducerState {
  const raw = checkRecord(value, place)
  const last = checkCount(raw['last'], `${place}.last`)
  const held = checkCount(raw['held'], `${place}.held`)
  if (held < last) malformed(`${place}.held`, held, `at least last, ${last}`)
  return {
    last,
    held,
    epoch: checkName(raw['epoch'], `${place}.epoch`),
    refused: checkArray(raw['refused'], `${place}.refused`).map((entry) => checkRefusal(entry, place)),
  }
}

function checkRefusal(value: unknown, place: string): Refusal {
  const raw = checkArray(value, `${place}.refused`)
  return [
    checkSeq(raw[0], `${place}.refused.seq`),
    checkText(raw[1], `${place}.refused.code`),
    checkText(raw[2], `${place}.refused.message`),
  ]
}

function checkPositions(value: unknown, place: string): LogPositions {
  const positions: [string, LogPosition][] = []
  for (const [log, position] of Object.entries(checkRecord(value, place))) {
    const pair = checkArray(position, `${place}[${log}]`)
    positions.push([
      checkName(log, place),
      [checkText(pair[0], `${place}[${log}].epoch`), checkCount(pair[1], `${place}[${log}].offset`)],
    ])
  }
  return Object.fromEntries(positions)
}

/** Checks the user that a server names. */
export function checkUser(value: unknown, place: string): User {
  const raw = checkRecord(value, place)
  checkName(raw['id'], `${place}.id`)
  return raw as User
}

/** Checks one member of a room's presence. */
export function checkMember(value: unknown, place: string): Member {
  const raw = checkRecord(value, place)
  checkName(raw['id'], `${place}.id`)
  checkName(raw['userId'], `${place}.userId`)
  checkName(raw['sessionId'], `${place}.sessionId`)
  return raw as unknown as Member
}
