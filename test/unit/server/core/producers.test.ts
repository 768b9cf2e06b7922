import { expect, test } from 'vitest'
import { FrameType } from '../../../../src/protocol/frames.js'
import type { Question, ServerEffect } from '../../../../src/server/core/effects.js'
import { Kernel } from '../../../../src/server/core/kernel.js'
import { DEFAULT_HEARTBEAT, DEFAULT_LIMITS } from '../../../../src/server/core/limits.js'
import type { Connection, Producer } from '../../../../src/server/core/model.js'
import { Producers } from '../../../../src/server/core/producers.js'
import type { AttachResult, ProducerRecord, Store } from '../../../../src/server/core/store.js'
import { memoryStore } from '../../../../src/server/memory-store.js'
import { manualClock } from '../../../../src/testing/manual-clock.js'
import { seededRandom } from '../../../../src/testing/seeded-random.js'
import { type Frame, helloOf, offer, send, settle, unreliable, world } from '../harness.js'

const { ATTACH, ATTACHED, AUTH, AUTHED, HELLO, WELCOME } = FrameType

/** The producers of a process by themselves; every attach succeeds at once. */
function bare(maxOwners: number) {
  const questions: Question[] = []
  let ids = 0
  const kernel: Kernel = new Kernel({
    limits: DEFAULT_LIMITS,
    heartbeat: DEFAULT_HEARTBEAT,
    chance: { next: () => 0.5, id: () => `id${++ids}` },
    wall: () => 0,
    emit: (effect: ServerEffect) => {
      if (effect.type === 'ask') questions.push(effect.question)
    },
  })
  const nothing = (): void => {}
  const producers = new Producers(
    kernel,
    { superseded: nothing, leftovers: nothing, unblocked: nothing },
    maxOwners,
  )
  let refs = 0
  const attach = (id: string): { held: string | null; producer: Producer | null } => {
    const connection = {} as Connection
    const answer: { producer: Producer | null } = { producer: null }
    producers.attach(connection, offer(id), 'u', (producer) => (answer.producer = producer), nothing)
    const question = questions.pop()
    if (question?.about !== 'store' || question.call.method !== 'attachProducer') throw new Error('no attach')
    const { heldOwner, newOwner } = question.call.request
    const owner = heldOwner ?? newOwner
    const numbers = { attach: 1, last: 0, refused: [], begun: [], redeliveredUpTo: 0 }
    const record: ProducerRecord = {
      id,
      key: 'k',
      kind: 'messages',
      user: 'u',
      epoch: 'e',
      owner,
      ...numbers,
    }
    const value: AttachResult = { ok: true, record, how: heldOwner === null ? 'created' : 'kept' }
    kernel.answer(++refs, { ok: true, value })
    const { producer } = answer
    return { held: heldOwner, producer }
  }
  const detach = (producer: Producer | null): void => {
    if (producer?.connection == null) throw new Error('not attached')
    producers.detach(producer.connection, producer)
    questions.length = 0
    refs++
  }
  return { producers, attach, detach }
}

test('of more owners than the limit the one that is idle for longest is forgotten, and none that is in use', () => {
  const { producers, attach, detach } = bare(4)
  attach('in use')
  detach(attach('idle').producer)
  for (let n = 0; n < 2; n++) detach(attach(`p${n}`).producer)
  expect(producers.size).toBe(1)
  detach(attach('one more').producer)
  expect(attach('in use').held).not.toBeNull()
  expect(attach('p0').held).not.toBeNull()
  expect(attach('idle').held).toBeNull()
})

test('a message whose client went to another process and came back is stopped, and runs again as redelivered', async () => {
  const clock = manualClock()
  const store = memoryStore({ clock })
  const runs: { redelivered: boolean; signal: AbortSignal }[] = []
  const here = world({ clock, store })
  here.engine.on('slow', (_, { redelivered, signal }) => {
    runs.push({ redelivered, signal })
    return new Promise<void>(() => {})
  })
  const first = here.connect()
  first.hello({ producers: [offer('a')] })
  first.says(send(1, 'slow'))
  first.breaks()
  const there = world({ clock, store, random: seededRandom(2) })
  there.connect().hello({ producers: [offer('a', { attach: 2, written: 1 })] })
  const back = here.connect()
  const welcome = back.hello({ producers: [offer('a', { attach: 3, written: 1 })] })
  expect(welcome.producers[0]).toMatchObject({ last: 0, held: 0 })
  back.says(send(1, 'slow'))
  await settle(clock)
  expect(runs.map(({ redelivered, signal }) => [redelivered, signal.aborted])).toEqual([
    [false, true],
    [true, false],
  ])
})

test('producers beyond the limit of one connection end it, also one by one', () => {
  const server = world({ limits: { maxProducers: 2 } })
  const peer = server.connect()
  peer.hello({ producers: [offer('a')] })
  peer.says([ATTACH, 1, offer('b')])
  expect(peer.take(ATTACHED)).toMatchObject([[ATTACHED, 1, { last: 0 }]])
  peer.says([ATTACH, 2, offer('c')])
  expect(peer.failure).toBe('too_many_producers')
})

test('an ATTACH that the store does not answer ends the connection', async () => {
  const clock = manualClock()
  const store = unreliable(memoryStore({ clock }))
  const server = world({ clock, store })
  const peer = server.connect()
  peer.hello()
  store.fates.attachProducer = ['fails']
  peer.says([ATTACH, 0, offer('a')])
  await settle(clock)
  expect(peer.failure).toBe('store_unavailable')
})

/** The last connection's attaches wait for `answer`. */
function slowAttach() {
  const clock = manualClock()
  const inner = unreliable(memoryStore({ clock }))
  const answers: (() => void)[] = []
  const attachProducer: Store['attachProducer'] = (request) => {
    const result = inner.attachProducer(request)
    return new Promise((resolve) => answers.push(() => resolve(result)))
  }
  const server = world({ clock, store: { ...inner, attachProducer } })
  const answer = async (): Promise<void> => {
    for (const go of answers.splice(0)) go()
    await settle(clock)
  }
  return { server, inner, answer }
}

test.each(['HELLO', 'ATTACH'])(
  'a producer that was attached for a %s whose connection is gone is given back, and a refused one is not',
  async (by) => {
    const { server, inner, answer } = slowAttach()
    const first = server.connect()
    first.says([HELLO, helloOf({ producers: [offer('taken')] })])
    await answer()
    first.breaks()
    const before = inner.calls.filter((call) => call === 'detachProducer').length
    const offers = [offer('a'), offer('taken', { attach: 2, key: 'wrong' })]
    const peer = server.connect()
    if (by === 'HELLO') peer.says([HELLO, helloOf({ producers: offers })])
    else peer.says([HELLO, helloOf()])
    if (by === 'ATTACH') peer.says(...offers.map((one, index): Frame => [ATTACH, index, one]))
    peer.breaks()
    await answer()
    await server.clock.advanceAsync(60_000)
    expect(server.engine.stats()).toMatchObject({ connections: 0, producers: 0, feeds: 0 })
    expect(inner.calls.filter((call) => call === 'detachProducer').length - before).toBe(1)
  },
)

test('two producers that the store does not answer for end the connection once', async () => {
  const clock = manualClock()
  const store = unreliable(memoryStore({ clock }))
  const server = world({ clock, store })
  store.fates.attachProducer = ['fails', 'fails']
  const peer = server.connect()
  peer.says([HELLO, helloOf({ producers: [offer('a'), offer('b')] })])
  await settle(clock)
  expect(peer.take(FrameType.FAIL)).toHaveLength(1)
  expect(peer.ended?.code).toBe(1013)
})

test('a session that the store does not answer for ends the connection', async () => {
  const clock = manualClock()
  const store = unreliable(memoryStore({ clock }))
  const server = world({ clock, store })
  store.fates.attachSession = ['fails']
  const peer = server.connect()
  peer.says([HELLO, helloOf()])
  await settle(clock)
  expect(peer.failure).toBe('store_unavailable')
})

test('an anonymous client that says again that it is nobody stays who it was', () => {
  const server = world()
  const peer = server.connect()
  const { user } = peer.hello()
  peer.says([AUTH, null])
  expect(peer.take(AUTHED)).toEqual([[AUTHED, user]])
})

test('new credentials that cannot be checked end the connection as our fault', () => {
  const server = world({
    authenticate: ({ auth }) => {
      if (auth === 'second') throw new Error('no directory')
      return { id: 'ada' }
    },
  })
  const peer = server.connect()
  peer.hello({ auth: 'first' })
  peer.says([AUTH, 'second'])
  expect(peer.failure).toBe('auth_unavailable')
  expect(peer.ended?.code).toBe(1011)
})

test('new credentials that are checked after the connection is gone change nothing', async () => {
  let answer: () => void = () => {}
  const server = world({
    authenticate: ({ auth }) =>
      auth === 'second' ? new Promise((resolve) => (answer = () => resolve({ id: 'bob' }))) : { id: 'ada' },
  })
  const peer = server.connect()
  peer.hello({ auth: 'first' })
  peer.says([AUTH, 'second'])
  peer.breaks()
  peer.take()
  answer()
  await settle(server.clock)
  expect(peer.take(AUTHED, FrameType.FAIL)).toEqual([])
})

test('a session that cannot be attached, because its room may not be checked, is told so and gives back what it held', async () => {
  const server = world({
    authorize: () => {
      throw new Error('no directory')
    },
  })
  const peer = server.connect()
  peer.says([HELLO, helloOf({ producers: [offer('a')], cursors: { 'room/r': ['', 0] } })])
  expect(peer.failure).toBe('authorize_unavailable')
  await server.clock.advanceAsync(60_000)
  expect(server.engine.stats()).toMatchObject({ connections: 0, sessions: 0, producers: 0, feeds: 0 })
})

test('a connection that breaks while a room is authorised gives back its producers', async () => {
  let answer: () => void = () => {}
  const server = world({ authorize: () => new Promise((resolve) => (answer = () => resolve(true))) })
  const peer = server.connect()
  peer.says([HELLO, helloOf({ producers: [offer('a')], cursors: { 'room/r': ['', 0] } })])
  expect(server.engine.stats().producers).toBe(1)
  peer.breaks()
  answer()
  await settle(server.clock)
  expect(peer.take(WELCOME)).toEqual([])
  expect(server.engine.stats()).toMatchObject({ connections: 0, producers: 0, feeds: 0 })
})
