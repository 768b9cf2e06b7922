/**
 * What a well-behaved server would say, for tests of the client.
 *
 * Owns: the frames of a server, with sensible values for what a test doesn't name.
 */
import {
  type EntryMeta,
  FrameType,
  type Hello,
  type LogPositions,
  type Member,
  type ProducerState,
  type Welcome,
} from '../../src/protocol/frames.js'

export const SESSION = 'session-1'
export const USER = 'user-1'
export const EPOCH = 'epoch-1'
export const LOG_EPOCH = 'log-epoch'

/** A WELCOME that agrees to a HELLO: producers at their floor in the epoch they name, logs where they were offered. */
export function welcomeOf(hello: Hello): Welcome {
  const resumed = hello.session?.id === SESSION
  return {
    v: 1,
    session: { id: SESSION, key: 'key of the session', resumed },
    user: { id: USER },
    producers: hello.producers.map(({ floor, epoch }) => state(floor, epoch === undefined ? {} : { epoch })),
    logs: logsOf(SESSION, USER, hello),
    pingMs: hello.pingMs ?? 25_000,
    sessionMs: 120_000,
    window: { messages: 1_024, bytes: 4_194_304 },
    maxFrame: 1_048_576,
    caps: {},
  }
}

/** The logs that a server names for this session and user. */
export function logsOf(session: string, user: string, hello: Hello): LogPositions {
  return {
    all: [LOG_EPOCH, 0],
    [`user/${user}`]: [LOG_EPOCH, 0],
    [`session/${session}`]: [LOG_EPOCH, 0],
    [`replies/${session}`]: [LOG_EPOCH, 0],
    ...Object.fromEntries(Object.entries(hello.cursors).filter(([log]) => log.startsWith('room/'))),
  }
}

/** What a server holds of a producer. */
export function state(last: number, overrides: Partial<ProducerState> = {}): ProducerState {
  return { last, held: last, epoch: EPOCH, refused: [], ...overrides }
}

export const accepted = (index: number, seq: number) => [FrameType.ACCEPTED, index, seq] as const

export const rejected = (index: number, seq: number, code = 'no', message = 'it was refused') =>
  [FrameType.REJECTED, index, seq, code, message] as const

/** A log entry; its data is its offset, unless said otherwise. */
export function entry(log: string, offset: number, data: unknown = offset, meta: Partial<EntryMeta> = {}) {
  return [
    FrameType.ENTRY,
    log,
    offset,
    'said',
    data,
    { id: `m${offset}`, from: null, at: 1_700_000_000_000, ...meta },
  ] as const
}

/** The reply to a request. */
export const reply = (offset: number, re: string, data: unknown, error = false) =>
  entry(`replies/${SESSION}`, offset, data, { re, ...(error ? { error } : {}) })

export const gap = (log: string, from: number, to: number | null, why = 'history', epoch = LOG_EPOCH) =>
  [FrameType.GAP, log, epoch, from, to, why] as const

export const joined = (n: number, room: string, offset: number, members: Member[] = [], epoch = LOG_EPOCH) =>
  [FrameType.JOINED, n, room, epoch, offset, members] as const

export const left = (n: number, room: string, why = 'asked') => [FrameType.LEFT, n, room, why] as const

export function member(id: string, stateOf: unknown = {}): Member {
  return { id, userId: `user of ${id}`, sessionId: `session of ${id}`, device: {}, state: stateOf, since: 0 }
}
