import { describe, expect, it } from 'vitest'
import { Violation } from '../../src/testing/simulation/index.js'
import { DialBook } from './books-dials.js'
import { WireLedger } from './books-ledger.js'
import { checkLeftoversFirst } from './books-leftovers.js'
import { type Lane, LinkBook, type LinkOwner } from './books-link.js'
import { LogTruth, ReaderBook } from './books-logs.js'
import { MessageBook, type Run, SentMessage } from './books-messages.js'
import { ProducerBook } from './books-producers.js'
import { SessionBook } from './books-sessions.js'

const run = (over: Partial<Run> = {}): Run => ({
  process: 'a1',
  epoch: 'e1',
  owner: 'o1',
  redelivered: false,
  signal: new AbortController().signal,
  effects: 0,
  ended: null,
  ...over,
})

const message = (
  id: string,
  policy: 'resend' | 'reject' = 'resend',
  kind: 'message' | 'request' = 'message',
) => new SentMessage(id, kind, policy, 1, true, 'ada1')

/** The invariant that a made-up violation breaks. */
function broken(what: () => unknown): string {
  try {
    what()
  } catch (error) {
    if (error instanceof Violation) return error.invariant
    throw error
  }
  return 'none'
}

describe('the book of messages', () => {
  it('notices a second run under one owner, in one epoch', () => {
    const sent = message('p.1')
    sent.ran(run())
    expect(broken(() => sent.ran(run({ redelivered: true })))).toBe('I1')
  })

  it('notices a second run that is not marked redelivered', () => {
    const sent = message('p.1')
    sent.ran(run())
    expect(broken(() => sent.ran(run({ owner: 'o2', redelivered: true })))).toBe('none')
    expect(broken(() => sent.ran(run({ owner: 'o3' })))).toBe('I1')
  })

  it("notices a run in a second epoch under onUnknown: 'reject', and of a request at all", () => {
    const rejecting = message('p.1', 'reject')
    rejecting.ran(run())
    expect(broken(() => rejecting.ran(run({ epoch: 'e2', owner: 'o2', redelivered: true })))).toBe('I1')
    const request = message('p.2', 'resend', 'request')
    request.ran(run())
    expect(broken(() => request.ran(run({ owner: 'o2', redelivered: true })))).toBe('I1')
    request.written('e1')
    expect(broken(() => request.written('e2'))).toBe('I1')
  })

  it('notices two ends, an end without a run, and a run of what was cancelled', () => {
    const sent = message('p.1')
    sent.settled('cancelled', null)
    expect(broken(() => sent.settled('accepted', null))).toBe('I4')
    expect(broken(() => sent.ran(run()))).toBe('I3')
    expect(broken(() => message('p.2').settled('accepted', null))).toBe('I3')
  })

  it('notices numbers that run out of turn, or side by side', () => {
    const book = new MessageBook()
    for (const id of ['p.1', 'p.2', 'p.3']) book.sent(message(id))
    const first = run()
    book.ran('p.2', first)
    expect(broken(() => book.ran('p.3', run()))).toBe('I2')
    first.ended = 'done'
    expect(broken(() => book.ran('p.1', run()))).toBe('I2')
  })

  it('notices numbers that are declared void while their message lives', () => {
    const book = new MessageBook()
    const sent = message('p.1')
    book.sent(sent)
    book.voided(sent, 'ada1', () => true)
    expect(broken(() => book.check())).toBe('I4')
    expect(broken(() => book.sent(message('p.1')))).toBe('I4')
  })
})

describe('the book of what another page left', () => {
  const state = { last: 1, held: 1, epoch: 'e1', refused: [] }
  const leftover = (over: Partial<Lane> = {}): Lane => ({
    offer: { id: 'p', key: 'k', kind: 'messages', attach: 2, floor: 0, written: 2, epoch: 'e1' },
    index: 0,
    state,
    ackSent: 0,
    ackArrived: 0,
    written: 0,
    told: new Set(),
    ackBefore: 0,
    ...over,
  })
  const owner: LinkOwner = {
    name: 'ada2',
    alive: true,
    mustBeStored: () => true,
    isStored: () => true,
    lostTail: () => false,
    storedEpoch: () => 'e1',
    doubtful: false,
    wire: 'json',
    node: 'a',
  }
  const written = (lane: Lane, policy: 'resend' | 'reject' = 'resend', page = owner): string => {
    const messages = new MessageBook()
    messages.sent(message('p.2', policy))
    const link = new LinkBook(1, page)
    link.lanes.push(lane)
    return broken(() => checkLeftoversFirst(link, messages, 'q.1'))
  }

  it('notices something of the page’s own that is written before it was settled', () => {
    expect(written(leftover())).toBe('I2')
    expect(written(leftover({ state: undefined }))).toBe('I2')
    expect(written(leftover({ state: { ...state, epoch: 'e2' } }))).toBe('I2')
  })

  it('takes it for settled when it was acknowledged, refused, forgotten and not to be sent again, or is not stored', () => {
    expect(written(leftover({ ackArrived: 2 }))).toBe('none')
    expect(written(leftover({ told: new Set([2]) }))).toBe('none')
    expect(written(leftover({ state: null }))).toBe('none')
    expect(written(leftover({ state: { ...state, epoch: 'e2' } }), 'reject')).toBe('none')
    expect(written(leftover(), 'resend', { ...owner, isStored: () => false })).toBe('none')
    expect(written(leftover(), 'resend', { ...owner, name: 'ada1' })).toBe('none')
  })
})

const offer = { id: 'p', key: 'k', kind: 'messages', attach: 1, floor: 0, written: 0 } as const
const record = {
  id: 'p',
  key: 'k',
  kind: 'messages',
  user: 'ada',
  epoch: 'e1',
  owner: 'o1',
  attach: 1,
  last: 0,
  refused: [],
  begun: [],
  redeliveredUpTo: 0,
} as const
const request = { offer, user: 'ada', heldOwner: null, newOwner: 'o1', newEpoch: 'e1' }
const commit = {
  producer: 'p',
  owner: 'o1',
  epoch: 'e1',
  from: 0,
  to: 1,
  refused: [],
  begin: [],
  end: [],
  appends: [],
}

function producers(): ProducerBook {
  const book = new ProducerBook(new MessageBook())
  book.attached(request, { ok: true, record, how: 'created' })
  return book
}

describe('the book of producers', () => {
  it('notices a commit by an old owner, and one that leaves numbers out', () => {
    expect(broken(() => producers().commit({ ...commit, owner: 'o0' }, { ok: true, offsets: [] }))).toBe('I9')
    expect(broken(() => producers().commit({ ...commit, from: 1, to: 2 }, { ok: true, offsets: [] }))).toBe(
      'I2',
    )
  })

  it('notices effects that are committed twice, and effects of what was refused', () => {
    const append = {
      log: 'all',
      type: 'note',
      data: null,
      meta: { id: 'p.1:1', from: null, at: 0 },
      audience: null,
    }
    const book = producers()
    book.commit({ ...commit, appends: [append] }, { ok: true, offsets: [1] })
    expect(
      broken(() => book.commit({ ...commit, from: 1, to: 2, appends: [append] }, { ok: true, offsets: [2] })),
    ).toBe('I1')
    const refused = { ...commit, refused: [[1, 'no', 'no']] as const, appends: [append] }
    expect(broken(() => producers().commit(refused, { ok: true, offsets: [1] }))).toBe('I3')
  })

  it('notices an attach that is not newer, of another user, or to a record that was there', () => {
    const later = { ...request, offer: { ...offer, attach: 2 } }
    expect(broken(() => producers().attached(request, { ok: true, record, how: 'taken' }))).toBe('I9')
    const other = { ...later, user: 'ben' }
    expect(broken(() => producers().attached(other, { ok: true, record, how: 'taken' }))).toBe('I9')
    expect(broken(() => producers().attached(later, { ok: true, record, how: 'created' }))).toBe('I1')
    expect(broken(() => producers().attached(later, { ok: false, why: 'stale' }))).toBe('I9')
    const moved = { ...record, last: 3 }
    expect(broken(() => producers().attached(later, { ok: true, record: moved, how: 'taken' }))).toBe('I8')
  })
})

const entry = (offset: number, re?: string) => ({
  offset,
  type: 'note',
  data: null,
  meta: { id: `m${offset}`, from: null, at: 0, ...(re === undefined ? {} : { re }) },
  audience: offset === 2 ? { exceptSessions: ['mine'] } : null,
})

describe('the book of logs', () => {
  const truth = (): LogTruth => {
    const book = new LogTruth(2)
    for (let offset = 1; offset <= 4; offset++) book.appended('room/red', 'e1', entry(offset))
    return book
  }
  const reader = (book: LogTruth, sessions: string[] = []): ReaderBook =>
    new ReaderBook('room/red', 'e1', 0, book, { sessions, device: 'mobile' })

  it('notices offsets that are left out or given twice, and a request that is answered twice', () => {
    expect(broken(() => truth().appended('room/red', 'e1', entry(6)))).toBe('I6')
    const replies = new LogTruth(2)
    replies.appended('replies/s', 'e1', entry(1, 'p.1'))
    expect(broken(() => replies.appended('replies/s', 'e1', entry(2, 'p.1')))).toBe('I10')
  })

  it('notices a hole, unless the entry is for others', () => {
    const reading = reader(truth())
    reading.message({ offset: 1, id: 'm1' })
    expect(broken(() => reading.message({ offset: 3, id: 'm3' }))).toBe('I5')
    const other = reader(truth(), ['mine'])
    other.message({ offset: 1, id: 'm1' })
    expect(broken(() => other.message({ offset: 3, id: 'm3' }))).toBe('none')
  })

  it('notices another entry, a gap out of place, and one that names what is still held', () => {
    expect(broken(() => reader(truth()).message({ offset: 1, id: 'm2' }))).toBe('I5')
    expect(broken(() => reader(truth()).gap({ from: 2, to: 2, epoch: 'e1', why: 'history' }))).toBe('I5')
    expect(broken(() => reader(truth()).gap({ from: 1, to: 2, epoch: 'e1', why: 'history' }))).toBe('none')
    expect(broken(() => reader(truth()).gap({ from: 1, to: 3, epoch: 'e1', why: 'history' }))).toBe('I5')
  })

  it('notices a reader that stops before the end', () => {
    expect(broken(() => reader(truth()).checkComplete())).toBe('I5')
  })
})

describe('the ledger of the wire', () => {
  it('notices an attach that is not raised, and a cursor that goes back', () => {
    const ledger = new WireLedger()
    ledger.raise('producer p', 1)
    expect(broken(() => ledger.raise('producer p', 1))).toBe('I9')
    ledger.cursor('ada1', 'all', { epoch: 'e1', offset: 5 })
    expect(broken(() => ledger.cursor('ada1', 'all', { epoch: 'e1', offset: 4 }))).toBe('I8')
    expect(broken(() => ledger.cursor('ada1', 'all', { epoch: 'e2', offset: 0 }))).toBe('none')
  })
})

describe('the book of dials', () => {
  const book = (): DialBook =>
    new DialBook('ada1', {
      initialDelayMs: 100,
      maxDelayMs: 1_000,
      factor: 2,
      jitter: 'none',
      stableAfterMs: 5_000,
    })
  const lost = { name: 'ConnectError', code: 'close_1006' }

  it('notices a dial of a closed client, after 44xx, after two refusals, and before AWAY is over', () => {
    expect(broken(() => book().dialed('closed', 0))).toBe('I11')
    const superseded = book()
    superseded.closed(4401, 'superseded', 0)
    expect(broken(() => superseded.dialed('reconnecting', 9_000))).toBe('I11')
    const refused = book()
    for (let time = 0; time < 2; time++) refused.failed({ name: 'AuthError', code: 'auth_refused' }, true, 0)
    expect(broken(() => refused.dialed('reconnecting', 9_000))).toBe('I11')
    const away = book()
    away.away(500)
    expect(broken(() => away.dialed('reconnecting', 499))).toBe('I11')
  })

  it('notices a wait that is too short or too long, and a backoff that begins again too early', () => {
    const early = book()
    early.failed(lost, true, 0)
    expect(broken(() => early.dialed('connecting', 90))).toBe('I11')
    const late = book()
    late.failed(lost, true, 0)
    expect(broken(() => late.dialed('connecting', 2_000))).toBe('I11')
    const unstable = book()
    unstable.failed(lost, true, 0)
    unstable.dialed('connecting', 100)
    unstable.opened(110)
    unstable.closed(1006, 'close_1006', 200)
    expect(broken(() => unstable.dialed('reconnecting', 300))).toBe('I11')
  })
})

describe('the book of sessions', () => {
  const asked = { offer: null, user: 'ada', device: {}, owner: 'o1', newId: 's', newKey: 'k' }
  const session = { id: 's', key: 'k', user: 'ada', attach: 0, owner: 'o1' }
  const book = (): SessionBook => {
    const sessions = new SessionBook(1_000)
    sessions.attached(asked, { record: session, resumed: false, why: null }, 0)
    return sessions
  }
  const again = { ...asked, offer: { id: 's', key: 'k', attach: 1 } }

  it('notices a session that another user resumes, with an old attach, or that is denied to its owner', () => {
    const resumed = { record: { ...session, attach: 1 }, resumed: true, why: null }
    expect(broken(() => book().attached({ ...again, user: 'ben' }, resumed, 1))).toBe('I9')
    const stale = { ...again, offer: { id: 's', key: 'k', attach: 0 } }
    expect(broken(() => book().attached(stale, resumed, 1))).toBe('I9')
    const denied = { record: { ...session, id: 't' }, resumed: false, why: 'unknown' }
    expect(broken(() => book().attached(again, denied, 1))).toBe('I5')
  })
})
