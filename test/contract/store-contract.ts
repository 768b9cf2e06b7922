/**
 * What every store must do: one suite for all of them.
 *
 * Owns: the promises of src/server/core/store.ts, as tests. A store under test is made anew for every test, with
 * {@link CONTRACT_BOUNDS}.
 * Does not own: what only one kind of store does (its bounds in number, its connection).
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type {
  Append,
  AttachRequest,
  AttachResult,
  Commit,
  LogEntry,
  MaybePromise,
  SessionRequest,
  Store,
} from '../../src/server/core/store.js'

/** Bounds that the store under test is made with. */
export const CONTRACT_BOUNDS = {
  historyMessages: 5,
  historyMs: 60_000,
  sessionMs: 1_000,
  producerMs: 2_000,
  maxInFlight: 10,
} as const

export interface StoreUnderTest {
  readonly store: Store
  /** Waits for an answer; asks again where this kind of store may fail. */
  ask<Answer>(call: (store: Store) => MaybePromise<Answer>): Promise<Answer>
  /** Lets time pass, for what expires. */
  advance(ms: number): Promise<void>
  /** Until listeners have heard of everything. */
  settle(): Promise<void>
  close(): Promise<void>
}

export function storeContract(name: string, make: () => MaybePromise<StoreUnderTest>): void {
  describe(`the store contract: ${name}`, () => {
    let under: StoreUnderTest
    beforeEach(async () => {
      under = await make()
    })
    afterEach(async () => {
      await under.close()
    })
    describe('logs', () => {
      logs(() => under)
    })
    describe('attaching producers', () => {
      attaching(() => under)
    })
    describe('committing', () => {
      committing(() => under)
    })
    describe('sessions', () => {
      sessions(() => under)
    })
  })
}

type Under = () => StoreUnderTest

function logs(under: Under): void {
  const append = (data: unknown, log = 'room/r') => under().ask((store) => store.append(appendOf(data, log)))
  const read = (after: number, limit = 100, log = 'room/r') =>
    under().ask((store) => store.read(log, after, limit))
  const state = (log = 'room/r') => under().ask((store) => store.logState(log))

  test('a new log is empty, and has an epoch that stays', async () => {
    const first = await state()
    expect(first).toMatchObject({ first: 1, head: 0 })
    expect(first.epoch).not.toBe('')
    expect((await append(1)).epoch).toBe(first.epoch)
    expect(await state()).toEqual({ epoch: first.epoch, first: 1, head: 1 })
  })

  test('offsets of a log start at 1 and are dense; logs do not share them', async () => {
    const offsets = [await append('a'), await append('b'), await append('c', 'room/other'), await append('d')]
    expect(offsets.map(({ offset }) => offset)).toEqual([1, 2, 1, 3])
  })

  test('two logs have different epochs', async () => {
    expect((await state('room/a')).epoch).not.toBe((await state('room/b')).epoch)
  })

  test('what was appended is read as it was', async () => {
    const entry: Append = {
      log: 'room/r',
      type: 'note',
      data: { text: 'ü', list: [1, null, true], nested: { deep: -0.5 } },
      meta: { id: 'p.1', from: 'u', at: 5, re: 'q.1', error: true, redelivered: true },
      audience: { exceptSessions: ['s'], devices: ['mobile'] },
    }
    await under().ask((store) => store.append(entry))
    const { log: _, ...expected } = entry
    expect((await read(0)).entries).toEqual([{ offset: 1, ...expected }])
  })

  test('a page starts after the asked offset and holds no more than the limit', async () => {
    for (const data of ['a', 'b', 'c', 'd']) await append(data)
    expect(dataOf((await read(1, 2)).entries)).toEqual(['b', 'c'])
    expect(dataOf((await read(4)).entries)).toEqual([])
    expect(dataOf((await read(99)).entries)).toEqual([])
  })

  test('history is trimmed to the message, and the state says where it starts', async () => {
    for (let n = 1; n <= 12; n++) await append(n)
    expect(await state()).toMatchObject({ first: 8, head: 12 })
    const page = await read(3)
    expect(page.state).toMatchObject({ first: 8, head: 12 })
    expect(page.entries.map(({ offset }) => offset)).toEqual([8, 9, 10, 11, 12])
    expect(dataOf(page.entries)).toEqual([8, 9, 10, 11, 12])
  })

  test('entries that are too old are gone; offsets go on', async () => {
    const { epoch } = await append('old')
    await under().advance(CONTRACT_BOUNDS.historyMs + 1_000)
    expect(await state()).toEqual({ epoch, first: 2, head: 1 })
    expect(await append('new')).toEqual({ epoch, offset: 2 })
    expect(dataOf((await read(0)).entries)).toEqual(['new'])
  })

  test('listeners hear of every append, in order, until they stop listening', async () => {
    const heard: [string, string, number, unknown][] = []
    const stop = under().store.listen((log, epoch, entry) =>
      heard.push([log, epoch, entry.offset, entry.data]),
    )
    const { epoch } = await append('a')
    await append('b')
    await under().settle()
    expect(heard).toEqual([
      ['room/r', epoch, 1, 'a'],
      ['room/r', epoch, 2, 'b'],
    ])
    stop()
    await append('c')
    await under().settle()
    expect(heard).toHaveLength(2)
  })
}

function attaching(under: Under): void {
  test('an unknown producer is created at the floor it offers, with everything written before as redelivered', async () => {
    const result = await attach(
      under,
      { floor: 3, written: 7, epoch: 'forgotten' },
      { newOwner: 'o1', newEpoch: 'e1' },
    )
    expect(result).toEqual({
      ok: true,
      how: 'created',
      record: {
        id: 'p',
        key: 'k',
        kind: 'messages',
        user: 'u',
        epoch: 'e1',
        owner: 'o1',
        attach: 1,
        last: 3,
        refused: [],
        begun: [],
        redeliveredUpTo: 7,
      },
    })
  })

  test('an attach by the process that owns it keeps owner and epoch', async () => {
    await attach(under, {}, { newOwner: 'o1', newEpoch: 'e1' })
    const again = await attach(
      under,
      { attach: 2, epoch: 'e1', written: 5 },
      { heldOwner: 'o1', newOwner: 'o2' },
    )
    expect(again).toMatchObject({
      how: 'kept',
      record: { owner: 'o1', epoch: 'e1', attach: 2, redeliveredUpTo: 0 },
    })
  })

  test('an attach by another process takes a new owner, and what was written is redelivered', async () => {
    await attach(under, {}, { newOwner: 'o1', newEpoch: 'e1' })
    const taken = await attach(under, { attach: 2, epoch: 'e1', written: 5 }, { newOwner: 'o2' })
    expect(taken).toMatchObject({ how: 'taken', record: { owner: 'o2', epoch: 'e1', redeliveredUpTo: 5 } })
    const back = await attach(
      under,
      { attach: 3, epoch: 'e1', written: 2 },
      { heldOwner: 'o1', newOwner: 'o3' },
    )
    expect(back).toMatchObject({ how: 'taken', record: { owner: 'o3', redeliveredUpTo: 5 } })
  })

  test('another epoch, or a last below the floor, means that it was forgotten', async () => {
    await attach(under, {}, { newEpoch: 'e1' })
    const other = await attach(under, { attach: 2, epoch: 'e0', floor: 4, written: 6 }, { newEpoch: 'e2' })
    expect(other).toMatchObject({ how: 'created', record: { epoch: 'e2', last: 4, redeliveredUpTo: 6 } })
    const below = await attach(under, { attach: 3, epoch: 'e2', floor: 9, written: 9 }, { newEpoch: 'e3' })
    expect(below).toMatchObject({ how: 'created', record: { epoch: 'e3', last: 9 } })
  })

  test('a client that never learnt the epoch resumes the record that is there', async () => {
    await attach(under, {}, { newOwner: 'o1', newEpoch: 'e1' })
    const again = await attach(under, { attach: 2 }, { heldOwner: 'o1' })
    expect(again).toMatchObject({ how: 'kept', record: { epoch: 'e1' } })
  })

  test('a wrong key, another user, another kind, and an attach that is not newer are refused', async () => {
    await attach(under, { attach: 2 })
    expect(await attach(under, { attach: 3, key: 'guess' })).toEqual({ ok: false, why: 'key' })
    expect(await attach(under, { attach: 3 }, { user: 'other' })).toEqual({ ok: false, why: 'user' })
    expect(await attach(under, { attach: 3, kind: 'requests' })).toEqual({ ok: false, why: 'kind' })
    expect(await attach(under, { attach: 2 })).toEqual({ ok: false, why: 'stale' })
    expect(await attach(under, { attach: 3 })).toMatchObject({ ok: true })
  })

  test('a detached producer expires, an attached one does not', async () => {
    await attach(under, {}, { newOwner: 'o1', newEpoch: 'e1' })
    await under().advance(CONTRACT_BOUNDS.producerMs * 3)
    const kept = await attach(under, { attach: 2, epoch: 'e1' }, { heldOwner: 'o1' })
    expect(kept).toMatchObject({ how: 'kept' })
    await under().ask((store) => store.detachProducer('p', 'o1'))
    await under().advance(CONTRACT_BOUNDS.producerMs + 500)
    const late = await attach(under, { attach: 3, epoch: 'e1' }, { heldOwner: 'o1', newEpoch: 'e2' })
    expect(late).toMatchObject({ how: 'created', record: { epoch: 'e2' } })
  })

  test('a detach that is told again keeps the record from then, and brings none back that has expired', async () => {
    const detach = () => under().ask((store) => store.detachProducer('p', 'o1'))
    await attach(under, {}, { newOwner: 'o1', newEpoch: 'e1' })
    await detach()
    await under().advance(CONTRACT_BOUNDS.producerMs - 500)
    await detach()
    await under().advance(CONTRACT_BOUNDS.producerMs - 500)
    expect(await attach(under, { attach: 2, epoch: 'e1' }, { heldOwner: 'o1' })).toMatchObject({
      how: 'kept',
    })
    await detach()
    await under().advance(CONTRACT_BOUNDS.producerMs + 500)
    await detach()
    const late = await attach(under, { attach: 3, epoch: 'e1' }, { heldOwner: 'o1', newEpoch: 'e2' })
    expect(late).toMatchObject({ how: 'created', record: { epoch: 'e2' } })
  })

  test('a detach by a former owner does nothing', async () => {
    await attach(under, {}, { newOwner: 'o1', newEpoch: 'e1' })
    await attach(under, { attach: 2, epoch: 'e1' }, { newOwner: 'o2' })
    await under().ask((store) => store.detachProducer('p', 'o1'))
    await under().advance(CONTRACT_BOUNDS.producerMs + 500)
    const still = await attach(under, { attach: 3, epoch: 'e1' }, { heldOwner: 'o2' })
    expect(still).toMatchObject({ how: 'kept' })
  })
}

function committing(under: Under): void {
  const commit = (more: Partial<Commit>) => under().ask((store) => store.commit(commitOf(more)))
  const record = async (attachNumber: number) => {
    const result = await attach(under, { attach: attachNumber, epoch: 'e1' }, { heldOwner: 'o1' })
    if (!result.ok) throw new Error(result.why)
    return result.record
  }
  beforeEach(async () => {
    await attach(under, {}, { newOwner: 'o1', newEpoch: 'e1' })
  })

  test('a commit advances last and appends, in one step and in order', async () => {
    const result = await commit({
      to: 3,
      appends: [appendOf('a'), appendOf('b', 'room/other'), appendOf('c')],
    })
    expect(result).toEqual({ ok: true, offsets: [1, 1, 2] })
    expect(await record(2)).toMatchObject({ last: 3 })
    const page = await under().ask((store) => store.read('room/r', 0, 10))
    expect(dataOf(page.entries)).toEqual(['a', 'c'])
  })

  test('a commit that does not continue at last changes nothing and tells what last is', async () => {
    await commit({ to: 2 })
    expect(await commit({ from: 0, to: 2, appends: [appendOf('twice')] })).toEqual({
      ok: false,
      why: 'conflict',
      last: 2,
    })
    expect(await commit({ from: 5, to: 6 })).toEqual({ ok: false, why: 'conflict', last: 2 })
    expect(await under().ask((store) => store.logState('room/r'))).toMatchObject({ head: 0 })
  })

  test('a commit by another owner, or without a record, changes nothing', async () => {
    expect(await commit({ owner: 'o2', to: 1, appends: [appendOf('x')] })).toEqual({
      ok: false,
      why: 'fenced',
    })
    expect(await commit({ producer: 'nobody', to: 1, appends: [appendOf('x')] })).toEqual({
      ok: false,
      why: 'gone',
    })
    expect(await under().ask((store) => store.logState('room/r'))).toMatchObject({ head: 0 })
  })

  test('refusals are remembered for the last maxInFlight numbers', async () => {
    await commit({
      to: 2,
      refused: [
        [1, 'bad', 'no'],
        [2, 'bad', 'no'],
      ],
    })
    expect((await record(2)).refused).toEqual([
      [1, 'bad', 'no'],
      [2, 'bad', 'no'],
    ])
    await commit({ from: 2, to: 12, refused: [[12, 'worse', 'no']] })
    expect((await record(3)).refused).toEqual([[12, 'worse', 'no']])
  })

  test('requests are begun and ended; ending one that is not begun changes nothing', async () => {
    const begin = [
      { seq: 1, log: 'replies/s' },
      { seq: 2, log: 'replies/s' },
    ]
    await commit({ to: 2, begin })
    expect((await record(2)).begun).toEqual(begin)
    expect(
      await commit({ from: 2, to: 2, end: [1], appends: [appendOf('reply', 'replies/s')] }),
    ).toMatchObject({ ok: true })
    expect((await record(3)).begun).toEqual([begin[1]])
    expect(await commit({ from: 2, to: 2, end: [1], appends: [appendOf('again', 'replies/s')] })).toEqual({
      ok: false,
      why: 'conflict',
      last: 2,
    })
    expect(await under().ask((store) => store.logState('replies/s'))).toMatchObject({ head: 1 })
  })

  test('one commit may begin some requests and end others', async () => {
    await commit({ to: 1, begin: [{ seq: 1, log: 'replies/s' }] })
    expect(await commit({ from: 1, to: 2, begin: [{ seq: 2, log: 'replies/s' }], end: [1] })).toMatchObject({
      ok: true,
    })
    expect((await record(2)).begun).toEqual([{ seq: 2, log: 'replies/s' }])
  })

  test('listeners hear of a commit only once all of it is there', async () => {
    const heads: number[] = []
    const pending: Promise<unknown>[] = []
    under().store.listen(() => {
      pending.push(
        under()
          .ask((store) => store.logState('room/other'))
          .then(({ head }) => heads.push(head)),
      )
    })
    await commit({ to: 1, appends: [appendOf('a'), appendOf('b', 'room/other')] })
    await under().settle()
    await Promise.all(pending)
    expect(heads).toEqual([1, 1])
  })

  test('a record that another process took is not committed to any more, and goes on where it was', async () => {
    await commit({ to: 1 })
    await attach(under, { attach: 2, epoch: 'e1' }, { newOwner: 'o2' })
    expect(await commit({ from: 1, to: 2 })).toEqual({ ok: false, why: 'fenced' })
    expect(await commit({ owner: 'o2', from: 1, to: 2 })).toMatchObject({ ok: true })
  })

  test('a record that was made anew is not the one that a process knew', async () => {
    await attach(under, { attach: 2, epoch: 'lost' }, { newOwner: 'o2', newEpoch: 'e2' })
    expect(await commit({ to: 1 })).toEqual({ ok: false, why: 'gone' })
    expect(await commit({ owner: 'o2', epoch: 'e2', to: 1 })).toMatchObject({ ok: true })
  })
}

function sessions(under: Under): void {
  const attachSession = (request: Partial<SessionRequest>) =>
    under().ask((store) =>
      store.attachSession({
        offer: null,
        user: 'u',
        device: {},
        owner: 'o1',
        newId: 's1',
        newKey: 'k1',
        ...request,
      }),
    )
  const resume = (attachNumber: number, more: Partial<SessionRequest> = {}, key = 'k1') =>
    attachSession({
      offer: { id: 's1', key, attach: attachNumber },
      newId: `n${attachNumber}`,
      newKey: 'kn',
      ...more,
    })

  test('without an offer a session is made', async () => {
    expect(await attachSession({})).toMatchObject({
      resumed: false,
      why: null,
      record: { id: 's1', key: 'k1', user: 'u', owner: 'o1' },
    })
  })

  test('a session resumes with id, key and user; the new connection owns it', async () => {
    await attachSession({})
    expect(await resume(2, { owner: 'o2' })).toMatchObject({
      resumed: true,
      why: null,
      record: { id: 's1', key: 'k1', owner: 'o2', attach: 2 },
    })
  })

  test('unknown, wrong key, another user, not newer: a new session is made, and it says why', async () => {
    expect(await resume(1)).toMatchObject({ resumed: false, why: 'unknown', record: { id: 'n1' } })
    await attachSession({})
    expect(await resume(2, {}, 'guess')).toMatchObject({ resumed: false, why: 'key', record: { id: 'n2' } })
    expect(await resume(3, { user: 'other' })).toMatchObject({
      resumed: false,
      why: 'user',
      record: { user: 'other' },
    })
    await resume(4)
    expect(await resume(4)).toMatchObject({ resumed: false, why: 'stale' })
  })

  test('a detached session resumes in time, and is unknown after it', async () => {
    await attachSession({})
    await under().ask((store) => store.detachSession('s1', 'o1', false))
    await under().advance(CONTRACT_BOUNDS.sessionMs - 500)
    expect(await resume(2, { owner: 'o2' })).toMatchObject({ resumed: true })
    await under().ask((store) => store.detachSession('s1', 'o2', false))
    await under().advance(CONTRACT_BOUNDS.sessionMs + 500)
    expect(await resume(3)).toMatchObject({ resumed: false, why: 'unknown' })
  })

  test('a detach that is told again keeps a session from then, and brings none back that has expired', async () => {
    const detach = (owner: string) => under().ask((store) => store.detachSession('s1', owner, false))
    await attachSession({})
    await detach('o1')
    await under().advance(CONTRACT_BOUNDS.sessionMs - 300)
    await detach('o1')
    await under().advance(CONTRACT_BOUNDS.sessionMs - 300)
    expect(await resume(2, { owner: 'o2' })).toMatchObject({ resumed: true })
    await detach('o2')
    await under().advance(CONTRACT_BOUNDS.sessionMs + 500)
    await detach('o2')
    expect(await resume(3)).toMatchObject({ resumed: false, why: 'unknown' })
  })

  test('a detach by a former owner does nothing; an ended session is unknown', async () => {
    await attachSession({})
    await resume(2, { owner: 'o2' })
    await under().ask((store) => store.detachSession('s1', 'o1', true))
    expect(await resume(3, { owner: 'o3' })).toMatchObject({ resumed: true })
    await under().ask((store) => store.detachSession('s1', 'o3', true))
    expect(await resume(4)).toMatchObject({ resumed: false, why: 'unknown' })
  })

  test('the logs of a session that ended begin anew', async () => {
    await attachSession({})
    const before = await under().ask((store) => store.append(appendOf('x', 'session/s1')))
    await under().ask((store) => store.detachSession('s1', 'o1', true))
    const after = await under().ask((store) => store.logState('session/s1'))
    expect(after).toMatchObject({ head: 0 })
    expect(after.epoch).not.toBe(before.epoch)
  })
}

function attach(
  under: Under,
  offer: Partial<AttachRequest['offer']>,
  request: Partial<Omit<AttachRequest, 'offer'>> = {},
): Promise<AttachResult> {
  return under().ask((store) =>
    store.attachProducer({
      offer: { id: 'p', key: 'k', kind: 'messages', attach: 1, floor: 0, written: 0, ...offer },
      user: 'u',
      heldOwner: null,
      newOwner: 'new owner',
      newEpoch: 'new epoch',
      ...request,
    }),
  )
}

function commitOf(more: Partial<Commit>): Commit {
  const nothing = { from: 0, to: 0, refused: [], begin: [], end: [], appends: [] }
  return { producer: 'p', owner: 'o1', epoch: 'e1', ...nothing, ...more }
}

function appendOf(data: unknown, log = 'room/r'): Append {
  return { log, type: 'note', data, meta: { id: `id of ${String(data)}`, from: null, at: 0 }, audience: null }
}

const dataOf = (entries: readonly LogEntry[]): unknown[] => entries.map(({ data }) => data)
