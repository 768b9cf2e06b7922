import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ClientOptions, SendOptions } from '../../../src/client/types.js'
import { FrameType } from '../../../src/protocol/frames.js'
import { memoryStorage } from '../../../src/storage/memory.js'
import { accepted, rejected, reply } from '../../support/fake-server-frames.js'
import { ClientHarness } from '../../support/client-harness.js'

const unhandled = vi.fn<() => void>()

beforeEach(() => {
  unhandled.mockClear()
  process.on('unhandledRejection', unhandled)
})
afterEach(() => {
  process.off('unhandledRejection', unhandled)
  // Vitest itself fails a run with an unhandled rejection; here it is pinned to its test.
  if (unhandled.mock.calls.length > 0) throw new Error('a rejection was not handled')
})

describe('a receipt', () => {
  it('goes from queued to written to accepted, and can be awaited', async () => {
    const harness = new ClientHarness()
    const receipt = harness.client.send('say', 'hello')
    expect(receipt.state).toBe('queued')
    await harness.connect()
    expect(receipt.state).toBe('written')
    harness.end.send(accepted(0, 1))
    await harness.pass()

    expect(receipt.state).toBe('accepted')
    await expect(receipt).resolves.toEqual({ id: receipt.id, outcome: 'accepted' })
    expect(await receipt.settled).toEqual({ id: receipt.id, outcome: 'accepted', code: null, message: null })
  })

  describe('of a turn that sends more than a batch', () => {
    const burst = ({ client }: ClientHarness, count: number, options?: SendOptions): string[] => {
      const receipts = Array.from({ length: count }, () => client.send('say', 'x'.repeat(1_000), options))
      return receipts.map(({ state }) => state)
    }
    const connected = async (options?: Partial<ClientOptions>): Promise<ClientHarness> => {
      const harness = new ClientHarness(options)
      harness.client.send('say', 'first')
      await harness.connect()
      return harness
    }

    it('is written before the turn ends once a batch is full, and the rest at its end', async () => {
      const harness = await connected()
      const states = burst(harness, 40)

      expect(states.slice(0, 32)).toEqual(Array.from({ length: 32 }, () => 'written'))
      expect(states.slice(-2)).toEqual(['queued', 'queued'])
      await harness.pass()
      expect(harness.client.snapshot).toMatchObject({ queued: 0, inFlight: 41 })
      expect(harness.end.all(FrameType.SEND).map(([, seq]) => seq)).toEqual(
        Array.from({ length: 41 }, (_, at) => at + 1),
      )
    })

    it('can be cancelled in its turn while what was sent fits one batch', async () => {
      const harness = await connected()
      burst(harness, 14)
      expect(harness.client.send('say', 'x'.repeat(100_000)).cancel()).toBe(true)
    })

    it('waits for the end of the turn if it replaces others, or has to be stored first', async () => {
      const replacing = burst(await connected(), 40, { replaces: 'position' })
      expect(replacing.filter((state) => state === 'written')).toEqual([])
      const storing = burst(await connected({ queue: { storage: memoryStorage() } }), 40)
      expect(new Set(storing)).toEqual(new Set(['queued']))
    })
  })

  it('is not given for a priority that there is none of: it would wait for ever', () => {
    const { client } = new ClientHarness()
    const send = (): unknown => client.send('say', 1, { priority: 'urgent' as never })

    expect(send).toThrow(expect.objectContaining({ field: 'priority', code: 'config_invalid' }))
    expect(client.snapshot.queued).toBe(0)
  })

  it('has the id that the server will know', async () => {
    const harness = new ClientHarness()
    const receipt = harness.client.send('say', 1)
    const end = await harness.connect()

    expect(receipt.id).toBe(`${end.hello.producers[0]?.id}.1`)
  })

  it('of a refused message rejects with the server’s reason; outcome equals state', async () => {
    const harness = new ClientHarness()
    const receipt = harness.client.send('say', 1)
    const end = await harness.connect()
    end.send(rejected(0, 1, 'forbidden', 'not you'), accepted(0, 1))
    await harness.pass()

    await expect(receipt).rejects.toMatchObject({
      name: 'DeliveryError',
      code: 'forbidden',
      message: 'not you',
      outcome: receipt.state,
    })
    expect(await receipt.settled).toMatchObject({ outcome: 'rejected', code: 'forbidden' })
  })

  it('that nobody looks at raises nothing, however it ends', async () => {
    const harness = new ClientHarness({ queue: { maxMessages: 1 } })
    harness.client.send('say', 1)
    harness.client.send('say', 2)
    const end = await harness.connect()
    end.send(rejected(0, 1), accepted(0, 1))
    await harness.pass(10)

    expect(unhandled).not.toHaveBeenCalled()
  })

  it('whose `settled` alone is looked at never rejects', async () => {
    const harness = new ClientHarness()
    const receipt = harness.client.send('say', 1)
    const settled = receipt.settled
    await harness.client.close()

    expect(await settled).toMatchObject({ outcome: 'cancelled', code: 'closed' })
  })

  it('has catch and finally', async () => {
    const harness = new ClientHarness({ queue: { maxMessages: 1 } })
    harness.client.send('say', 1)
    const dropped = harness.client.send('say', 2)
    const always = vi.fn<() => void>()

    expect(await dropped.catch((error: unknown) => (error as { code: string }).code)).toBe('queue_full')
    await dropped.finally(always).catch(() => undefined)
    expect(always).toHaveBeenCalledOnce()
  })

  it('can be awaited at any time, also by many', async () => {
    const harness = new ClientHarness()
    const receipt = harness.client.send('say', 1)
    const early = [receipt.settled, receipt.then((delivered) => delivered.outcome)]
    const end = await harness.connect()
    end.send(accepted(0, 1))
    await harness.pass()

    expect(await Promise.all(early)).toEqual([expect.objectContaining({ outcome: 'accepted' }), 'accepted'])
    expect((await receipt).outcome).toBe('accepted')
  })

  it('is memory-only without storage', async () => {
    const { client } = new ClientHarness()

    expect(await client.send('say', 1).stored).toBe('memory-only')
  })
})

describe('send()', () => {
  it('encodes at once: later changes to the object don’t matter', async () => {
    const harness = new ClientHarness()
    const data = { n: 1 }
    harness.client.send('say', data)
    data.n = 2
    const end = await harness.connect()

    expect(end.all(FrameType.SEND)).toEqual([[FrameType.SEND, 1, null, 'say', { n: 1 }]])
  })

  it('sends null for undefined', async () => {
    const harness = new ClientHarness()
    harness.client.send('say', undefined)
    const end = await harness.connect()

    expect(end.all(FrameType.SEND)[0]?.[4]).toBeNull()
  })

  it.each([
    ['no type', '', 1, /type/],
    ['a type that is no string', 7, 1, /type/],
    ['a type beyond all measure', 'x'.repeat(600), 1, /type/],
    ['data that cannot be encoded', 'say', 1n, /bigint/i],
  ])('throws for a programming error: %s', (_what, name, data, why) => {
    const { client } = new ClientHarness()

    expect(() => client.send(name as string, data)).toThrow(why)
  })

  it('throws for a ttlMs that is no duration; Infinity means none', () => {
    const { client } = new ClientHarness()

    expect(() => client.send('say', 1, { ttlMs: -1 })).toThrow(/ttlMs/)
    expect(() => client.send('say', 1, { ttlMs: Number.NaN })).toThrow(/ttlMs/)
    expect(client.send('say', 1, { ttlMs: Number.POSITIVE_INFINITY }).state).toBe('queued')
  })

  it('drops what finds the queue full, without throwing', async () => {
    const harness = new ClientHarness({ queue: { maxMessages: 2 } })
    harness.client.send('say', 1)
    harness.client.send('say', 2)
    const third = harness.client.send('say', 3)

    expect(third.state).toBe('dropped')
    await expect(third).rejects.toMatchObject({ code: 'queue_full', outcome: 'dropped' })
  })

  it('makes room by dropping the oldest where that is asked for', () => {
    const { client } = new ClientHarness({ queue: { maxMessages: 2, overflow: 'drop-oldest' } })
    const receipts = [1, 2, 3].map((data) => client.send('say', data))

    expect(receipts.map(({ state }) => state)).toEqual(['dropped', 'queued', 'queued'])
  })

  it('expires what was not written in time', async () => {
    const harness = new ClientHarness()
    const receipt = harness.client.send('say', 1, { ttlMs: 100 })
    await harness.pass(99)
    expect(receipt.state).toBe('queued')
    await harness.pass(1)

    expect(receipt.state).toBe('expired')
    await expect(receipt).rejects.toMatchObject({ outcome: 'expired' })
  })

  it('replaces the unwritten of the same key', async () => {
    const harness = new ClientHarness()
    const [first, second] = [1, 2].map((data) => harness.client.send('say', data, { replaces: 'x' }))
    const end = await harness.connect()

    expect(first?.state).toBe('cancelled')
    expect(second?.state).toBe('written')
    expect(end.all(FrameType.SEND)).toHaveLength(1)
    expect(harness.client.send('say', 3, { replaces: 'x' }).state).toBe('queued')
    expect(second?.state).toBe('written')
  })

  it('can be taken back while it is unwritten, and not after', async () => {
    const harness = new ClientHarness()
    const [taken, kept] = [harness.client.send('say', 1), harness.client.send('say', 2)]
    expect(taken.cancel()).toBe(true)
    expect(taken.cancel()).toBe(false)
    expect(taken.state).toBe('cancelled')
    await harness.connect()

    expect(kept.cancel()).toBe(false)
    expect(kept.state).toBe('written')
  })

  it('is cancelled by its signal while it is unwritten', async () => {
    const harness = new ClientHarness()
    const early = new AbortController()
    const late = new AbortController()
    const cancelled = harness.client.send('say', 1, { signal: early.signal })
    const written = harness.client.send('say', 2, { signal: late.signal })
    early.abort()
    await harness.connect()
    late.abort()

    expect(cancelled.state).toBe('cancelled')
    expect(written.state).toBe('written')
    expect(harness.client.send('say', 3, { signal: early.signal }).state).toBe('cancelled')
  })

  it('goes in the lane of its priority', async () => {
    const harness = new ClientHarness()
    harness.client.send('say', 'low', { priority: 'low' })
    harness.client.send('say', 'high', { priority: 'high' })
    const end = await harness.connect()

    expect(end.hello.producers).toHaveLength(2)
    expect(end.all(FrameType.SEND).map((frame) => frame[4])).toEqual(['high', 'low'])
  })

  it('tells of every end by `settled`, also of those that never were queued', async () => {
    const harness = new ClientHarness({ queue: { maxMessages: 1 } })
    const first = harness.client.send('say', 1)
    harness.client.send('say', 2)
    const end = await harness.connect()
    harness.client.send('say', 3, { volatile: true })
    end.send(accepted(0, 1))
    await harness.pass()

    const told = harness.told('settled') as { id: string; state: string }[]
    expect(told.map(({ state }) => state)).toEqual(['dropped', 'written', 'accepted'])
    expect(told[2]?.id).toBe(first.id)
  })

  it('of a volatile message ends at once: written when connected, else dropped', async () => {
    const harness = new ClientHarness()
    const offline = harness.client.send('typing', 1, { volatile: true })
    expect(offline.state).toBe('dropped')
    await expect(offline).rejects.toMatchObject({ code: 'offline' })
    const end = await harness.connect()
    const online = harness.client.send('typing', 2, { volatile: true })
    await harness.pass()

    await expect(online).resolves.toMatchObject({ outcome: 'written' })
    expect(end.all(FrameType.VOLATILE)).toEqual([[FrameType.VOLATILE, null, 'typing', 2]])
  })

  it('to a room names it, and may ask not to be echoed', async () => {
    const harness = new ClientHarness()
    harness.client.room('lobby').send('say', 1)
    harness.client.room('lobby').send('say', 2, { echo: false })
    const end = await harness.connect()

    expect(end.all(FrameType.SEND)).toEqual([
      [FrameType.SEND, 1, 'lobby', 'say', 1],
      [FrameType.SEND, 2, 'lobby', 'say', 2, { echo: false }],
    ])
  })

  it('survives a listener that throws, and says so', async () => {
    const harness = new ClientHarness({ queue: { maxMessages: 1 } })
    harness.client.lifecycle.on('settled', () => {
      throw new Error('the listener broke')
    })
    harness.client.send('say', 1)

    expect(harness.client.send('say', 2).state).toBe('dropped')
    await harness.pass()
    expect(harness.told('error')).toMatchObject([{ code: 'listener_failed' }])
  })
})

describe('request()', () => {
  it('resolves with the bare reply', async () => {
    const harness = new ClientHarness()
    const asking = harness.client.request('ask', 'question')
    const end = await harness.connect()
    end.send(accepted(0, 1), reply(1, `${end.hello.producers[0]?.id}.1`, { answer: 42 }))
    await harness.pass()

    await expect(asking).resolves.toEqual({ answer: 42 })
  })

  it('times out by its own time or the configured one', async () => {
    const harness = new ClientHarness({ request: { timeoutMs: 500 } })
    const asking = [harness.client.request('ask', 1), harness.client.request('ask', 1, { timeoutMs: 100 })]
    const ends = asking.map((promise) => promise.catch(() => harness.network.clock.now()))
    await harness.pass(1_000)

    expect(await Promise.all(ends)).toEqual([500, 100])
  })

  it('is given up by its signal', async () => {
    const harness = new ClientHarness()
    const controller = new AbortController()
    const asking = harness.client.request('ask', 1, { signal: controller.signal })
    const given = asking.catch((error: unknown) => error)
    const end = await harness.connect()
    controller.abort()
    await harness.pass()

    expect(await given).toMatchObject({ code: 'aborted' })
    expect(end.all(FrameType.CANCEL)).toHaveLength(1)
    await expect(harness.client.request('ask', 1, { signal: controller.signal })).rejects.toMatchObject({
      code: 'aborted',
    })
  })

  it('with a signal rejects properly when the queue is full', async () => {
    const harness = new ClientHarness({ queue: { maxMessages: 1 } })
    harness.client.send('say', 1)
    const { signal } = new AbortController()

    await expect(harness.client.request('ask', 1, { signal })).rejects.toMatchObject({ code: 'queue_full' })
  })

  it.each([Number.NaN, -1, '5'])('rejects a timeoutMs that is no duration: %s', async (timeoutMs) => {
    const { client } = new ClientHarness()

    await expect(client.request('ask', 1, { timeoutMs: timeoutMs as number })).rejects.toMatchObject({
      field: 'timeoutMs',
    })
  })

  it('is unknown when the client is closed before the answer', async () => {
    const harness = new ClientHarness()
    const asking = harness.client.request('ask', 1)
    const ended = asking.catch((error: unknown) => error)
    await harness.connect()
    void harness.client.close({ drainMs: 0 })
    await harness.pass()
    expect(await ended).toMatchObject({ outcome: 'unknown' })
  })
})
