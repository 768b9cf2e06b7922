/**
 * Answers of the store that were overtaken: what they say was true when it was done, and is not any more.
 *
 * Found by the exhaustive model (test/model), which asks for every order.
 */
import { expect, test } from 'vitest'
import { CloseCode } from '../../../../src/protocol/close-codes.js'
import { FrameType, type Welcome } from '../../../../src/protocol/frames.js'
import type { AttachRequest, AttachResult, Store } from '../../../../src/server/core/store.js'
import { memoryStore } from '../../../../src/server/memory-store.js'
import { type ManualClock, manualClock } from '../../../../src/testing/manual-clock.js'
import { helloOf, offer, send, settle, type World, world } from '../harness.js'

const { ACCEPTED, HELLO, WELCOME } = FrameType

/** A store that does what it is asked at once; while `late`, the answers to attaches wait. */
class LateAnswers {
  readonly clock: ManualClock = manualClock()
  late = false
  inner: Store = memoryStore({ clock: this.clock })
  readonly answers: (() => void)[] = []
  /** The answer says that it failed, though it was done. */
  readonly failures: (() => void)[] = []
  detached = 0
  readonly server: World

  constructor() {
    const store: Store = {
      name: 'late answers',
      attachProducer: (request) => this.#attach(request),
      commit: (commit) => this.inner.commit(commit),
      append: (append) => this.inner.append(append),
      logState: (log) => this.inner.logState(log),
      read: (log, after, limit) => this.inner.read(log, after, limit),
      attachSession: (request) => this.inner.attachSession(request),
      detachSession: (id, owner, ended) => this.inner.detachSession(id, owner, ended),
      detachProducer: (id, owner) => {
        this.detached++
        return this.inner.detachProducer(id, owner)
      },
      listen: (listener) => this.inner.listen(listener),
      close: () => this.inner.close(),
    }
    this.server = world({ clock: this.clock, store })
  }

  /** Another process attaches. */
  elsewhere(more: Partial<AttachRequest['offer']>): void {
    const request = { user: 'anonymous', heldOwner: null, newOwner: 'other', newEpoch: 'anew' }
    void this.inner.attachProducer({ ...request, offer: offer('a', more) })
  }

  #attach(request: AttachRequest): AttachResult | Promise<AttachResult> {
    const answer = this.inner.attachProducer(request) as AttachResult
    if (!this.late) return answer
    return new Promise((resolve, reject) => {
      this.answers.push(() => resolve(answer))
      this.failures.push(() => reject(new Error('the store failed')))
    })
  }
}

/** A handler that runs until it is told. */
function handling(server: World): { runs: number; end(): void } {
  const handler = { runs: 0, end: (): void => {} }
  server.engine.on('note', () => {
    handler.runs++
    return new Promise<void>((resolve) => {
      handler.end = resolve
    })
  })
  return handler
}

test('an attach that is answered after its connection is not given back while a newer one attaches', async () => {
  const store = new LateAnswers()
  const { server, clock } = store
  const first = server.connect()
  first.hello({ producers: [offer('a')] })
  first.breaks()
  expect(store.detached).toBe(1)
  store.late = true
  const second = server.connect()
  second.says([HELLO, helloOf({ producers: [offer('a', { attach: 2 })] })])
  second.breaks()
  const third = server.connect()
  third.says([HELLO, helloOf({ producers: [offer('a', { attach: 3 })] })])
  store.answers[0]?.()
  await settle(clock)
  store.answers[1]?.()
  await settle(clock)

  expect(third.take(WELCOME)).toHaveLength(1)
  expect(store.detached).toBe(1)
})

test('a connection that ends while a newer one attaches is told of when that is refused', async () => {
  const store = new LateAnswers()
  const { server, clock } = store
  const older = server.connect()
  older.hello({ producers: [offer('a', { attach: 5 })] })
  store.late = true
  const newer = server.connect()
  newer.says([HELLO, helloOf({ producers: [offer('a', { attach: 4 })] })])
  older.breaks()
  expect(store.detached).toBe(0)
  store.answers[0]?.()
  await settle(clock)

  expect(newer.take(WELCOME)).toMatchObject([[WELCOME, { producers: [null] }]])
  expect(store.detached).toBe(1)
})

test('a connection that ends while a newer one attaches is told of when that fails', async () => {
  const store = new LateAnswers()
  const { server, clock } = store
  const older = server.connect()
  older.hello({ producers: [offer('a')] })
  store.late = true
  const newer = server.connect()
  newer.says([HELLO, helloOf({ producers: [offer('a', { attach: 2 })] })])
  older.breaks()
  expect(store.detached).toBe(0)
  store.failures[0]?.()
  await settle(clock)

  expect([newer.ended?.code, store.detached]).toEqual([1013, 1])
})

test('the answer to an older attach, coming after that to a newer one, takes nothing from the newer connection', async () => {
  const store = new LateAnswers()
  const { server, clock } = store
  server.engine.on('note', () => {})
  const older = server.connect()
  store.late = true
  older.says([HELLO, helloOf({ producers: [offer('a')] })])
  older.breaks()
  store.late = false
  const newer = server.connect()
  newer.hello({ producers: [offer('a', { attach: 2 })] })
  store.answers[0]?.()
  await settle(clock)

  newer.says(send(1))
  await settle(clock)
  expect(newer.ended).toBeNull()
  expect(newer.take(ACCEPTED)).toEqual([[ACCEPTED, 0, 1]])
})

test('what is committed while an attach is under way is known to it', async () => {
  const store = new LateAnswers()
  const { server, clock } = store
  const handler = handling(server)
  const first = server.connect()
  first.hello({ producers: [offer('a')] })
  first.says(send(1))
  first.breaks()
  store.late = true
  const second = server.connect()
  second.says([HELLO, helloOf({ producers: [offer('a', { attach: 2, written: 1 })] })])
  handler.end()
  await settle(clock)
  store.answers[0]?.()
  await settle(clock)

  const welcome = second.take(WELCOME)[0]?.[1] as Welcome
  expect(welcome.producers[0]).toMatchObject({ last: 1, held: 1 })
  second.says(send(1))
  expect(handler.runs).toBe(1)
  second.breaks()
  await settle(clock)
  expect(server.engine.stats().producers).toBe(0)
})

test('what was lost while an attach was under way is not attached: the client comes back', async () => {
  const store = new LateAnswers()
  const { server, clock } = store
  const handler = handling(server)
  const first = server.connect()
  first.hello({ producers: [offer('a')] })
  first.says(send(1))
  store.late = true
  const second = server.connect()
  second.says([HELLO, helloOf({ producers: [offer('a', { attach: 2, written: 1 })] })])
  store.elsewhere({ attach: 3, epoch: 'of another time' })
  handler.end()
  await settle(clock)
  store.answers[0]?.()
  await settle(clock)

  expect(second.ended?.code).toBe(1013)
  expect(server.engine.stats().producers).toBe(0)
})

test('a late HELLO at another process, after the store forgot, does not send the newest connection away for good', async () => {
  const store = new LateAnswers()
  const { server, clock } = store
  server.engine.on('note', () => {})
  const peer = server.connect()
  peer.hello({ producers: [offer('a', { attach: 2 })] })
  store.inner = memoryStore({ clock })
  store.elsewhere({ attach: 1 })
  peer.says(send(1))
  await settle(clock)

  expect(peer.ended?.code).toBe(CloseCode.STATE_LOST)
})

test('a record that is found gone while its next connection awaits WELCOME ends that connection with 4202', async () => {
  const store = new LateAnswers()
  const { server, clock } = store
  const handler = handling(server)
  const first = server.connect()
  first.hello({ producers: [offer('a')] })
  first.says(send(1))
  first.breaks()
  store.late = true
  const second = server.connect()
  second.says([HELLO, helloOf({ producers: [offer('a', { attach: 2, written: 1 }), offer('b')] })])
  await settle(clock)
  store.answers[0]?.()
  await settle(clock)
  store.inner = memoryStore({ clock })
  handler.end()
  await settle(clock)

  expect(second.take(WELCOME)).toEqual([])
  expect(second.ended?.code).toBe(CloseCode.STATE_LOST)
  store.answers[1]?.()
  await settle(clock)
  expect(server.engine.stats().producers).toBe(0)
})
