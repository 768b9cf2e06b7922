import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_NAME_LENGTH } from '../../../src/protocol/check.js'
import { ProtocolError } from '../../../src/protocol/errors.js'
import { FrameType } from '../../../src/protocol/frames.js'
import { parseClientFrame, parseServerFrame } from '../../../src/protocol/parse.js'

const F = FrameType
const OFFER = { id: 'p1', key: 'k1', kind: 'messages', attach: 1, floor: 0, written: 0 }
const STATE = { last: 3, held: 5, epoch: 'e1', refused: [[2, 'invalid', 'no']] }
const WINDOW = { messages: 10, bytes: 1_000 }
const MEMBER = { id: 'm1', userId: 'u1', sessionId: 's1', device: {}, state: null, since: 0 }
const HELLO = {
  v: 1,
  producers: [OFFER],
  cursors: { 'room/a': ['e', 4] },
  window: WINDOW,
  maxFrame: 1_000,
  caps: {},
}
const WELCOME = {
  v: 1,
  session: { id: 's1', key: 'k', resumed: false, why: 'unknown' },
  user: { id: 'u1', name: 'Ada' },
  producers: [STATE, null],
  logs: { all: ['e', 0] },
  pingMs: 25_000,
  sessionMs: 120_000,
  window: WINDOW,
  maxFrame: 1_000,
  caps: {},
}
const META = { id: 'p1.1', from: null, at: 0 }

/** What no count, and so no sequence number either, may look like (FAILURES 45). */
const NO_COUNT: unknown[] = [-1, 1.5, Number.NaN, Infinity, 2 ** 53, '1', null, true, [1], {}]
const NO_SEQ: unknown[] = [0, ...NO_COUNT]
const NO_NAME: unknown[] = ['', 'x'.repeat(MAX_NAME_LENGTH + 1), 5, null, ['a'], {}]
const NO_TEXT: unknown[] = [5, null, {}]
const NO_MAP: unknown[] = ['x', 5, [], new Uint8Array(1)]

const without = (values: unknown[], ...allowed: unknown[]): unknown[] =>
  values.filter((value) => !allowed.includes(value))

/** Path to a value inside a frame, what it may not be, and how the error calls the place. */
type Bad = readonly [path: readonly (string | number)[], values: readonly unknown[], place: string]
type Case = readonly [name: string, frame: readonly unknown[], bad: readonly Bad[]]

const CLIENT: readonly Case[] = [
  [
    'SEND',
    [F.SEND, 1, 'room', 'type', { a: 1 }, { echo: false }],
    [
      [[1], NO_SEQ, 'SEND.seq'],
      [[2], without(NO_NAME, null), 'SEND.room'],
      [[3], NO_NAME, 'SEND.type'],
      [[5], NO_MAP, 'SEND.meta'],
    ],
  ],
  ['USE', [F.USE, 0], [[[1], NO_COUNT, 'USE.index']]],
  [
    'HANDLED',
    [F.HANDLED, 0, 0],
    [
      [[1], NO_COUNT, 'HANDLED.messages'],
      [[2], NO_COUNT, 'HANDLED.bytes'],
    ],
  ],
  [
    'REQUEST',
    [F.REQUEST, 1, 'type', null, 500],
    [
      [[1], NO_SEQ, 'REQUEST.seq'],
      [[2], NO_NAME, 'REQUEST.type'],
      [[4], without(NO_COUNT, null), 'REQUEST.ttlMs'],
    ],
  ],
  ['CANCEL', [F.CANCEL, 1], [[[1], NO_SEQ, 'CANCEL.seq']]],
  [
    'VOID',
    [F.VOID, 2, 4],
    [
      [[1], NO_SEQ, 'VOID.from'],
      [[2], [...NO_SEQ, 1], 'VOID.to'],
    ],
  ],
  [
    'HELLO',
    [F.HELLO, HELLO],
    [
      [[1], [null, ...NO_MAP], 'HELLO'],
      [[1, 'v'], NO_SEQ, 'HELLO.v'],
      [[1, 'producers'], [null, {}, 'x'], 'HELLO.producers'],
      [[1, 'producers', 0], [null, ...NO_MAP], 'HELLO.producers'],
      [[1, 'producers', 0, 'id'], NO_NAME, 'HELLO.producers.id'],
      [[1, 'producers', 0, 'key'], NO_NAME, 'HELLO.producers.key'],
      [[1, 'producers', 0, 'kind'], ['other', null, 5], 'HELLO.producers.kind'],
      [[1, 'producers', 0, 'attach'], NO_SEQ, 'HELLO.producers.attach'],
      [[1, 'producers', 0, 'epoch'], without(NO_NAME, null), 'HELLO.producers.epoch'],
      [[1, 'producers', 0, 'floor'], NO_COUNT, 'HELLO.producers.floor'],
      [[1, 'producers', 0, 'floor'], [1], 'HELLO.producers.written'],
      [[1, 'producers', 0, 'written'], NO_COUNT, 'HELLO.producers.written'],
      [[1, 'cursors'], [null, ...NO_MAP], 'HELLO.cursors'],
      [[1, 'cursors', 'room/a'], [null, 'x', {}], 'HELLO.cursors[room/a]'],
      [[1, 'cursors', 'room/a', 0], NO_TEXT, 'HELLO.cursors[room/a].epoch'],
      [[1, 'cursors', 'room/a', 1], NO_COUNT, 'HELLO.cursors[room/a].offset'],
      [[1, 'cursors', ''], [['e', 1]], 'HELLO.cursors'],
      [[1, 'pingMs'], without(NO_COUNT, null), 'HELLO.pingMs'],
      [[1, 'window'], [null, ...NO_MAP], 'HELLO.window'],
      [[1, 'window', 'messages'], NO_SEQ, 'HELLO.window.messages'],
      [[1, 'window', 'bytes'], NO_SEQ, 'HELLO.window.bytes'],
      [[1, 'maxFrame'], NO_SEQ, 'HELLO.maxFrame'],
      [[1, 'device'], NO_MAP, 'HELLO.device'],
      [[1, 'caps'], NO_MAP, 'HELLO.caps'],
      [[1, 'session'], NO_MAP, 'HELLO.session'],
      [[1, 'session'], [{ id: 's', key: 'k', attach: 0 }], 'HELLO.session.attach'],
      [[1, 'session'], [{ id: '', key: 'k', attach: 1 }], 'HELLO.session.id'],
      [[1, 'session'], [{ id: 's', attach: 1 }], 'HELLO.session.key'],
    ],
  ],
  [
    'ATTACH',
    [F.ATTACH, 1, OFFER],
    [
      [[1], NO_COUNT, 'ATTACH.index'],
      [[2], [null, ...NO_MAP], 'ATTACH.producer'],
      [[2, 'written'], NO_COUNT, 'ATTACH.producer.written'],
    ],
  ],
  [
    'JOIN',
    [F.JOIN, 1, 'room', 'epoch', 0, { typing: true }],
    [
      [[1], NO_SEQ, 'JOIN.n'],
      [[2], NO_NAME, 'JOIN.room'],
      [[3], without(NO_TEXT, null), 'JOIN.epoch'],
      [[4], without(NO_COUNT, null), 'JOIN.offset'],
    ],
  ],
  [
    'LEAVE',
    [F.LEAVE, 1, 'room'],
    [
      [[1], NO_SEQ, 'LEAVE.n'],
      [[2], NO_NAME, 'LEAVE.room'],
    ],
  ],
  [
    'PRESENCE',
    [F.PRESENCE, 'room', 0, 'update', [{ typing: true }]],
    [
      [[1], NO_NAME, 'PRESENCE.room'],
      [[2], without(NO_COUNT, null), 'PRESENCE.version'],
      [[3], ['other', null, 5], 'PRESENCE.kind'],
    ],
  ],
  ['AUTH', [F.AUTH, 'token'], []],
]

const SERVER: readonly Case[] = [
  [
    'ACCEPTED',
    [F.ACCEPTED, 0, 1],
    [
      [[1], NO_COUNT, 'ACCEPTED.index'],
      [[2], NO_SEQ, 'ACCEPTED.seq'],
    ],
  ],
  [
    'REJECTED',
    [F.REJECTED, 0, 1, 'code', 'message', 50],
    [
      [[1], NO_COUNT, 'REJECTED.index'],
      [[2], NO_SEQ, 'REJECTED.seq'],
      [[3], NO_TEXT, 'REJECTED.code'],
      [[4], NO_TEXT, 'REJECTED.message'],
      [[5], without(NO_COUNT, null), 'REJECTED.retryMs'],
    ],
  ],
  [
    'ENTRY',
    [F.ENTRY, 'room/a', 1, 'type', null, META],
    [
      [[1], NO_NAME, 'ENTRY.log'],
      [[2], NO_SEQ, 'ENTRY.offset'],
      [[3], NO_NAME, 'ENTRY.type'],
      [[5], [null, ...NO_MAP], 'ENTRY.meta'],
      [[5, 'id'], NO_NAME, 'ENTRY.meta.id'],
      [[5, 'from'], without(NO_TEXT, null), 'ENTRY.meta.from'],
      [[5, 'at'], NO_COUNT, 'ENTRY.meta.at'],
      [[5, 're'], without(NO_TEXT, null), 'ENTRY.meta.re'],
    ],
  ],
  [
    'SKIP',
    [F.SKIP, 'room/a', 1],
    [
      [[1], NO_NAME, 'SKIP.log'],
      [[2], NO_SEQ, 'SKIP.to'],
    ],
  ],
  [
    'GAP',
    [F.GAP, 'room/a', 'epoch', 3, 5, 'history'],
    [
      [[1], NO_NAME, 'GAP.log'],
      [[2], NO_TEXT, 'GAP.epoch'],
      [[3], NO_SEQ, 'GAP.from'],
      [[4], [...without(NO_SEQ, null), 2], 'GAP.to'],
      [[5], NO_TEXT, 'GAP.why'],
    ],
  ],
  [
    'WELCOME',
    [F.WELCOME, WELCOME],
    [
      [[1], [null, ...NO_MAP], 'WELCOME'],
      [[1, 'v'], NO_SEQ, 'WELCOME.v'],
      [[1, 'session'], [null, ...NO_MAP], 'WELCOME.session'],
      [[1, 'session', 'id'], NO_NAME, 'WELCOME.session.id'],
      [[1, 'session', 'key'], NO_NAME, 'WELCOME.session.key'],
      [[1, 'session', 'resumed'], [null, 1, 'true'], 'WELCOME.session.resumed'],
      [[1, 'session', 'why'], without(NO_TEXT, null), 'WELCOME.session.why'],
      [[1, 'user'], [null, ...NO_MAP], 'WELCOME.user'],
      [[1, 'user', 'id'], NO_NAME, 'WELCOME.user.id'],
      [[1, 'producers'], [null, {}], 'WELCOME.producers'],
      [[1, 'producers', 0, 'last'], NO_COUNT, 'WELCOME.producers.last'],
      [[1, 'producers', 0, 'held'], [...NO_COUNT, 2], 'WELCOME.producers.held'],
      [[1, 'producers', 0, 'epoch'], NO_NAME, 'WELCOME.producers.epoch'],
      [[1, 'producers', 0, 'refused'], [null, {}], 'WELCOME.producers.refused'],
      [[1, 'producers', 0, 'refused', 0], [null, {}], 'WELCOME.producers.refused'],
      [[1, 'producers', 0, 'refused', 0, 0], NO_SEQ, 'WELCOME.producers.refused.seq'],
      [[1, 'producers', 0, 'refused', 0, 1], NO_TEXT, 'WELCOME.producers.refused.code'],
      [[1, 'producers', 0, 'refused', 0, 2], NO_TEXT, 'WELCOME.producers.refused.message'],
      [[1, 'logs'], [null, ...NO_MAP], 'WELCOME.logs'],
      [[1, 'logs', 'all', 1], NO_COUNT, 'WELCOME.logs[all].offset'],
      [[1, 'pingMs'], NO_COUNT, 'WELCOME.pingMs'],
      [[1, 'sessionMs'], NO_COUNT, 'WELCOME.sessionMs'],
      [[1, 'window', 'bytes'], NO_SEQ, 'WELCOME.window.bytes'],
      [[1, 'maxFrame'], NO_SEQ, 'WELCOME.maxFrame'],
      [[1, 'caps'], NO_MAP, 'WELCOME.caps'],
    ],
  ],
  [
    'ATTACHED',
    [F.ATTACHED, 1, STATE],
    [
      [[1], NO_COUNT, 'ATTACHED.index'],
      [[2], NO_MAP, 'ATTACHED.state'],
      [[2, 'last'], NO_COUNT, 'ATTACHED.state.last'],
    ],
  ],
  [
    'JOINED',
    [F.JOINED, 1, 'room', 'epoch', 0, [MEMBER]],
    [
      [[1], NO_SEQ, 'JOINED.n'],
      [[2], NO_NAME, 'JOINED.room'],
      [[3], NO_TEXT, 'JOINED.epoch'],
      [[4], NO_COUNT, 'JOINED.offset'],
      [[5], ['x', {}], 'JOINED.members'],
      [[5, 0, 'id'], NO_NAME, 'JOINED.members.id'],
      [[5, 0, 'userId'], NO_NAME, 'JOINED.members.userId'],
      [[5, 0, 'sessionId'], NO_NAME, 'JOINED.members.sessionId'],
    ],
  ],
  [
    'LEFT',
    [F.LEFT, 0, 'room', 'forbidden'],
    [
      [[1], NO_COUNT, 'LEFT.n'],
      [[2], NO_NAME, 'LEFT.room'],
      [[3], NO_TEXT, 'LEFT.why'],
    ],
  ],
  [
    'PRESENCE',
    [F.PRESENCE, 'room', 1, 'sync', [MEMBER]],
    [
      [[1], NO_NAME, 'PRESENCE.room'],
      [[2], NO_COUNT, 'PRESENCE.version'],
      [[3], ['other', null], 'PRESENCE.kind'],
      [[4], ['x', {}, null], 'PRESENCE.members'],
      [[4, 0], [null, ...NO_MAP], 'PRESENCE.members'],
    ],
  ],
  [
    'AUTHED',
    [F.AUTHED, { id: 'u1' }],
    [
      [[1], [null, ...NO_MAP], 'AUTHED.user'],
      [[1, 'id'], NO_NAME, 'AUTHED.user.id'],
    ],
  ],
  [
    'AWAY',
    [F.AWAY, { afterMs: 0, spreadMs: 0, url: 'wss://b', reason: 'deploy' }],
    [
      [[1], [null, ...NO_MAP], 'AWAY'],
      [[1, 'afterMs'], NO_COUNT, 'AWAY.afterMs'],
      [[1, 'spreadMs'], NO_COUNT, 'AWAY.spreadMs'],
      [[1, 'url'], without(NO_TEXT, null), 'AWAY.url'],
      [[1, 'reason'], NO_TEXT, 'AWAY.reason'],
    ],
  ],
  [
    'FAIL',
    [F.FAIL, 'code', 'message'],
    [
      [[1], NO_TEXT, 'FAIL.code'],
      [[2], NO_TEXT, 'FAIL.message'],
    ],
  ],
]

const BOTH: readonly Case[] = [
  ['PING', [F.PING, 0], [[[1], NO_COUNT, 'PING.t']]],
  ['PONG', [F.PONG, 0], [[[1], NO_COUNT, 'PONG.t']]],
  [
    'VOLATILE',
    [F.VOLATILE, null, 'typing', null, 'u1'],
    [
      [[1], without(NO_NAME, null), 'VOLATILE.room'],
      [[2], NO_NAME, 'VOLATILE.type'],
      [[4], without(NO_TEXT, null), 'VOLATILE.from'],
    ],
  ],
  ['BYE', [F.BYE], []],
]

/** Frames with optional elements: how many they need. */
const SHORTEST: { readonly [name: string]: number } = {
  SEND: 5,
  REQUEST: 4,
  JOIN: 3,
  REJECTED: 5,
  ATTACHED: 2,
  JOINED: 5,
  VOLATILE: 4,
}

/** A copy of `frame` in which the value at `path` is another. */
function replaced(frame: unknown, [step, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (step === undefined) return value
  const copy = (Array.isArray(frame) ? [...frame] : { ...(frame as object) }) as Record<
    string | number,
    unknown
  >
  copy[step] = replaced(copy[step], rest, value)
  return copy
}

/** What parsing throws, as `code: place`; a frame that passes gives 'accepted'. */
function verdict(parse: (value: unknown) => unknown, frame: unknown): string {
  try {
    parse(frame)
    return 'accepted'
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return `${error.code}: ${error.message.slice(0, error.message.indexOf(': '))}`
  }
}

const sides = [
  ['client', parseClientFrame, [...CLIENT, ...BOTH]],
  ['server', parseServerFrame, [...SERVER, ...BOTH]],
] as const

describe.each(sides)('frames from a %s', (side, parse, cases) => {
  describe.each(cases)('%s', (name, frame, bad) => {
    it('is accepted as it is', () => {
      expect(parse(frame)).toEqual(frame)
    })

    it('may hold elements of later versions', () => {
      expect(
        verdict(parse, [...frame, ...Array.from({ length: 6 - frame.length }, () => null), 'later']),
      ).toBe('accepted')
    })

    it.each(bad)('at %j is refused as anything wrong', (path, values, place) => {
      for (const value of values) {
        expect([value, verdict(parse, replaced(frame, path, value))]).toEqual([value, `malformed: ${place}`])
      }
    })

    it('may lack what is optional, and nothing else', () => {
      const shortest = SHORTEST[name] ?? frame.length
      expect(verdict(parse, frame.slice(0, shortest))).toBe('accepted')
      expect(verdict(parse, frame.slice(0, shortest - 1))).toMatch(/^(malformed|unknown_frame)/)
    })
  })

  it('belong to that side', () => {
    const names = new Set(cases.map(([name]) => name))
    const others = (side === 'client' ? SERVER : CLIENT).filter(([name]) => !names.has(name))
    for (const [, frame] of others) expect(() => parse(frame)).toThrow(/unknown or not for this side/)
  })

  it.each([0, 29, 30, 63, -1, 1.5, '1', null, undefined, {}])('of type %s are an error', (type) => {
    expect(() => parse([type, 1, 2])).toThrow(
      expect.objectContaining({ code: 'unknown_frame', closeCode: 1002 }),
    )
  })

  it('of a type that cannot even be printed are an error', () => {
    const unprintable = [JSON.parse('{"toString":null}'), Object.create(null), Symbol('type'), 1n]
    for (const type of unprintable) expect(verdict(parse, [type])).toMatch(/^unknown_frame/)
  })

  it.each([64, 1_000, Number.MAX_SAFE_INTEGER])('of type %i are ignored', (type) => {
    expect(parse([type, 1, 2])).toBeNull()
  })

  it.each([null, undefined, 5, 'text', {}, new Uint8Array(3)])('are arrays: %s is none', (value) => {
    expect(verdict(parse, value)).toBe('malformed: frame')
  })

  it('never raise anything but a ProtocolError', () => {
    const type = fc.oneof(fc.integer({ min: 0, max: 70 }), fc.jsonValue())
    fc.assert(
      fc.property(type, fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 6 }), (first, rest) => {
        expect(verdict(parse, [first, ...rest])).toBeTypeOf('string')
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('what is kept of the maps of the handshake', () => {
  it('only known fields, by name', () => {
    const hostile = JSON.parse('{"__proto__":{"polluted":1},"extra":1}') as object
    const [, hello] = parseClientFrame([F.HELLO, { ...HELLO, ...hostile, auth: { token: 1 } }]) as [
      number,
      object,
    ]
    expect(Object.keys(hello).sort()).toEqual([
      'auth',
      'caps',
      'cursors',
      'maxFrame',
      'producers',
      'v',
      'window',
    ])
    expect(hello).not.toHaveProperty('polluted')
  })

  it('a log called __proto__ is an ordinary key', () => {
    const cursors = JSON.parse('{"__proto__":["e",1]}') as object
    const [, hello] = parseClientFrame([F.HELLO, { ...HELLO, cursors }]) as [number, { cursors: object }]
    expect(Object.keys(hello.cursors)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(hello.cursors)).toBe(Object.prototype)
  })

  it('null stands for absent', () => {
    const nulls = { session: null, pingMs: null, device: null, caps: null }
    expect(parseClientFrame([F.HELLO, { ...HELLO, ...nulls }])).toEqual([F.HELLO, HELLO])
  })
})
