import { expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../../../src/server/core/limits.js'
import type { MaybePromise, Store } from '../../../src/server/core/store.js'
import { memoryStore } from '../../../src/server/memory-store.js'
import { manualClock } from '../../../src/testing/manual-clock.js'
import { CONTRACT_BOUNDS, storeContract, type StoreUnderTest } from '../../contract/store-contract.js'
import { unreliable } from './harness.js'

function inMemory(): StoreUnderTest {
  const clock = manualClock()
  const store = memoryStore({ ...CONTRACT_BOUNDS, clock })
  return {
    store,
    ask: async (call) => call(store),
    advance: async (ms) => clock.advance(ms),
    settle: async () => {},
    close: async () => store.close(),
  }
}

/** Every third call fails, every answer is late, and listeners hear later still. */
function asynchronousSlowAndFailing(): StoreUnderTest {
  const clock = manualClock()
  const inner = memoryStore({ ...CONTRACT_BOUNDS, clock })
  const store = late(inner, clock)
  const settle = async (): Promise<void> => clock.advanceAsync(100)
  return {
    store,
    ask: async (call) => {
      for (let attempt = 0; attempt < 5; attempt++) {
        const answer = Promise.resolve(call(store)).then(
          (value) => ({ value }),
          () => null,
        )
        await clock.advanceAsync(20)
        const result = await answer
        if (result !== null) return result.value
      }
      throw new Error('the store failed too often')
    },
    advance: (ms) => clock.advanceAsync(ms),
    settle,
    close: async () => store.close(),
  }
}

function late(inner: Store, clock: ReturnType<typeof manualClock>): Store {
  let calls = 0
  const answer = <T>(call: () => MaybePromise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const fails = ++calls % 3 === 0
      clock.setTimer(() => {
        if (fails) reject(new Error('the store is not there'))
        else Promise.resolve(call()).then(resolve, reject)
      }, 10)
    })
  return {
    name: 'late',
    attachProducer: (request) => answer(() => inner.attachProducer(request)),
    commit: (commit) => answer(() => inner.commit(commit)),
    append: (append) => answer(() => inner.append(append)),
    logState: (log) => answer(() => inner.logState(log)),
    read: (log, after, limit) => answer(() => inner.read(log, after, limit)),
    attachSession: (request) => answer(() => inner.attachSession(request)),
    detachSession: (id, owner, ended) => answer(() => inner.detachSession(id, owner, ended)),
    detachProducer: (id, owner) => answer(() => inner.detachProducer(id, owner)),
    listen: (listener) => inner.listen((...heard) => clock.setTimer(() => listener(...heard), 5)),
    close: () => inner.close(),
  }
}

storeContract('memory', inMemory)
storeContract('asynchronous, slow and failing', asynchronousSlowAndFailing)

const append = (data: unknown, log = 'room/r') => ({
  log,
  type: 'note',
  data,
  meta: { id: 'x', from: null, at: 0 },
  audience: null,
})

test('every answer of the memory store is there at once', () => {
  const store = memoryStore()
  expect(store.append(append(1))).not.toBeInstanceOf(Promise)
  expect(store.logState('room/r')).toMatchObject({ head: 1 })
})

test('history is bounded by bytes too', () => {
  const store = memoryStore({ historyBytes: 10_000 })
  for (let n = 0; n < 50; n++) store.append(append('x'.repeat(1_000)))
  const state = store.logState('room/r')
  expect(state).toMatchObject({ head: 50 })
  expect((state as { first: number }).first).toBeGreaterThan(40)
})

test('an entry larger than the whole history is not kept', () => {
  const store = memoryStore({ historyBytes: 1_000 })
  store.append(append('x'.repeat(5_000)))
  expect(store.logState('room/r')).toMatchObject({ first: 2, head: 1 })
})

test('beyond maxLogs the log untouched for longest goes, an empty one before others', () => {
  const clock = manualClock()
  const store = memoryStore({ maxLogs: 3, clock })
  const oldest = store.append(append(1, 'room/a')) as { epoch: string }
  clock.advance(10)
  const empty = store.logState('room/b') as { epoch: string }
  clock.advance(10)
  store.append(append(1, 'room/c'))
  store.append(append(1, 'room/d'))
  expect(store.logState('room/a')).toMatchObject({ epoch: oldest.epoch, head: 1 })
  expect((store.logState('room/b') as { epoch: string }).epoch).not.toBe(empty.epoch)
})

test('beyond maxProducerRecords the one that was detached first goes', () => {
  const store = memoryStore({ maxProducerRecords: 2 })
  const attach = (id: string, attachNumber: number) =>
    store.attachProducer({
      offer: { id, key: 'k', kind: 'messages', attach: attachNumber, floor: 0, written: 0 },
      user: 'u',
      heldOwner: `owner of ${id}`,
      newOwner: `owner of ${id}`,
      newEpoch: 'e',
    })
  attach('a', 1)
  attach('b', 1)
  store.detachProducer('b', 'owner of b')
  attach('c', 1)
  expect(attach('a', 2)).toMatchObject({ how: 'kept' })
  expect(attach('b', 2)).toMatchObject({ how: 'created' })
})

test('the limits of one connection, handed over whole, do not bound the records of all', () => {
  const store = memoryStore({ ...DEFAULT_LIMITS })
  const attach = (n: number, attachNumber: number) =>
    store.attachProducer({
      offer: { id: `p${n}`, key: 'k', kind: 'messages', attach: attachNumber, floor: 0, written: 0 },
      user: 'u',
      heldOwner: `owner of ${n}`,
      newOwner: `owner of ${n}`,
      newEpoch: 'e',
    })
  for (let n = 0; n < 1_000; n++) attach(n, 1)
  expect(attach(0, 2)).toMatchObject({ how: 'kept' })
})

test('what expired is swept although nobody touches it', () => {
  const clock = manualClock()
  const store = memoryStore({ sessionMs: 1_000, clock })
  store.attachSession({ offer: null, user: 'u', device: {}, owner: 'o', newId: 's', newKey: 'k' })
  const { epoch } = store.append(append(1, 'session/s')) as { epoch: string }
  store.detachSession('s', 'o', false)
  clock.advance(60_000)
  store.append(append(1))
  expect((store.logState('session/s') as { epoch: string }).epoch).not.toBe(epoch)
})

test('the unreliable store of these tests does as it is told', async () => {
  const store = unreliable(memoryStore())
  store.fates.append = ['fails', 'lost']
  await expect(store.append(append(1))).rejects.toThrow('append failed')
  await expect(store.append(append(1))).rejects.toThrow('lost')
  expect(store.logState('room/r')).toMatchObject({ head: 1 })
})
