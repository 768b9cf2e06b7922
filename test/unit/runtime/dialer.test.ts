import { describe, expect, it, type Mock, vi } from 'vitest'
import { ConnectError } from '../../../src/protocol/errors.js'
import { Dialer, type DialPlan } from '../../../src/runtime/dialer.js'
import type { Link, LinkEvents, Transport } from '../../../src/runtime/ports.js'

const URL_OF_SERVER = 'ws://server.test/ws'

interface SpiedLink {
  readonly send: Mock<Link['send']>
  readonly close: Mock<Link['close']>
}

/** A transport whose links a test moves by hand. */
function transportOf(name: string, onOpen: (events: LinkEvents) => void = () => undefined) {
  const opened: { url: string; protocols: readonly string[]; events: LinkEvents; link: SpiedLink }[] = []
  const transport: Transport = {
    name,
    open: ({ url, protocols }, events) => {
      const link = { send: vi.fn<Link['send']>(), close: vi.fn<Link['close']>(), bufferedAmount: 7 }
      opened.push({ url, protocols, events, link })
      onOpen(events)
      return link
    },
  }
  return { transport, opened }
}

function make(plan: Partial<DialPlan> = {}) {
  const told: unknown[][] = []
  const { transport, opened } = transportOf('first')
  const dialer = new Dialer(
    {
      url: () => URL_OF_SERVER,
      auth: () => 'token',
      stored: () => null,
      transports: [transport],
      protocols: ['surewire.1.json'],
      ...plan,
    },
    (event) => told.push(Object.values(event)),
  )
  return { dialer, told, opened }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a dial', () => {
  it('resolves storage, address and credentials in that order, then opens', async () => {
    const order: string[] = []
    const { dialer, opened, told } = make({
      stored: () => Promise.resolve().then(() => void order.push('stored')),
      url: () => {
        order.push('url')
        return URL_OF_SERVER
      },
      auth: async () => {
        order.push('auth')
        return 'fresh'
      },
    })
    dialer.dial(1, null)
    await settle()
    expect(order).toEqual(['stored', 'url', 'auth'])
    expect(opened).toMatchObject([{ url: URL_OF_SERVER, protocols: ['surewire.1.json'] }])
    opened[0]?.events.opened('surewire.1.json')

    expect(told).toEqual([['opened', 1, 'fresh']])
  })

  it('goes where the server said instead, without asking for the address', async () => {
    const url = vi.fn<() => string>(() => URL_OF_SERVER)
    const { dialer, opened } = make({ url })
    dialer.dial(1, 'wss://elsewhere.test/ws')
    await settle()

    expect(opened[0]?.url).toBe('wss://elsewhere.test/ws')
    expect(url).not.toHaveBeenCalled()
  })

  it.each([
    ['url', { url: () => Promise.reject(new Error('no idea')) }, { code: 'url_failed', retryable: true }],
    [
      'auth',
      {
        auth: () => {
          throw new Error('no token')
        },
      },
      { code: 'auth_failed', retryable: true },
    ],
    [
      'an address that is none',
      { url: () => 'nonsense' },
      { name: 'ConfigError', field: 'url', retryable: false },
    ],
  ])('fails with the name of what failed: %s', async (_what, plan, error) => {
    const { dialer, told } = make(plan)
    dialer.dial(1, null)
    await settle()

    expect(told).toMatchObject([['failed', 1, error]])
  })

  it('that was dropped while it was prepared opens nothing and says nothing', async () => {
    const { dialer, told, opened } = make({ auth: () => Promise.reject(new Error('late')) })
    dialer.dial(1, null)
    dialer.drop(1, 1000, '')
    await settle()

    expect(opened).toEqual([])
    expect(told).toEqual([])
  })

  it('that was replaced is detached: its link is not listened to', async () => {
    const { dialer, told, opened } = make()
    dialer.dial(1, null)
    await settle()
    dialer.drop(1, 4001, 'replaced')
    dialer.dial(2, null)
    await settle()
    const [first] = opened
    first?.events.opened('')
    first?.events.received('x')
    first?.events.closed(1006, '')
    first?.events.failed(new Error('late'))

    expect(told).toEqual([])
    expect(first?.link.close).toHaveBeenCalledWith(4001, 'replaced')
    dialer.send(1, 'to the dead')
    dialer.send(2, 'to the living')
    expect(opened.map(({ link }) => link.send.mock.calls)).toEqual([[], [['to the living']]])
  })

  it('has nothing buffered without a link', async () => {
    const { dialer } = make()
    expect(dialer.buffered).toBe(0)
    dialer.dial(1, null)
    await settle()
    expect(dialer.buffered).toBe(7)
    dialer.drop(1, 1000, '')

    expect(dialer.buffered).toBe(0)
  })

  it('whose link closed has none any more', async () => {
    const { dialer, told, opened } = make()
    dialer.dial(1, null)
    await settle()
    opened[0]?.events.closed(1006, 'gone')
    dialer.send(1, 'x')

    expect(told).toEqual([['closed', 1, 1006, 'gone']])
    expect(opened[0]?.link.send).not.toHaveBeenCalled()
  })
})

describe('several transports', () => {
  it.each([
    ['later', () => undefined],
    ['at once', (events: LinkEvents) => events.failed(new ConnectError('blocked'))],
  ])('the next takes over when one fails %s', async (_when, onOpen) => {
    const first = transportOf('first', onOpen)
    const second = transportOf('second')
    const { dialer, told } = make({ transports: [first.transport, second.transport] })
    dialer.dial(1, null)
    await settle()
    if (second.opened.length === 0) first.opened[0]?.events.failed(new ConnectError('blocked'))
    dialer.send(1, 'hello')

    expect(second.opened[0]?.link.send).toHaveBeenCalledWith('hello')
    expect(told).toEqual([])
  })

  it('the last failure is the dial’s', async () => {
    const first = transportOf('first', (events) => events.failed(new ConnectError('blocked')))
    const second = transportOf('second', (events) => events.failed(new Error('odd')))
    const { dialer, told } = make({ transports: [first.transport, second.transport] })
    dialer.dial(1, null)
    await settle()

    expect(told).toMatchObject([
      ['failed', 1, { name: 'ConnectError', message: expect.stringContaining('odd') }],
    ])
  })
})

it('a transport that opens at once is heard once its link can be written to', async () => {
  const { transport, opened } = transportOf('eager', (events) => events.opened(''))
  const link = { told: false }
  const dialer: Dialer = new Dialer(
    {
      url: () => URL_OF_SERVER,
      auth: () => null,
      stored: () => null,
      transports: [transport],
      protocols: [],
    },
    ({ type, dial }) => {
      link.told = type === 'opened'
      dialer.send(dial, 'hello')
    },
  )
  dialer.dial(1, null)
  await settle()

  expect(link.told).toBe(true)
  expect(opened[0]?.link.send).toHaveBeenCalledWith('hello')
})
