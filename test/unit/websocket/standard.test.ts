/** What the WebSocket standard says of the object, clause by clause, where a socket that reconnects can obey. */
/* oxlint-disable unicorn/prefer-add-event-listener -- the attributes are what is tested */
import { runInNewContext } from 'node:vm'
import { describe, expect, expectTypeOf, it, onTestFinished, vi } from 'vitest'
import { SurewireSocket } from '../../../src/websocket/index.js'
import { FakeSocket, rig } from './fake-socket.js'

const thrownBy = (act: () => unknown): unknown => {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}
const made = (url: string, protocols?: string | string[]): SurewireSocket =>
  new SurewireSocket(url, protocols, { startClosed: true })

describe('the constructor', () => {
  it.each([
    '',
    'host',
    '//host',
    'ws://',
    'ws://a b/',
    'ftp://host/',
    'mailto:a@b.c',
    'ws://host/#',
    'wss://host/#top',
  ])('refuses the address %j with a SyntaxError', (url) => {
    expect(thrownBy(() => made(url))).toMatchObject({ name: 'SyntaxError', code: DOMException.SYNTAX_ERR })
    expect(thrownBy(() => made(url))).toBeInstanceOf(DOMException)
  })

  it.each([
    ['http://host/path?q', 'ws://host/path?q'],
    ['https://HOST:443', 'wss://host/'],
    ['ws://host:80/a/../b', 'ws://host/b'],
  ])('takes %s as %s', (url, shown) => {
    expect(made(url).url).toBe(shown)
    expect(new SurewireSocket(new URL(url), [], { startClosed: true }).url).toBe(shown)
  })

  it.each([[['']], [['a', 'a']], ['a b'], [['a,b']], ['a/b'], ['ä'], ['a\n']])(
    'refuses the subprotocols %j with a SyntaxError',
    (protocols) => {
      expect(thrownBy(() => made('ws://host', protocols))).toMatchObject({ name: 'SyntaxError' })
    },
  )

  it('takes its arguments as they are then: a relative address, an array, any other iterable', async () => {
    vi.stubGlobal('location', { href: 'https://host/page/' })
    onTestFinished(() => void vi.unstubAllGlobals())
    const protocols = ['a', 'b']
    const { socket, clock, dialled } = rig({ url: 'feed', protocols, maxReconnectionDelay: 10 })
    expect(socket.url).toBe('wss://host/page/feed')
    vi.stubGlobal('location', { href: 'https://host/elsewhere/' })
    protocols.pop()
    ;(await dialled()).fail('refused')
    await clock.advanceAsync(10)
    expect(FakeSocket.all.map(({ url }) => url)).toEqual(['wss://host/page/feed', 'wss://host/page/feed'])
    expect(FakeSocket.last.protocols).toEqual(['a', 'b'])
    const iterable = rig({ protocols: new Set(['c', 'd']) as unknown as string[] })
    expect((await iterable.dialled()).protocols).toEqual(['c', 'd'])
  })

  it("resolves a relative address by the page's <base>, if it has one", () => {
    vi.stubGlobal('location', { href: 'https://host/page/' })
    vi.stubGlobal('document', { baseURI: 'https://base/' })
    onTestFinished(() => void vi.unstubAllGlobals())
    expect(made('feed').url).toBe('wss://base/feed')
  })

  it('offers the subprotocols in order and shows the chosen one while connected', async () => {
    const { socket, dialled } = rig({ protocols: ['b', 'a'] })
    expect((await dialled()).protocols).toEqual(['b', 'a'])
    FakeSocket.last.open('a')
    expect(socket.protocol).toBe('a')
    FakeSocket.last.end()
    expect(socket.protocol).toBe('')
  })

  it.each([
    [{ maxRetries: -1 }, 'maxRetries'],
    [{ minUptime: Number.NaN }, 'minUptime'],
    [{ connectionTimeout: '5' as never }, 'connectionTimeout'],
    [{ reconnectionDelayGrowFactor: 0.5 }, 'reconnectionDelayGrowFactor'],
    [{ maxEnqueuedMessages: -1 }, 'maxEnqueuedMessages'],
    [{ reconnect: 'never' as never }, 'reconnect'],
    [{ heartbeat: {} as never }, 'heartbeat'],
    [{ heartbeat: null as never }, 'heartbeat'],
    [{ heartbeat: { message: '', intervalMs: 0 } }, 'heartbeat.intervalMs'],
    [{ heartbeat: { message: '', timeoutMs: -1 } }, 'heartbeat.timeoutMs'],
  ])('refuses the option %o and names it', (options, field) => {
    const error = thrownBy(() => new SurewireSocket('ws://host', [], options))
    expect(error).toMatchObject({ name: 'TypeError', code: 'config_invalid', field })
    expect((error as Error).message).toContain(`'${field}' must be`)
  })
})

describe('the class', () => {
  it('has the constants, on itself and on its sockets', () => {
    const names = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'] as const
    const socket = made('ws://host')
    expect(names.map((name) => SurewireSocket[name])).toEqual([0, 1, 2, 3])
    expect(names.map((name) => socket[name])).toEqual([0, 1, 2, 3])
    expect(thrownBy(() => Object.assign(socket, { OPEN: 7 }))).toBeInstanceOf(TypeError)
  })

  it('is a WebSocket to the compiler, too', () => {
    expectTypeOf<SurewireSocket>().toExtend<WebSocket>()
    expectTypeOf<typeof SurewireSocket>().toExtend<typeof WebSocket>()
  })

  it('can be bound to options by with()', async () => {
    const Bound = SurewireSocket.with({ WebSocket: FakeSocket, startClosed: true })
    const socket = new Bound('ws://host', 'a')
    expect(socket).toBeInstanceOf(SurewireSocket)
    expect([socket.readyState, Bound.OPEN]).toEqual([3, 1])
  })
})

describe('close()', () => {
  it.each([0, 999, 1001, 1005, 1006, 2999, 5000, Number.NaN])('refuses the code %d', (code) => {
    expect(thrownBy(() => made('ws://host').close(code))).toMatchObject({ name: 'InvalidAccessError' })
  })

  it('refuses a reason longer than 123 bytes of UTF-8', () => {
    const socket = made('ws://host')
    socket.close(1000, 'é'.repeat(61))
    expect(thrownBy(() => socket.close(1000, 'é'.repeat(62)))).toMatchObject({ name: 'SyntaxError' })
  })

  it('says CLOSING in the next line, hands code and reason on, and tells the close when the peer answered', async () => {
    const { socket, clock, log, dialled } = rig()
    ;(await dialled()).open()
    socket.close(3000, 'bye')
    socket.close(4000, 'too late')
    expect([socket.readyState, FakeSocket.last.closed]).toEqual([2, [3000, 'bye']])
    FakeSocket.last.end(3000, 'bye', true)
    expect(log).toEqual(['open @1', 'close 3000 bye true @3'])
    expect(clock.pendingTimers).toBe(0)
  })

  it('hears no message any more', async () => {
    const { socket, log, dialled } = rig()
    ;(await dialled()).open()
    socket.close()
    FakeSocket.last.message('too late')
    FakeSocket.last.end(1000, '', true)
    expect(log).toEqual(['open @1', 'close 1000 true @3'])
  })

  it('takes a code as the standard converts it: a number in text, a fraction', async () => {
    for (const code of ['3000', 3000.4] as const) {
      const { socket, dialled } = rig()
      ;(await dialled()).open()
      socket.close(code as number)
      expect(FakeSocket.last.closed).toEqual([3000])
    }
    expect(thrownBy(() => made('ws://host').close(null as never))).toMatchObject({
      name: 'InvalidAccessError',
    })
  })

  it('without a code sends none', async () => {
    const { socket, dialled } = rig()
    ;(await dialled()).open()
    socket.close()
    expect(FakeSocket.last.closed).toEqual([])
  })

  it('does not wait for ever for a peer that is dead', async () => {
    const { socket, clock, log, dialled } = rig()
    ;(await dialled()).open()
    socket.close()
    await clock.advanceAsync(5_000)
    expect(log.at(-1)).toBe('close 1006 false @3')
    FakeSocket.last.end(1000, '', true)
    expect(log).toHaveLength(2)
  })

  it('while dialling: error and close 1006, not before close() has returned', async () => {
    const { socket, log, clock, dialled } = rig()
    const first = await dialled()
    socket.close()
    expect([socket.readyState, first.closed !== null, log]).toEqual([2, true, []])
    await clock.advanceAsync(0)
    expect(log).toEqual(['error closed before it was open @3', 'close 1006 false @3'])
  })

  it('between two connections: one last close with the last code, and no other dial', async () => {
    const { socket, log, clock, dialled } = rig()
    ;(await dialled()).open()
    FakeSocket.last.end(1012, '', true)
    socket.close()
    await clock.advanceAsync(60_000)
    expect(log.slice(2)).toEqual(['retry 1000 1 @0', 'close 1012 true @3'])
    expect(FakeSocket.all).toHaveLength(1)
  })

  it('in a handler of the close event ends the reconnecting, and no retry is told', async () => {
    const { socket, log, clock, dialled } = rig()
    socket.onclose = () => {
      socket.close()
      expect(socket.readyState).not.toBe(0)
    }
    ;(await dialled()).open()
    FakeSocket.last.end(1012)
    await clock.advanceAsync(60_000)
    expect(log).toEqual(['open @1', 'close 1012 false @0', 'close 1012 false @3'])
  })
})

describe('send()', () => {
  it('while connecting keeps data, as it was then, and sends it before the open event', async () => {
    const { socket, dialled } = rig()
    const bytes = new Uint8Array([1, 2, 3, 4])
    socket.send(bytes.subarray(1, 3))
    socket.send(bytes.buffer)
    socket.send('text')
    bytes.fill(0)
    socket.onopen = () => socket.send('in open')
    ;(await dialled()).open()
    const [view, buffer, ...texts] = FakeSocket.last.sent
    expect([...(view as Uint8Array)]).toEqual([2, 3])
    expect([...new Uint8Array(buffer as ArrayBuffer)]).toEqual([1, 2, 3, 4])
    expect(texts).toEqual(['text', 'in open'])
  })

  it('counts what waits in bytes of UTF-8, together with what the platform has not sent', async () => {
    const { socket, dialled } = rig()
    socket.send('é')
    socket.send(new Blob(['123']))
    socket.send(new Uint16Array(2))
    expect(socket.bufferedAmount).toBe(9)
    ;(await dialled()).open()
    FakeSocket.last.bufferedAmount = 7
    expect(socket.bufferedAmount).toBe(7)
  })

  it.each([[{ maxBufferedMessages: 1 }], [{ maxEnqueuedMessages: 1 }], [{ maxBufferedBytes: 4 }]])(
    'beyond %o drops the newest and says so',
    async (options) => {
      const { socket, log, dialled } = rig(options)
      socket.send('one')
      socket.send('two')
      expect(log).toEqual(['drop two full @0'])
      ;(await dialled()).open()
      expect(FakeSocket.last.sent).toEqual(['one'])
    },
  )

  it('after close() drops and says so', async () => {
    const { socket, log, dialled } = rig()
    ;(await dialled()).open()
    socket.close()
    socket.send('late')
    expect(log.at(-1)).toBe('drop late closed @2')
  })

  it('in a handler of the drop it was told of drops in a task of its own, and never holds up the rest', async () => {
    const { socket, clock, log } = rig({ maxBufferedMessages: 0 })
    let drops = 0
    socket.ondrop = ({ data }) => {
      if (++drops < 1_000) socket.send(data as string)
    }
    socket.send('a')
    expect(log).toEqual(['drop a full @0'])
    await clock.advanceAsync(0)
    expect(drops).toBeGreaterThan(1)
    socket.ondrop = null
    await clock.advanceAsync(0)
    const before = log.length
    await clock.advanceAsync(5)
    expect(log).toHaveLength(before)
  })

  it('to a connection that the peer is closing keeps data for the next one', async () => {
    const { socket, clock, dialled } = rig({ maxReconnectionDelay: 10 })
    ;(await dialled()).open()
    FakeSocket.last.readyState = 2
    socket.send('next')
    expect([socket.readyState, FakeSocket.last.sent]).toEqual([2, []])
    FakeSocket.last.end(1001)
    await clock.advanceAsync(10)
    FakeSocket.last.open()
    expect(FakeSocket.last.sent).toEqual(['next'])
  })
})

describe('events', () => {
  it('are of the standard classes where the platform has them, with data and origin', async () => {
    const { socket, dialled } = rig({ url: 'wss://host:8443/path' })
    const events: Event[] = []
    socket.onmessage = (event) => events.push(event)
    ;(await dialled()).open()
    FakeSocket.last.message('data')
    expect(events[0]).toBeInstanceOf(MessageEvent)
    expect(events[0]).toMatchObject({ type: 'message', data: 'data', origin: 'wss://host:8443' })
    expect(events[0]?.target).toBe(socket)
  })

  it('reach on… attributes in the place where the attribute was first set', async () => {
    const { socket, dialled } = rig()
    const calls: string[] = []
    socket.addEventListener('open', () => calls.push('first'))
    socket.onopen = () => calls.push('never')
    socket.addEventListener('open', () => calls.push('third'))
    socket.onopen = () => calls.push('second')
    ;(await dialled()).open()
    expect(calls).toEqual(['first', 'second', 'third'])
  })

  it('do not reach an attribute that was set to null, and only functions are kept', async () => {
    const { socket, dialled } = rig()
    const calls: string[] = []
    socket.onopen = () => calls.push('wrong')
    socket.onopen = null
    socket.onmessage = 'no function' as never
    expect([socket.onopen, socket.onmessage, socket.onclose, socket.ondrop]).toEqual([null, null, null, null])
    ;(await dialled()).open()
    FakeSocket.last.message('')
    expect(calls).toEqual([])
  })

  it('come once each, in order, also when a handler acts on the socket', async () => {
    const { socket, log, dialled } = rig()
    socket.onopen = () => socket.close(3000)
    ;(await dialled()).open()
    expect(log).toEqual(['open @1'])
    expect(socket.readyState).toBe(2)
  })
})

describe('what send() takes', () => {
  const odd: unknown[] = [123, true, null, undefined, [1, 2], { a: 1 }, new Map()]
  const texts = ['123', 'true', 'null', 'undefined', '1,2', '[object Object]', '[object Map]']

  it('is text unless it is bytes or a Blob, as the standard converts it, while connecting and when open', async () => {
    const { socket, dialled } = rig()
    for (const data of odd) socket.send(data as string)
    expect(socket.bufferedAmount).toBe(texts.join('').length)
    ;(await dialled()).open()
    for (const data of odd) socket.send(data as string)
    expect(FakeSocket.last.sent).toEqual([...texts, ...texts])
  })

  it('is bytes also if they come from another realm', async () => {
    const { socket, dialled } = rig()
    const foreign = runInNewContext('new Uint8Array([1, 2]).buffer') as ArrayBuffer
    expect(foreign).not.toBeInstanceOf(ArrayBuffer)
    socket.send(foreign)
    expect(socket.bufferedAmount).toBe(2)
    ;(await dialled()).open()
    socket.send(foreign)
    const [early, direct] = FakeSocket.last.sent
    expect([...(early as Uint8Array)]).toEqual([1, 2])
    expect(direct).toBe(foreign)
  })
})

describe('binaryType', () => {
  it('is blob at first, takes the two values of the standard, and holds for every connection', async () => {
    const { socket, clock, dialled } = rig({ maxReconnectionDelay: 10 })
    expect(socket.binaryType).toBe('blob')
    socket.binaryType = 'nodebuffer' as never
    expect(socket.binaryType).toBe('blob')
    ;(await dialled()).open()
    socket.binaryType = 'arraybuffer'
    expect(FakeSocket.last.binaryType).toBe('arraybuffer')
    FakeSocket.last.end()
    await clock.advanceAsync(10)
    expect([FakeSocket.all.length, FakeSocket.last.binaryType]).toEqual([2, 'arraybuffer'])
  })
})

describe('debug', () => {
  it('logs what is told, to a logger of the own', async () => {
    const lines: unknown[][] = []
    const { dialled } = rig({ debug: true, debugLogger: (...line) => lines.push(line) })
    ;(await dialled()).open()
    expect(lines.map(([, , type]) => type)).toEqual(['open'])
  })
})
