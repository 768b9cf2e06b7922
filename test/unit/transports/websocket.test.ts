import { Server, WebSocket as MockWebSocket } from 'mock-socket'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConfigError, ConnectError } from '../../../src/protocol/errors.js'
import type { LinkEvents } from '../../../src/runtime/ports.js'
import { fitReason, sendableCode } from '../../../src/transports/close-socket.js'
import { parseRetryAfter } from '../../../src/transports/upgrade-errors.js'
import type { SocketEvent, SocketListener, WebSocketConstructor } from '../../../src/transports/socket.js'
import { socketUrl, type WebSocketOptions, webSocket } from '../../../src/transports/websocket.js'

const URL_UNDER_TEST = 'ws://example.test/ws'

/** Records what the transport reports, as short lists. */
function recorder(): { events: unknown[][]; link: LinkEvents } {
  const events: unknown[][] = []
  return {
    events,
    link: {
      opened: (protocol) => events.push(['opened', protocol]),
      received: (data) => events.push(['received', data]),
      closed: (code, reason) => events.push(['closed', code, reason]),
      failed: (error) => events.push(['failed', error]),
    },
  }
}

/** A browser's WebSocket whose events the test raises. Like a browser's, it is strict about codes. */
class FakeSocket {
  static made: FakeSocket[] = []
  binaryType = 'blob'
  protocol = ''
  readyState = 0
  bufferedAmount = 7
  readonly sent: unknown[] = []
  readonly closes: unknown[][] = []
  readonly listeners: [string, SocketListener][] = []

  constructor(
    readonly url: string,
    readonly protocols?: string[],
    readonly options?: unknown,
  ) {
    FakeSocket.made.push(this)
  }

  send(...all: unknown[]): void {
    this.sent.push(all.length === 1 ? all[0] : all)
  }

  close(code?: number, reason?: string): void {
    if (code !== undefined && code !== 1000 && (code < 3000 || code > 4999))
      throw new Error('InvalidAccessError')
    this.closes.push(code === undefined ? [] : [code, reason])
  }

  addEventListener(type: string, listener: SocketListener): void {
    this.listeners.push([type, listener])
  }

  removeEventListener(type: string, listener: SocketListener): void {
    const at = this.listeners.findIndex(([t, l]) => t === type && l === listener)
    if (at !== -1) this.listeners.splice(at, 1)
  }

  raise(type: string, event: SocketEvent = {}): void {
    for (const [t, listener] of this.listeners.slice()) if (t === type) listener(event)
  }
}

/** The same with the additions of `ws`. */
class FakeNodeSocket extends FakeSocket {
  terminated = 0
  readonly emitted = new Map<string, (() => void)[]>()

  terminate(): void {
    this.terminated++
  }

  on(event: string, listener: () => void): void {
    this.emitted.set(event, [...(this.emitted.get(event) ?? []), listener])
  }

  emit(event: string): void {
    for (const listener of this.emitted.get(event) ?? []) listener()
  }
}

const asConstructor = (fake: unknown): WebSocketConstructor => fake as WebSocketConstructor

const senderTo = (framed: Uint8Array[]) => ({
  sendFrame: ([frame]: readonly [Uint8Array]) => void framed.push(frame),
})

/** One of `ws`, which hands frames to `framed`. */
const withSender = (framed: Uint8Array[], agreed = '', sender: object | null = senderTo(framed)) =>
  class extends FakeNodeSocket {
    readonly extensions = agreed
    readonly _sender = sender

    override send(data: unknown): void {
      super.send(data)
    }

    override terminate(): void {
      super.terminate()
    }
  }

function openFake(options: WebSocketOptions = {}, protocols: string[] = [], Fake = FakeSocket) {
  const { events, link: sink } = recorder()
  const before = FakeSocket.made.length
  const link = webSocket({ WebSocket: asConstructor(Fake), ...options }).open(
    { url: URL_UNDER_TEST, protocols },
    sink,
  )
  return { events, link, socket: FakeSocket.made[before] as FakeNodeSocket }
}

afterEach(() => {
  FakeSocket.made = []
  vi.useRealTimers()
})

describe('with mock-socket', () => {
  it('opens, sends, receives and learns of the close', async () => {
    const server = new Server(URL_UNDER_TEST)
    server.on('connection', (socket) => {
      socket.on('message', (data) => {
        socket.send(`echo ${data as string}`)
        socket.close({ code: 4100, reason: 'deploy', wasClean: true })
      })
    })
    const events = await new Promise<unknown[][]>((resolve) => {
      const { events: seen, link: sink } = recorder()
      const link = webSocket({ WebSocket: asConstructor(MockWebSocket) }).open(
        { url: URL_UNDER_TEST, protocols: [] },
        {
          ...sink,
          opened: (protocol) => {
            sink.opened(protocol)
            link.send('hello')
          },
          closed: (code, reason) => {
            sink.closed(code, reason)
            resolve(seen)
          },
        },
      )
    })
    server.stop()
    expect(events).toEqual([
      ['opened', ''],
      ['received', 'echo hello'],
      ['closed', 4100, 'deploy'],
    ])
  })

  it('fails when nobody answers', async () => {
    const error = await new Promise<Error>((resolve) => {
      const { link: sink } = recorder()
      webSocket({ WebSocket: asConstructor(MockWebSocket) }).open(
        { url: 'ws://nobody.test/', protocols: [] },
        { ...sink, failed: resolve },
      )
    })
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toMatch(
      /^ws:\/\/nobody\.test\/ could not be reached; the platform does not say why/,
    )
  })
})

describe('open', () => {
  it('asks for ArrayBuffers, never Blobs', () => {
    expect(openFake().socket.binaryType).toBe('arraybuffer')
  })

  it("offers the dialect's subprotocols first, each once", () => {
    const { socket } = openFake({ protocols: ['token', 'b'] }, ['a', 'b'])
    expect(socket.protocols).toEqual(['a', 'b', 'token'])
  })

  it('passes no third argument to a WebSocket that takes none', () => {
    expect(openFake().socket.options).toBeUndefined()
  })

  it('fails with a ConfigError, later, if headers cannot be sent', async () => {
    const { events, socket } = openFake({ headers: { authorization: 'x' } })
    expect(events).toEqual([])
    await Promise.resolve()
    const [[type, error]] = events as [[string, ConfigError]]
    expect(type).toBe('failed')
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({ field: 'headers', retryable: false })
    expect(socket).toBeUndefined()
  })

  it('gets text as text if it only looks like one of ws', () => {
    const { socket, link } = openFake({}, [], FakeNodeSocket)
    link.send('zwölf')
    expect(socket.sent).toEqual(['zwölf'])
  })

  it('is given frames, if it is one of ws and open', () => {
    const framed: Uint8Array[] = []
    const { socket, link } = openFake({}, [], withSender(framed))
    socket.readyState = 1
    link.send('zwölf')
    link.send(new Uint8Array([1, 2]))
    expect(framed.map((frame) => [frame[0], (frame[1] ?? 0) & 0x7f])).toEqual([
      [0x81, 6],
      [0x82, 2],
    ])
    expect(socket.sent).toEqual([])
  })

  it.each([
    ['compresses', 1, (framed: Uint8Array[]) => withSender(framed, 'permessage-deflate')],
    ['is not open yet', 0, (framed: Uint8Array[]) => withSender(framed)],
    ['is closing', 2, (framed: Uint8Array[]) => withSender(framed)],
    ['is closed', 3, (framed: Uint8Array[]) => withSender(framed)],
    ['is of a version that has no such sender', 1, (framed: Uint8Array[]) => withSender(framed, '', {})],
    ['has no sender yet', 1, (framed: Uint8Array[]) => withSender(framed, '', null)],
    [
      'has a send of its own',
      1,
      (framed: Uint8Array[]) =>
        class extends withSender(framed) {
          override send(data: unknown): void {
            super.send(data)
          }
        },
    ],
  ])('is given messages as they are if it %s', (_, readyState, make) => {
    const framed: Uint8Array[] = []
    const { socket, link } = openFake({}, [], make(framed))
    socket.readyState = readyState
    link.send('zwölf')
    expect([socket.sent, framed]).toEqual([['zwölf'], []])
  })

  it('is left to itself once it was given what is no text and no bytes', () => {
    const framed: Uint8Array[] = []
    const { socket, link } = openFake({}, [], withSender(framed))
    socket.readyState = 1
    const buffer = new ArrayBuffer(1_000)
    link.send(buffer as unknown as string)
    link.send('after it')
    expect([socket.sent, framed]).toEqual([[buffer, 'after it'], []])
  })

  it('does not dial if it is closed while its headers are fetched', async () => {
    let give: (headers: Record<string, string>) => void = () => undefined
    const headers = () =>
      new Promise<Record<string, string>>((resolve) => {
        give = resolve
      })
    const { link, events } = openFake({ headers }, [], FakeNodeSocket)
    link.close(1000, '')
    give({ a: 'b' })
    await new Promise((resolve) => setImmediate(resolve))
    expect(FakeSocket.made).toEqual([])
    expect(events).toEqual([])
  })

  it('fails with the cause if fetching headers fails', async () => {
    const cause = new Error('no token')
    for (const headers of [
      () => Promise.reject(cause),
      () => {
        throw cause
      },
    ]) {
      const { events } = openFake({ headers }, [], FakeNodeSocket)
      await new Promise((resolve) => setImmediate(resolve))
      expect(events).toMatchObject([['failed', { code: 'connect_failed', cause }]])
    }
  })

  it.each([
    ['SecurityError', false],
    ['SyntaxError', false],
    ['Error', true],
  ])(
    'never throws: a constructor that throws a %s fails the dial, retryable: %s',
    async (name, retryable) => {
      function Throwing(): void {
        throw Object.assign(new Error('not like this'), { name })
      }
      const { events, link: sink } = recorder()
      webSocket({ WebSocket: asConstructor(Throwing) }).open({ url: URL_UNDER_TEST, protocols: [] }, sink)
      expect(events).toEqual([])
      await Promise.resolve()
      expect(events).toMatchObject([['failed', { code: 'connect_failed', retryable }]])
    },
  )

  it.each(['ftp://a/', 'not an address', ''])('fails with a ConfigError for the address %j', async (url) => {
    const { events, link: sink } = recorder()
    webSocket({ WebSocket: asConstructor(FakeSocket) }).open({ url, protocols: [] }, sink)
    await Promise.resolve()
    expect(events).toMatchObject([['failed', { code: 'config_invalid', field: 'url' }]])
  })
})

describe('an open link', () => {
  const openedFake = (protocols: string[] = [], chosen = '') => {
    const fake = openFake({}, protocols)
    fake.socket.protocol = chosen
    fake.socket.raise('open')
    return fake
  }

  it('hands on text as it is and ArrayBuffers as Uint8Arrays', () => {
    const { socket, events } = openedFake()
    socket.raise('message', { data: 'text' })
    socket.raise('message', { data: new Uint8Array([1, 2]).buffer })
    expect(events).toEqual([
      ['opened', ''],
      ['received', 'text'],
      ['received', new Uint8Array([1, 2])],
    ])
  })

  it('ends at a Blob, and the socket with it', () => {
    const { socket, events } = openedFake()
    socket.raise('message', { data: new Blob(['x']) })
    expect(events[1]).toMatchObject(['closed', 1003, expect.stringMatching(/neither text nor/)])
    expect(socket.closes).toEqual([[4003, '']])
  })

  it.each(['', 'other'])('fails if the server answers the subprotocol %j', (chosen) => {
    const { socket, events } = openedFake(['surewire.1.json'], chosen)
    expect(events).toMatchObject([
      ['failed', { message: expect.stringMatching(/of the offered subprotocols/) }],
    ])
    expect(socket.closes).toHaveLength(1)
  })

  it('passes data on and says how much is buffered', () => {
    const { socket, link } = openedFake()
    const bytes = new Uint8Array([1])
    link.send('a')
    link.send(bytes)
    expect(socket.sent).toEqual(['a', bytes])
    expect(link.bufferedAmount).toBe(7)
  })

  it('reports one close only, and a missing code as 1005', () => {
    const { socket, events } = openedFake()
    const [, onClose] = socket.listeners.find(([type]) => type === 'close') as [string, SocketListener]
    onClose({})
    onClose({ code: 1000 })
    expect(events).toEqual([
      ['opened', ''],
      ['closed', 1005, ''],
    ])
  })

  it('waits for the close event after an error that says nothing, as in browsers', () => {
    const { socket, events } = openedFake()
    socket.raise('error')
    expect(events).toEqual([['opened', '']])
    socket.raise('close', { code: 1006, reason: '' })
    expect(events[1]).toEqual(['closed', 1006, ''])
  })

  it('ends at once with the error that ws tells', () => {
    const { socket, events } = openedFake()
    socket.raise('error', {
      error: Object.assign(new Error('Invalid UTF-8'), { code: 'WS_ERR_INVALID_UTF8' }),
    })
    expect(events[1]).toEqual(['closed', 1007, 'Invalid UTF-8'])
  })
})

describe('close', () => {
  it('while connecting closes the socket, and nothing is reported', () => {
    const { socket, link, events } = openFake()
    link.close(4000, 'no answer')
    expect(socket.closes).toEqual([[4000, 'no answer']])
    socket.raise('error')
    socket.raise('close', { code: 1006 })
    expect(events).toEqual([])
  })

  it('removes every listener', () => {
    const { socket, link } = openFake()
    expect(socket.listeners.map(([type]) => type).sort()).toEqual(['close', 'error', 'message', 'open'])
    link.close(1000, '')
    expect(socket.listeners).toEqual([])
  })

  it('inside a callback keeps everything after it from being reported', () => {
    const { events, link: sink } = recorder()
    const link = webSocket({ WebSocket: asConstructor(FakeSocket) }).open(
      { url: URL_UNDER_TEST, protocols: [] },
      {
        ...sink,
        received: (data) => {
          sink.received(data)
          link.close(1000, '')
        },
      },
    )
    const socket = FakeSocket.made[0] as FakeSocket
    socket.raise('open')
    const [, onMessage] = socket.listeners.find(([type]) => type === 'message') as [string, SocketListener]
    onMessage({ data: 'first' })
    onMessage({ data: 'second' })
    expect(events).toEqual([
      ['opened', ''],
      ['received', 'first'],
    ])
  })

  it('twice closes once', () => {
    const { socket, link } = openFake()
    link.close(1000, 'a')
    link.close(1000, 'b')
    expect(socket.closes).toEqual([[1000, 'a']])
  })

  it('ends even if the platform refuses code and reason', () => {
    const { socket, link } = openFake()
    const close = socket.close.bind(socket)
    socket.close = (code?: number, reason?: string) => {
      if (code !== undefined) throw new Error('InvalidAccessError')
      close(code, reason)
    }
    link.close(4000, 'x')
    expect(socket.closes).toEqual([[]])
  })

  it('before a failure was reported keeps it from being reported', async () => {
    const { events, link } = openFake({ headers: { a: 'b' } })
    link.close(1000, '')
    await Promise.resolve()
    expect(events).toEqual([])
  })
})

describe('close with ws, whose closing handshake may never end', () => {
  it('cuts the socket after a grace', () => {
    vi.useFakeTimers()
    const { socket, link } = openFake({}, [], FakeNodeSocket)
    socket.bufferedAmount = 0
    link.close(1000, '')
    vi.advanceTimersByTime(1_999)
    expect(socket.terminated).toBe(0)
    vi.advanceTimersByTime(1)
    expect(socket.terminated).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('waits on while what was sent still flows', () => {
    vi.useFakeTimers()
    const { socket, link } = openFake({}, [], FakeNodeSocket)
    socket.bufferedAmount = 100
    link.close(1000, '')
    socket.bufferedAmount = 40
    vi.advanceTimersByTime(2_000)
    expect(socket.terminated).toBe(0)
    vi.advanceTimersByTime(2_000)
    expect(socket.terminated).toBe(1)
  })

  it('leaves no timer once the socket is closed', () => {
    vi.useFakeTimers()
    const { socket, link } = openFake({}, [], FakeNodeSocket)
    link.close(1000, '')
    socket.emit('close')
    expect(vi.getTimerCount()).toBe(0)
    expect(socket.terminated).toBe(0)
  })

  it('keeps listening for errors: an emitter would throw them otherwise', () => {
    vi.useFakeTimers()
    const { socket, link } = openFake({}, [], FakeNodeSocket)
    link.close(1000, '')
    expect(socket.emitted.get('error')).toHaveLength(1)
    socket.emit('error')
  })
})

describe('close codes on their way out', () => {
  it.each([
    [1000, 1000],
    [3000, 3000],
    [4999, 4999],
    [1001, 4001],
    [1002, 4002],
    [1009, 4009],
    [1005, null],
    [1006, null],
    [2000, null],
    [5000, null],
    [Number.NaN, null],
  ])('in browsers, %s goes out as %s', (code, expected) => {
    expect(sendableCode(code, false)).toBe(expected)
  })

  it.each([
    [1002, 1002],
    [1006, null],
    [4401, 4401],
  ])('with ws, %s goes out as %s', (code, expected) => {
    expect(sendableCode(code, true)).toBe(expected)
  })

  it('a reason is cut to 123 bytes between two characters', () => {
    expect(fitReason('short')).toBe('short')
    expect(fitReason('x'.repeat(124))).toBe('x'.repeat(123))
    expect(fitReason('ü'.repeat(100))).toBe('ü'.repeat(61))
    expect(fitReason('😀'.repeat(40))).toBe('😀'.repeat(30))
  })
})

describe('addresses', () => {
  it.each([
    ['http://a/b?c=d#e', 'ws://a/b?c=d'],
    ['https://a:8443/', 'wss://a:8443/'],
    ['ws://a', 'ws://a/'],
    ['WSS://A/', 'wss://a/'],
  ])('%s is dialled as %s', (address, expected) => {
    expect(socketUrl(address)).toBe(expected)
  })

  it('a relative one belongs to the page', () => {
    vi.stubGlobal('location', { href: 'https://app.example/tasks/1' })
    try {
      expect(socketUrl('/ws')).toBe('wss://app.example/ws')
    } finally {
      vi.unstubAllGlobals()
    }
  })
})

describe('Retry-After', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  it.each([
    ['7', 7_000],
    ['0', 0],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', null],
    ['-5', null],
    ['99999999999', null],
    [null, null],
  ])('%j is %s ms', (value, expected) => {
    expect(parseRetryAfter(value, now)).toBe(expected)
  })
})
