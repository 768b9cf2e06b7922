/**
 * One valid frame of every type, for both sides: what mutation starts from besides recordings.
 *
 * Owns: the vocabulary as plain values. What is lawful about them is frame-law.ts.
 */

/** Who sends a frame. */
export type Side = 'client' | 'server'

export type Frame = readonly unknown[]

const MEMBER = {
  id: 'S1',
  userId: 'ada',
  sessionId: 'S1',
  device: { kind: 'mobile' },
  state: { mood: 'calm' },
  since: 1_767_225_600_000,
}

const OFFER = { id: 'P1', key: 'k2', kind: 'messages', attach: 2, epoch: 'e1', floor: 4, written: 6 }

const HELLO = {
  v: 1,
  session: { id: 'S1', key: 'k1', attach: 2 },
  producers: [OFFER, { id: 'P2', key: 'k3', kind: 'requests', attach: 1, floor: 0, written: 0 }],
  cursors: { 'room/lobby': ['e2', 17], user: ['', 0] },
  auth: 'ada',
  pingMs: 25_000,
  window: { messages: 256, bytes: 1_048_576 },
  maxFrame: 1_048_576,
  device: { kind: 'mobile' },
  caps: {},
}

const WELCOME = {
  v: 1,
  session: { id: 'S1', key: 'k1', resumed: true, why: 'unknown' },
  user: { id: 'ada' },
  producers: [{ last: 5, held: 6, epoch: 'e1', refused: [[5, 'forbidden', 'not allowed']] }, null],
  logs: { 'user/ada': ['e3', 0], 'session/S1': ['e4', 2], all: ['e6', 40], 'room/lobby': ['e2', 17] },
  pingMs: 25_000,
  sessionMs: 120_000,
  window: { messages: 1_024, bytes: 4_194_304 },
  maxFrame: 1_048_576,
  caps: {},
}

const BOTH: readonly Frame[] = [
  [20, 'lobby', 'typing', true, 'ada'],
  [20, null, 'typing', { a: [1, 2] }],
  [21, 'lobby', 5, 'update', [MEMBER]],
  [22, 123_456],
  [23, 123_456],
  [28],
  [64, 'later'],
]

export const SAMPLES: Readonly<Record<Side, readonly Frame[]>> = {
  client: [
    ...BOTH,
    [1, HELLO],
    [3, 1, { id: 'P2', key: 'k3', kind: 'requests', attach: 1, floor: 0, written: 0 }],
    [5, 1],
    [5, 9],
    [6, 7, 'lobby', 'chat', { text: 'hi', list: [1, -2, 0.5, null, true] }, { echo: false }],
    [6, 8, null, 'note', 'ünïcödé \u{1f600}'],
    [7, 1, 'add', [1, 2], 15_000],
    [8, 1],
    [9, 8, 9],
    [9, 1, 2],
    [9, 3, 70],
    [15, 64, 9_120],
    [15, 1, 90],
    [15, 0, 0],
    [16, 1, 'lobby', null, null, { mood: 'calm' }],
    [16, 2, 'lobby', 'e2', 17],
    [18, 3, 'lobby'],
    [24, 'another token'],
  ],
  server: [
    ...BOTH,
    [2, WELCOME],
    [4, 1, { last: 0, held: 0, epoch: 'e7', refused: [] }],
    [4, 1, null],
    [10, 0, 7],
    [11, 0, 8, 'forbidden', "not allowed: 'chat'", 500],
    [12, 'room/lobby', 18, 'chat', { text: 'hi' }, { id: 'P1.7', from: 'ada', at: 1_767_225_600_000 }],
    [12, 'replies/S1', 2, 'add', 3, { id: 'P2.1', from: null, at: 1, re: 'P2.1', error: false }],
    [13, 'room/lobby', 19],
    [14, 'room/lobby', 'e2', 20, 25, 'history'],
    [14, 'room/lobby', 'e2', 20, null, 'epoch'],
    [17, 1, 'lobby', 'e2', 18, [MEMBER]],
    [19, 2, 'lobby', 'asked'],
    [25, { id: 'ada' }],
    [26, { afterMs: 1_000, spreadMs: 5_000, url: 'ws://server.test/ws', reason: 'deploy' }],
    [27, 'auth_refused', 'the token has expired'],
  ],
}
