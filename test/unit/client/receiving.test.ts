import { describe, expect, it, vi } from 'vitest'
import { defineContract, type Schema } from '../../../src/protocol/contract.js'
import { FrameType } from '../../../src/protocol/frames.js'
import type { Message } from '../../../src/protocol/messages.js'
import { entry, gap, joined } from '../../support/fake-server-frames.js'
import { ClientHarness } from '../../support/client-harness.js'
import { gate } from '../../support/gate.js'

/** Not everything that is thrown is an error. */
const odd: unknown = undefined

describe('a handler', () => {
  it('gets data and message', async () => {
    const harness = new ClientHarness()
    const handler = vi.fn<() => void>()
    harness.client.on('said', handler)
    const end = await harness.connect()
    end.send(entry('all', 1, { text: 'hello' }, { id: 'p.1', from: 'user-9' }))
    await harness.pass()

    expect(handler).toHaveBeenCalledWith(
      { text: 'hello' },
      expect.objectContaining({ id: 'p.1', type: 'said', room: null, from: 'user-9', offset: 1 }),
    )
  })

  it('of a log runs after the one before is done; those of other logs go side by side', async () => {
    const harness = new ClientHarness()
    const order: string[] = []
    const slow = gate()
    harness.client.on('said', async (data) => {
      order.push(`begin ${String(data)}`)
      if (data === 'slow') await slow.opened
      order.push(`end ${String(data)}`)
    })
    const end = await harness.connect()
    end.send(entry('all', 1, 'slow'), entry('all', 2, 'second'), entry('user/user-1', 1, 'other log'))
    await harness.pass()
    expect(order).toEqual(['begin slow', 'begin other log', 'end other log'])
    slow.open()
    await harness.pass()

    expect(order.slice(3)).toEqual(['end slow', 'begin second', 'end second'])
  })

  it('keeps thousands in order, whether they wait or not', async () => {
    const harness = new ClientHarness()
    const seen: unknown[] = []
    harness.client.on('said', async (data, { offset }) => {
      if ((offset ?? 0) % 3 === 0) await Promise.resolve()
      seen.push(data)
    })
    const end = await harness.connect()
    for (let offset = 1; offset <= 3_000; offset++) end.send(entry('all', offset))
    await harness.pass(10)

    expect(seen).toEqual(Array.from({ length: 3_000 }, (_, index) => index + 1))
  })

  it('that is done counts as handled, and not before', async () => {
    const harness = new ClientHarness()
    const slow = gate()
    harness.client.on('said', () => slow.opened)
    const end = await harness.connect()
    for (let offset = 1; offset <= 300; offset++) end.send(entry('all', offset))
    await harness.pass()
    expect(end.all(FrameType.HANDLED)).toEqual([])
    slow.open()
    await harness.pass()

    expect(end.all(FrameType.HANDLED)).toMatchObject([[FrameType.HANDLED, 300, expect.any(Number)]])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('broken')
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['rejects with something odd', () => Promise.reject(odd)],
  ])('that %s is an error event, counts as handled, and the next message comes', async (_how, fail) => {
    const harness = new ClientHarness()
    const seen: unknown[] = []
    harness.client.on('said', (data) => {
      seen.push(data)
      return data === 1 ? fail() : undefined
    })
    const end = await harness.connect()
    end.send(entry('all', 1), entry('all', 2))
    await harness.pass()

    expect(seen).toEqual([1, 2])
    expect(harness.told('error')).toMatchObject([{ code: 'handler_failed' }])
  })

  it('that fails does not keep the others of the same message from it', async () => {
    const harness = new ClientHarness()
    const second = vi.fn<() => void>()
    harness.client.on('said', () => Promise.reject(new Error('broken')))
    harness.client.on('said', second)
    const end = await harness.connect()
    end.send(entry('all', 1))
    await harness.pass()

    expect(second).toHaveBeenCalledOnce()
  })

  it('registered twice is called twice; each registration ends by itself', async () => {
    const harness = new ClientHarness()
    const handler = vi.fn<() => void>()
    const off = harness.client.on('said', handler)
    harness.client.on('said', handler)
    const end = await harness.connect()
    end.send(entry('all', 1))
    await harness.pass()
    expect(handler).toHaveBeenCalledTimes(2)
    off()
    off()
    end.send(entry('all', 2))
    await harness.pass()

    expect(handler).toHaveBeenCalledTimes(3)
  })

  it('ends with its signal', async () => {
    const harness = new ClientHarness()
    const handler = vi.fn<() => void>()
    const controller = new AbortController()
    harness.client.on('said', handler, { signal: controller.signal })
    const end = await harness.connect()
    controller.abort()
    harness.client.on('said', handler, { signal: controller.signal })
    end.send(entry('all', 1))
    await harness.pass()

    expect(handler).not.toHaveBeenCalled()
  })

  it('that was taken out while the one before it took its time is not called', async () => {
    const harness = new ClientHarness()
    const slow = gate()
    const second = vi.fn<() => void>()
    harness.client.on('said', () => slow.opened)
    const off = harness.client.on('said', second)
    const end = await harness.connect()
    end.send(entry('all', 1))
    await harness.pass()
    off()
    slow.open()
    await harness.pass()

    expect(second).not.toHaveBeenCalled()
  })

  it('for once runs once, also when two logs bring a message at a time', async () => {
    const harness = new ClientHarness()
    const slow = gate()
    const once = vi.fn<() => void>()
    harness.client.on('said', () => slow.opened)
    harness.client.once('said', once)
    const end = await harness.connect()
    end.send(entry('all', 1), entry('user/user-1', 1))
    await harness.pass()
    slow.open()
    await harness.pass()

    expect(once).toHaveBeenCalledOnce()
  })

  it('of a type that nobody handles is warned of once', async () => {
    const harness = new ClientHarness()
    const end = await harness.connect()
    end.send(entry('all', 1), entry('all', 2))
    await harness.pass()

    expect(harness.told('warning')).toMatchObject([{ code: 'unhandled_type' }])
  })

  it('may send, close and unsubscribe', async () => {
    const harness = new ClientHarness()
    const off = harness.client.on('said', () => {
      off()
      harness.client.send('say', 'from a handler')
      void harness.client.close({ drainMs: 0 })
      expect(harness.client.send('say', 'too late').state).toBe('dropped')
    })
    const end = await harness.connect()
    end.send(entry('all', 1), entry('all', 2))
    await harness.pass(1)

    expect(harness.client.snapshot.status).toBe('closed')
    expect(harness.told('error')).toEqual([])
  })

  it('may await a request while its log waits', async () => {
    const harness = new ClientHarness()
    const answers: unknown[] = []
    harness.client.on('said', async () => {
      answers.push(await harness.client.request('ask', 1))
    })
    const end = await harness.connect()
    end.send(entry('all', 1))
    await harness.pass()
    const [attach] = end.all(FrameType.ATTACH)
    if (attach?.[0] !== FrameType.ATTACH) throw new Error('the requests should be attached')
    end.send([FrameType.ATTACHED, attach[1], { last: 0, held: 0, epoch: 'e', refused: [] }])
    end.send(entry('replies/session-1', 1, 'answer', { re: `${attach[2].id}.1` }))
    await harness.pass()

    expect(answers).toEqual(['answer'])
  })

  it('of the client hears no room, and that of a room only its room', async () => {
    const harness = new ClientHarness()
    const [everywhere, lobby, attic] = [vi.fn<() => void>(), vi.fn<() => void>(), vi.fn<() => void>()]
    harness.client.on('said', everywhere)
    harness.client.room('lobby').on('said', lobby)
    harness.client.room('attic').on('said', attic)
    void harness.client.room('lobby').join()
    const end = await harness.connect()
    end.send(joined(1, 'lobby', 0), entry('room/lobby', 1), entry('all', 1))
    await harness.pass()

    expect([everywhere, lobby, attic].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 0])
  })
})

describe('a gap', () => {
  it('is told after the entries before it were handled', async () => {
    const harness = new ClientHarness()
    const slow = gate()
    const order: string[] = []
    harness.client.on('said', async () => {
      await slow.opened
      order.push('handled')
    })
    harness.client.lifecycle.on('gap', () => order.push('gap'))
    const end = await harness.connect()
    end.send(entry('all', 1), gap('all', 2, 4))
    await harness.pass()
    slow.open()
    await harness.pass()

    expect(order).toEqual(['handled', 'gap'])
  })
})

describe('the contract', () => {
  const toNumber: Schema<string, number> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => {
        if (value === 'broken validator') throw new Error('broken')
        return typeof value === 'string' ? { value: Number(value) } : { issues: [{ message: 'not text' }] }
      },
    },
  }
  const contract = defineContract({ receive: { said: toNumber } })

  it('transforms what is received; what does not fit is an error and counts as handled', async () => {
    const harness = new ClientHarness({ contract: contract as never })
    const seen: unknown[] = []
    harness.client.on('said', (data, message) => {
      seen.push([data, message.data])
    })
    const end = await harness.connect()
    end.send(
      entry('all', 1, '7'),
      entry('all', 2, 7),
      entry('all', 3, 'broken validator'),
      entry('all', 4, '8'),
    )
    await harness.pass()

    expect(seen).toEqual([
      [7, 7],
      [8, 8],
    ])
    expect(harness.told('error')).toMatchObject([{ code: 'invalid' }, {}])
  })
})

describe('messages()', () => {
  const values = async (iterator: AsyncIterable<Message>, count: number): Promise<unknown[]> => {
    const seen: unknown[] = []
    for await (const message of iterator) {
      seen.push(message.data)
      if (seen.length === count) break
    }
    return seen
  }

  it('gives what came before and after the reader did', async () => {
    const harness = new ClientHarness()
    const messages = harness.client.messages('said')
    const end = await harness.connect()
    end.send(entry('all', 1), entry('all', 2))
    await harness.pass()
    const reading = values(messages, 3)
    end.send(entry('all', 3))
    await harness.pass()

    expect(await reading).toEqual([1, 2, 3])
  })

  it('ends with its signal and gives what was unread first', async () => {
    const harness = new ClientHarness()
    const controller = new AbortController()
    const messages = harness.client.messages('said', { signal: controller.signal })
    const end = await harness.connect()
    end.send(entry('all', 1))
    await harness.pass()
    controller.abort()
    end.send(entry('all', 2))
    await harness.pass()

    expect(await values(messages, 9)).toEqual([1])
    expect(await values(harness.client.messages('said', { signal: controller.signal }), 9)).toEqual([])
  })

  it('ends when the client is closed, and at once after that', async () => {
    const harness = new ClientHarness()
    const waiting = harness.client.messages('said').next()
    const waitingInRoom = harness.client.room('r').messages('said').next()
    await harness.client.close()

    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await waitingInRoom).toEqual({ done: true, value: undefined })
    expect(await values(harness.client.messages('said'), 9)).toEqual([])
  })

  it('ends a reader that waits', async () => {
    const harness = new ClientHarness()
    const controller = new AbortController()
    const next = harness.client.messages('said', { signal: controller.signal }).next()
    controller.abort()

    expect(await next).toEqual({ done: true, value: undefined })
  })

  it('ends with an error when more is unread than allowed, after what was kept', async () => {
    const harness = new ClientHarness()
    const messages = harness.client.messages('said', { maxBuffered: 2 })
    const end = await harness.connect()
    end.send(entry('all', 1), entry('all', 2), entry('all', 3), entry('all', 4))
    await harness.pass()

    expect([(await messages.next()).value?.data, (await messages.next()).value?.data]).toEqual([1, 2])
    await expect(messages.next()).rejects.toMatchObject({ code: 'buffer_overflow' })
    expect(await messages.next()).toEqual({ done: true, value: undefined })
  })

  it('stops listening when the reader leaves', async () => {
    const harness = new ClientHarness()
    const messages = harness.client.messages('said')
    const end = await harness.connect()
    end.send(entry('all', 1))
    await harness.pass()
    await values(messages, 1)
    end.send(entry('all', 2))
    await harness.pass()

    expect(await messages.next()).toEqual({ done: true, value: undefined })
    expect(harness.told('warning')).toMatchObject([{ code: 'unhandled_type' }])
  })
})

describe('listeners that throw', () => {
  it('are reported and break nothing', async () => {
    const harness = new ClientHarness()
    const second = vi.fn<() => void>()
    harness.client.subscribe(() => {
      throw new Error('subscriber')
    })
    harness.client.subscribe(second)
    for (const event of ['status', 'open', 'close'] as const) {
      harness.client.lifecycle.on(event, () => {
        throw new Error(event)
      })
    }
    await harness.connect()

    expect(harness.client.snapshot.status).toBe('connected')
    expect(second).toHaveBeenCalled()
    expect(harness.told('error').length).toBeGreaterThanOrEqual(3)
    expect(harness.told('error')[0]).toMatchObject({ code: 'listener_failed' })
  })

  it('keep nobody from hearing: those behind them are called, once() once', async () => {
    const harness = new ClientHarness()
    const heard: string[] = []
    harness.client.lifecycle.on('status', () => {
      throw new Error('status')
    })
    harness.client.lifecycle.on('status', (next) => void heard.push(next))
    harness.client.lifecycle.once('status', (next) => void heard.push(`once ${next}`))
    const others = vi.fn<() => void>()
    harness.client.lifecycle.on('error', () => {
      throw new Error('of errors')
    })
    harness.client.lifecycle.on('error', others)
    await harness.connect()

    expect(heard).toEqual(['connecting', 'once connecting', 'connected'])
    // Of each status one failure; that of the listener of errors is logged.
    expect(others).toHaveBeenCalledTimes(2)
  })

  it('to errors do not go round in circles', async () => {
    const error = vi.fn<() => void>()
    const logger = { debug: vi.fn<() => void>(), info: vi.fn<() => void>(), warn: vi.fn<() => void>(), error }
    const harness = new ClientHarness({ logger })
    harness.client.lifecycle.on('error', () => {
      throw new Error('the listener of errors')
    })
    harness.network.refuse()
    void harness.client.connect()
    await harness.pass()

    expect(error.mock.calls.length).toBeLessThan(10)
    expect(error.mock.calls.length).toBeGreaterThan(0)
  })
})

describe('every callback', () => {
  it.each(['status', 'open', 'close', 'settled', 'gap', 'warning'] as const)(
    'may send, close and subscribe: %s',
    async (event) => {
      const harness = new ClientHarness()
      let calls = 0
      harness.client.lifecycle.on(event, () => {
        if (calls++ > 0) return
        harness.client.send('say', 'from a callback')
        harness.client
          .room('lobby')
          .join()
          .catch(() => undefined)
        const off = harness.client.subscribe(() => undefined)
        off()
        void harness.client.close({ drainMs: 0 })
      })
      harness.client.send('say', 1)
      void harness.client.connect().catch(() => undefined)
      await harness.pass()
      const [end] = harness.ends
      end?.send(gap('all', 1, 1), entry('all', 2), [FrameType.ACCEPTED, 0, 1])
      await harness.pass()
      end?.peer.close(1001, '')
      await harness.pass(5_000)

      expect(calls).toBeGreaterThan(0)
      expect(harness.client.snapshot).toMatchObject({ status: 'closed', queued: 0, inFlight: 0 })
      expect(harness.network.clock.pendingTimers).toBe(0)
    },
  )
})
