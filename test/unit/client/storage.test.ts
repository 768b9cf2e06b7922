import { describe, expect, it, vi } from 'vitest'
import { FrameType } from '../../../src/protocol/frames.js'
import { outboxStorage } from '../../../src/client/outbox-storage.js'
import type { OutboxStorage } from '../../../src/client/types.js'
import type { OutboxHandle } from '../../../src/runtime/ports.js'
import { memoryStorage } from '../../../src/storage/memory.js'
import { accepted } from '../../support/fake-server-frames.js'
import { ClientHarness } from '../../support/client-harness.js'

/** A storage whose parts can be exchanged. */
function storageOf(handle: Partial<OutboxHandle>, open?: () => Promise<OutboxHandle>): OutboxStorage {
  const whole: OutboxHandle = {
    leftovers: [],
    apply: async () => undefined,
    release: () => undefined,
    close: async () => undefined,
    ...handle,
  }
  return outboxStorage({ name: 'test', open: open ?? (async () => whole) })
}

const never = <T>(): Promise<T> => new Promise(() => undefined)

describe('with storage, a client', () => {
  it('stores a message, says so, and writes it', async () => {
    const harness = new ClientHarness({ queue: { storage: memoryStorage() } })
    const receipt = harness.client.send('say', 1)
    expect(await receipt.stored).toBe('stored')
    const end = await harness.connect()

    expect(end.all(FrameType.SEND)).toHaveLength(1)
  })

  it('leaves what is unsettled to the next page, which sends it first', async () => {
    const storage = memoryStorage()
    const first = new ClientHarness({ queue: { storage } })
    const receipt = first.client.send('say', 'from the first page')
    void first.client.close()
    await first.pass()
    expect(await receipt.settled).toMatchObject({ outcome: 'unknown', code: 'stored' })

    const second = new ClientHarness({ queue: { storage } })
    second.client.send('say', 'from the second page')
    const end = await second.connect()
    // The epoch that WELCOME named is stored before anything is written in it.
    await second.pass()
    const [leftover] = end.attachAll()
    await second.pass()
    expect(end.all(FrameType.SEND).map((frame) => frame[4])).toEqual(['from the first page'])
    end.send(accepted(leftover ?? 0, 1))
    await second.pass()

    expect(end.all(FrameType.SEND).map((frame) => frame[4])).toEqual([
      'from the first page',
      'from the second page',
    ])
  })

  it('leaves nothing once everything is settled', async () => {
    const storage = memoryStorage()
    const first = new ClientHarness({ queue: { storage } })
    first.client.send('say', 1)
    const end = await first.connect()
    end.send(accepted(0, 1))
    await first.pass()
    void first.client.close()
    await first.pass()

    expect((await storage.open()).leftovers.flatMap(({ messages }) => messages)).toEqual([])
  })
})

describe('storage that', () => {
  it.each([
    ['rejects when it is opened', storageOf({}, () => Promise.reject(new Error('blocked')))],
    [
      'throws when it is opened',
      storageOf({}, () => {
        throw new Error('absent')
      }),
    ],
    ['rejects a write', storageOf({ apply: () => Promise.reject(new Error('disk full')) })],
  ])('%s is warned of once, and memory does', async (_how, storage) => {
    const harness = new ClientHarness({ queue: { storage } })
    const receipt = harness.client.send('say', 1)
    const stored = receipt.stored
    const end = await harness.connect()
    harness.client.send('say', 2)
    await harness.pass()

    expect(end.all(FrameType.SEND)).toHaveLength(2)
    expect(await stored).toBe('memory-only')
    expect(harness.told('warning')).toMatchObject([{ code: 'storage_degraded' }])
  })

  it.each([
    ['is never opened', storageOf({}, never)],
    ['never ends a write', storageOf({ apply: never })],
  ])('%s is given up after ten seconds', async (_how, storage) => {
    const harness = new ClientHarness({ queue: { storage } })
    harness.client.send('say', 1)
    void harness.client.connect()
    await harness.pass(9_999)
    expect(harness.told('warning')).toEqual([])
    await harness.pass(11_000)

    expect(harness.told('warning')).toMatchObject([{ code: 'storage_degraded' }])
    expect(harness.client.snapshot.status).toBe('connected')
    expect(harness.end.all(FrameType.SEND)).toHaveLength(1)
  })

  it.each([
    ['is never opened', storageOf({}, never)],
    ['never closes', storageOf({ close: never })],
    ['fails to close', storageOf({ close: () => Promise.reject(new Error('no')) })],
  ])('%s does not keep close() from settling', async (_how, storage) => {
    const harness = new ClientHarness({ queue: { storage } })
    const closed = vi.fn<() => void>()
    void harness.client.close().then(closed)
    await harness.pass(30_000)

    expect(closed).toHaveBeenCalledOnce()
    expect(harness.network.clock.pendingTimers).toBe(0)
  })

  it('opens after it was given up is closed again', async () => {
    let open = (_handle: OutboxHandle): void => undefined
    const close = vi.fn<() => Promise<void>>(async () => undefined)
    const harness = new ClientHarness({
      queue: { storage: storageOf({}, () => new Promise((resolve) => (open = resolve))) },
    })
    await harness.pass(10_000)
    open({ leftovers: [], apply: async () => undefined, release: () => undefined, close })
    await harness.pass()

    expect(close).toHaveBeenCalledOnce()
  })
})
