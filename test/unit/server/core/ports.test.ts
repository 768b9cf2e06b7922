import { expect, test } from 'vitest'
import { CloseCode } from '../../../../src/protocol/close-codes.js'
import { FrameType } from '../../../../src/protocol/frames.js'
import { json } from '../../../../src/serializers/json.js'
import type { LogEntry } from '../../../../src/server/core/store.js'
import { type Frame, helloOf, offer, requests, send } from '../harness.js'
import { BareCore } from './bare-core.js'

const { HELLO, FAIL, JOIN, ENTRY, VOLATILE, PING, REQUEST, WELCOME } = FrameType

function live(...parameters: ConstructorParameters<typeof BareCore>): BareCore {
  const server = new BareCore(...parameters)
  server.open(1)
  server.says(1, [HELLO, helloOf({ producers: [offer('a'), requests('q')] })])
  return server
}

const entry = (offset: number, data: unknown = offset): LogEntry => ({
  offset,
  type: 'note',
  data,
  meta: { id: `m${offset}`, from: null, at: 0 },
  audience: null,
})

test('credentials that nobody could check end the connection as our fault, not as refused', () => {
  const server = new BareCore()
  server.answer = (question) =>
    question.about === 'user'
      ? { ok: false, error: new Error('no directory') }
      : { ok: true, value: server.usual(question) }
  server.open(1)
  server.says(1, [HELLO, helloOf()])
  expect(server.sent(1).map(([type, code]) => [type, code])).toEqual([[FAIL, 'auth_unavailable']])
  expect(server.closed(1)).toEqual([1011])
})

test('a permission that nobody could check refuses the join as unavailable', () => {
  const server = live()
  server.answer = () => ({ ok: false, error: new Error('no directory') })
  server.says(1, [JOIN, 1, 'r'])
  expect(server.sent(1, FrameType.LEFT)).toEqual([[FrameType.LEFT, 1, 'r', 'unavailable']])
})

test('an answer to nothing that was asked is dropped', () => {
  const server = live()
  const before = server.effects.length
  server.do({ type: 'answer', ref: 12_345, answer: { ok: true, value: null } })
  expect(server.effects.slice(before)).toEqual([])
})

test('an append that is told twice is delivered once; one of a log that nobody reads is not kept', () => {
  const server = live()
  server.says(1, [JOIN, 1, 'r'])
  const feeds = server.core.feedCount
  const { epoch } = server.store.logState('room/r') as { epoch: string }
  for (let time = 0; time < 2; time++) server.do({ type: 'appended', log: 'room/r', epoch, entry: entry(1) })
  server.do({ type: 'appended', log: 'room/other', epoch, entry: entry(1) })
  expect(server.sent(1, ENTRY)).toHaveLength(1)
  expect(server.core.feedCount).toBe(feeds)
})

test('an append that is told late does not take a log back: who joins then starts behind what came after it', () => {
  const server = live()
  server.says(1, [JOIN, 1, 'r'])
  const { epoch } = server.store.logState('room/r') as { epoch: string }
  for (const offset of [1, 2, 1]) {
    server.do({ type: 'appended', log: 'room/r', epoch, entry: entry(offset) })
  }
  server.open(2)
  server.says(2, [HELLO, helloOf()])
  server.says(2, [JOIN, 1, 'r'])
  expect(server.sent(2, FrameType.JOINED)).toMatchObject([{ 3: epoch, 4: 2 }])
})

test('what is told late of an epoch that is over does not bring it back: no second GAP, nothing twice', () => {
  const server = live()
  server.says(1, [JOIN, 1, 'r'])
  const { epoch } = server.store.logState('room/r') as { epoch: string }
  server.do({ type: 'appended', log: 'room/r', epoch, entry: entry(1) })
  server.do({ type: 'appended', log: 'room/r', epoch: 'anew', entry: entry(1) })
  server.do({ type: 'appended', log: 'room/r', epoch, entry: entry(2) })
  server.do({ type: 'appended', log: 'room/r', epoch: 'anew', entry: entry(2) })
  // The store of this test still answers with the old epoch: every page is an answer that was overtaken.
  expect(server.sent(1, FrameType.GAP)).toMatchObject([[FrameType.GAP, 'room/r', 'anew', 2, null, 'epoch']])
  expect(server.sent(1, ENTRY).map(([, , offset]) => offset)).toEqual([1, 1, 2])
  server.open(2)
  server.says(2, [HELLO, helloOf()])
  server.says(2, [JOIN, 1, 'r', null, 0])
  expect(server.sent(2, FrameType.JOINED)).toMatchObject([{ 3: 'anew', 4: 0 }])
  expect(server.sent(2, ENTRY).map(([, , offset]) => offset)).toEqual([1, 2])
})

test('a request that ends without a reply is answered with null', () => {
  const server = live()
  server.says(1, [FrameType.USE, 1], [REQUEST, 1, 'ask', null])
  server.commit()
  const [run] = server.all('run')
  if (run === undefined) throw new Error('the request did not start')
  server.do({ type: 'ran', job: run.job, outcome: { is: 'done', appends: [] } })
  expect(server.all('commit').at(-1)?.commit.appends).toMatchObject([{ data: null, meta: { re: 'q.1' } }])
})

test('a volatile message that a codec cannot say is dropped for its connections, and a word is said in the log', () => {
  const server = live()
  server.says(1, [JOIN, 1, 'r'])
  server.do({ type: 'volatile', room: 'r', messageType: 'odd', data: 1n, except: [] })
  server.do({ type: 'volatile', room: 'r', messageType: 'fine', data: 1, except: [] })
  expect(server.sent(1, VOLATILE)).toEqual([[VOLATILE, 'r', 'fine', 1, null]])
  expect(server.all('log').filter(({ level }) => level === 'warn')).toHaveLength(1)
})

test('the end of a volatile message is heard once', () => {
  const server = live()
  server.says(1, [JOIN, 1, 'r'])
  server.open(2)
  server.says(2, [HELLO, helloOf()])
  server.says(2, [VOLATILE, 'r', 'typing', true])
  const [run] = server.all('run')
  if (run === undefined) throw new Error('no handler was asked for')
  const ran = {
    type: 'ran',
    job: run.job,
    outcome: { is: 'done', appends: [], forwardTo: 'r' },
  } as const
  server.do(ran, ran)
  expect(server.sent(1, VOLATILE)).toHaveLength(1)
})

test('a codec that fails ends the connection whose message it was, with 1007', () => {
  const server = new BareCore()
  const decode = (): unknown => {
    throw new TypeError('bad byte')
  }
  server.open(1, { ...json(), decode })
  server.saysText(1, '[]')
  expect(server.sent(1)).toEqual([[FAIL, 'malformed', 'a message cannot be decoded: bad byte']])
  expect(server.closed(1)).toEqual([CloseCode.INVALID_PAYLOAD])
})

test('a codec that cannot even say why a connection ends does not keep it open, nor end it twice', () => {
  const server = new BareCore()
  const encode = (): string => {
    throw new Error('out of order')
  }
  server.open(1, { ...json(), encode })
  server.saysText(1, 'nonsense')
  expect(server.closed(1)).toEqual([1011])
  expect(server.core.connectionCount).toBe(0)
})

test('a codec that fails at one of several answers ends the connection once, and the rest is not said', () => {
  const server = new BareCore()
  const encode = (frame: unknown): string => {
    if ((frame as Frame)[0] === FrameType.REJECTED) throw new Error('out of order')
    return JSON.stringify(frame)
  }
  server.open(1, { ...json(), encode })
  server.says(1, [HELLO, helloOf({ producers: [offer('a')] })])
  server.says(1, send(1), send(2))
  for (const nth of [0, 1]) {
    const job = server.all('run')[nth]?.job
    if (job === undefined) throw new Error('a handler was not asked for')
    server.do({ type: 'ran', job, outcome: { is: 'refused', code: 'no', message: 'no' } })
  }
  server.commit()
  expect(server.closed(1)).toEqual([1011])
  expect(server.sent(1, FrameType.ACCEPTED)).toEqual([])
})

test('a defect of ours while reading ends that connection, and no other', () => {
  let ids = 0
  let fails = false
  const id = (): string => {
    if (fails) throw new Error('no randomness')
    return `id${++ids}`
  }
  const server = live({}, { id })
  server.open(2)
  server.says(2, [HELLO, helloOf()])
  fails = true
  server.says(1, [VOLATILE, 'r', 'typing', true])
  expect(server.closed(1)).toEqual([1011])
  server.says(2, [PING, 1])
  expect(server.sent(2, FrameType.PONG)).toHaveLength(1)
  expect(server.all('log').some(({ level }) => level === 'error')).toBe(true)
})

test('a socket that tells of its buffer before HELLO is listened to, and gets its WELCOME', () => {
  const server = new BareCore()
  server.open(1)
  server.do({ type: 'buffered', connection: 1, bytes: 0 })
  expect(server.sent(1)).toEqual([])
  server.says(1, [HELLO, helloOf()])
  expect(server.sent(1, WELCOME)).toHaveLength(1)
})

test('input of a connection that is gone is dropped', () => {
  const server = live()
  server.do({ type: 'closed', connection: 1, code: 1006, reason: '' })
  const before = server.all('send').length
  server.says(1, [PING, 1])
  server.do({ type: 'closed', connection: 1, code: 1006, reason: '' })
  expect(server.all('send')).toHaveLength(before)
  expect(server.closed(1)).toEqual([])
})

test('a shutdown that nothing announced says that it is one', () => {
  const server = live()
  server.do({ type: 'shutdown' })
  expect(server.all('close')).toMatchObject([{ code: CloseCode.AWAY, reason: 'shutdown' }])
})

test('a kick of a session that is not here changes nothing', () => {
  const server = live()
  server.do({ type: 'kick', session: 'nobody', reason: 'bad manners' })
  expect(server.all('close')).toEqual([])
})
