import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { SurewireSocket } from '../../../src/websocket/index.js'
import { FakeSocket, rig } from './fake-socket.js'

const quick = { minReconnectionDelay: 100, maxReconnectionDelay: 1_000, reconnectionDelayGrowFactor: 2 }

describe('a SurewireSocket that loses its connection', () => {
  it('tells the close, says CONNECTING meanwhile, and opens again after the delay', async () => {
    const { clock, log, dialled } = rig(quick)
    ;(await dialled()).open()
    FakeSocket.last.end(1012, 'restart', true)
    await clock.advanceAsync(99)
    expect(FakeSocket.all).toHaveLength(1)
    await clock.advanceAsync(1)
    FakeSocket.last.open()
    expect(FakeSocket.all).toHaveLength(2)
    expect(log).toEqual(['open @1', 'close 1012 restart true @0', 'retry 100 1 @0', 'open @1'])
  })

  it('tells a dial that failed by error, then close, with what the platform knows', async () => {
    const { log, dialled } = rig(quick)
    ;(await dialled()).fail('refused')
    expect(log).toEqual(['error refused @0', 'close 1006 false @0', 'retry 100 1 @0'])
  })

  it('waits longer with each retry, between the shortest delay and the next step, and never beyond the longest', async () => {
    const { clock, log, dialled } = rig({ ...quick, random: 1 })
    for (let round = 0; round < 6; round++) {
      ;(await dialled()).fail('refused')
      await clock.advanceAsync(1_000)
    }
    const delays = log.filter((line) => line.startsWith('retry')).map((line) => line.split(' ')[1])
    expect(delays).toEqual(['200', '400', '800', '1000', '1000', '1000'])
  })

  it('lets delays that grow slowly grow to the longest, too', async () => {
    const slow = { minReconnectionDelay: 100, maxReconnectionDelay: 1_000, reconnectionDelayGrowFactor: 1.01 }
    const { clock, log, dialled } = rig({ ...slow, random: 1 })
    for (let round = 0; round < 240; round++) {
      ;(await dialled()).fail('refused')
      await clock.advanceAsync(1_000)
    }
    expect(log.findLast((line) => line.startsWith('retry'))).toBe('retry 1000 240 @0')
  })

  it('takes a shortest delay above the longest as the longest, and no delay at all', async () => {
    for (const [delays, expected] of [
      [{ maxReconnectionDelay: 50 }, '50'],
      [{ minReconnectionDelay: 0, maxReconnectionDelay: 0 }, '0'],
    ] as const) {
      const { log, dialled } = rig({ ...delays, random: 0.5 })
      ;(await dialled()).fail('refused')
      expect(log.at(-1)).toBe(`retry ${expected} 1 @0`)
    }
  })

  it('never retries in a busy loop, whatever the delays are', async () => {
    const endless = { minReconnectionDelay: Infinity, maxReconnectionDelay: Infinity }
    const { clock, log, dialled } = rig(endless)
    ;(await dialled()).fail('refused')
    await clock.advanceAsync(3_600_000)
    expect([log.at(-1), FakeSocket.all.length]).toEqual(['retry Infinity 1 @0', 1])
    const none = rig({ minReconnectionDelay: 0, reconnectionDelayGrowFactor: Infinity })
    ;(await none.dialled()).fail('refused')
    expect(none.log.at(-1)).toBe('retry 0 1 @0')
  })

  it('counts retries until a connection held for minUptime', async () => {
    const { socket, clock, dialled } = rig({ ...quick, minUptime: 500 })
    for (let round = 0; round < 2; round++) {
      ;(await dialled()).open()
      await clock.advanceAsync(499)
      FakeSocket.last.end()
      await clock.advanceAsync(1_000)
    }
    expect(socket.retryCount).toBe(2)
    FakeSocket.last.open()
    await clock.advanceAsync(500)
    expect(socket.retryCount).toBe(0)
    FakeSocket.last.end()
    expect(socket.retryCount).toBe(1)
  })

  it('closes for good after maxRetries, drops what waited, and says so', async () => {
    const { socket, clock, log, dialled } = rig({ ...quick, maxRetries: 1 })
    socket.send('waiting')
    ;(await dialled()).fail('refused')
    await clock.advanceAsync(100)
    FakeSocket.last.fail('refused')
    expect(log.slice(3)).toEqual(['drop waiting closed @3', 'error refused @3', 'close 1006 false @3'])
    expect([socket.shouldReconnect, clock.pendingTimers]).toEqual([false, 0])
  })

  it('closes for good when shouldReconnectOnClose refuses', async () => {
    const { socket, clock, log, dialled } = rig({ shouldReconnectOnClose: ({ code }) => code !== 4400 })
    ;(await dialled()).open()
    FakeSocket.last.end(4400, 'gone', true)
    expect(log.at(-1)).toBe('close 4400 gone true @3')
    expect([socket.readyState, clock.pendingTimers]).toEqual([SurewireSocket.CLOSED, 0])
  })

  it('obeys a close() inside shouldReconnectOnClose', async () => {
    const { socket, clock, log, dialled } = rig({
      shouldReconnectOnClose: () => {
        socket.close()
        return true
      },
    })
    ;(await dialled()).open()
    FakeSocket.last.end(1012)
    await clock.advanceAsync(60_000)
    expect(log).toEqual(['open @1', 'close 1012 false @2', 'close 1012 false @3'])
    expect(FakeSocket.all).toHaveLength(1)
  })

  it('gives up a dial after connectionTimeout, its url() included, and hears nothing of it any more', async () => {
    const { clock, log, dialled } = rig({ ...quick, connectionTimeout: 300 })
    const first = await dialled()
    await clock.advanceAsync(300)
    expect(first.closed).not.toBeNull()
    first.open()
    expect(log[0]).toBe('error not open after 300 ms @0')
    const hung = rig({ ...quick, connectionTimeout: 300, url: () => new Promise(() => undefined) })
    await hung.clock.advanceAsync(300)
    expect(hung.log[0]).toBe('error not open after 300 ms @0')
  })

  it('asks url and protocols before every dial, also asynchronous ones', async () => {
    let asked = 0
    const { socket, clock, dialled } = rig({
      ...quick,
      url: async () => `http://host/${++asked}`,
      protocols: () => [`p${asked}`],
    })
    expect(socket.url).toBe('')
    ;(await dialled()).fail('refused')
    await clock.advanceAsync(100)
    expect(FakeSocket.all.map(({ url }) => url)).toEqual(['ws://host/1', 'ws://host/2'])
    expect(socket.url).toBe('ws://host/2')
  })

  it('tells of a url() that throws or gives no address, and tries again', async () => {
    const answers = ['mailto:x', 'ws://host/']
    const { clock, log, dialled } = rig({ ...quick, url: () => answers.shift() ?? '' })
    await clock.advanceAsync(0)
    expect(log[0]).toMatch(/^error 'mailto:x' is no ws:/)
    await clock.advanceAsync(100)
    expect((await dialled()).url).toBe('ws://host/')
  })

  it('ignores a dial whose url() answers after it was given up', async () => {
    let answer: (url: string) => void = () => undefined
    const { clock } = rig({
      connectionTimeout: 100,
      maxRetries: 0,
      url: () => new Promise<string>((resolve) => (answer = resolve)),
    })
    await clock.advanceAsync(100)
    answer('ws://late/')
    await clock.advanceAsync(0)
    expect(FakeSocket.all).toHaveLength(0)
  })
})

describe('reconnect()', () => {
  it('replaces an open connection at once, as if nothing had been tried before', async () => {
    const { socket, log, dialled } = rig(quick)
    const first = await dialled()
    first.open()
    socket.reconnect(3001, 'new token')
    expect(first.closed).toEqual([3001, 'new token'])
    expect(log).toEqual(['open @1', 'close 3001 new token false @0'])
    ;(await dialled()).open()
    first.end()
    expect([FakeSocket.all.length, socket.readyState, socket.retryCount]).toEqual([2, 1, 0])
  })

  it('takes a code as close() does', async () => {
    const { socket, log, dialled } = rig()
    ;(await dialled()).open()
    socket.reconnect(3000.4, 'x')
    expect(FakeSocket.last.closed).toEqual([3000, 'x'])
    expect(log.at(-1)).toBe('close 3000 x false @0')
    expect(() => socket.reconnect(2999.4)).toThrow('close code 2999')
  })

  it('forgets the retries before it', async () => {
    const { socket, dialled } = rig(quick)
    ;(await dialled()).fail('refused')
    expect(socket.retryCount).toBe(1)
    socket.reconnect()
    expect([socket.retryCount, socket.readyState]).toEqual([0, 0])
  })

  it('starts a socket that was made with startClosed, which keeps what is sent before', async () => {
    const { socket, clock, log, dialled } = rig({ startClosed: true })
    expect([socket.readyState, socket.shouldReconnect]).toEqual([3, false])
    socket.send('early')
    await clock.advanceAsync(60_000)
    expect(FakeSocket.all).toHaveLength(0)
    socket.reconnect()
    ;(await dialled()).open()
    expect(FakeSocket.last.sent).toEqual(['early'])
    expect(log).toEqual(['open @1'])
  })

  it('opens a closed socket again, and cuts a wait short', async () => {
    const { socket, clock, dialled } = rig()
    ;(await dialled()).open()
    socket.close()
    FakeSocket.last.end(1000, '', true)
    socket.reconnect()
    ;(await dialled()).open()
    FakeSocket.last.end()
    socket.reconnect()
    ;(await dialled()).open()
    expect([FakeSocket.all.length, socket.readyState]).toEqual([3, 1])
    await clock.advanceAsync(60_000)
    expect(FakeSocket.all).toHaveLength(3)
  })
})

describe('close() before the first dial', () => {
  it('drops what waits, for good, and tells no close of what never was', async () => {
    const { socket, clock, log, dialled } = rig({ startClosed: true })
    socket.send('early')
    socket.close()
    socket.send('late')
    expect(log).toEqual(['drop early closed @3', 'drop late closed @3'])
    expect([socket.bufferedAmount, clock.pendingTimers]).toEqual([0, 0])
    socket.reconnect()
    ;(await dialled()).open()
    expect(FakeSocket.last.sent).toEqual([])
  })
})

describe('shouldReconnect', () => {
  it('is true while another attempt follows a loss, also between two, and of a connection that the peer is closing', async () => {
    const { socket, clock, dialled } = rig({ ...quick, maxRetries: 1 })
    const seen = [socket.shouldReconnect]
    ;(await dialled()).open()
    FakeSocket.last.readyState = 2
    seen.push(socket.shouldReconnect)
    FakeSocket.last.end()
    seen.push(socket.shouldReconnect)
    await clock.advanceAsync(100)
    expect([...seen, FakeSocket.all.length]).toEqual([true, true, true, 2])
  })

  it('is false for the last retry, until a connection held for minUptime', async () => {
    const { socket, clock, dialled } = rig({ ...quick, maxRetries: 1, minUptime: 500 })
    ;(await dialled()).fail('refused')
    await clock.advanceAsync(100)
    expect(socket.shouldReconnect).toBe(false)
    FakeSocket.last.open()
    expect(socket.shouldReconnect).toBe(false)
    await clock.advanceAsync(500)
    expect(socket.shouldReconnect).toBe(true)
  })

  it("is true with 'until-open' while dialling, and false once open", async () => {
    const { socket, dialled } = rig({ reconnect: 'until-open' })
    expect(socket.shouldReconnect).toBe(true)
    ;(await dialled()).open()
    expect(socket.shouldReconnect).toBe(false)
  })

  it('is false after close(), and while it lasts', async () => {
    const { socket, dialled } = rig()
    ;(await dialled()).open()
    socket.close()
    expect(socket.shouldReconnect).toBe(false)
    FakeSocket.last.end(1000, '', true)
    expect(socket.shouldReconnect).toBe(false)
  })
})

describe("reconnect: 'until-open'", () => {
  it('is the default for subprotocols that begin with a handshake: failed dials are retries only, a loss is final', async () => {
    for (const protocols of ['graphql-transport-ws', ['mqtt']]) {
      const { log, clock, dialled } = rig({ ...quick, protocols })
      ;(await dialled()).fail('refused')
      await clock.advanceAsync(100)
      FakeSocket.last.open()
      FakeSocket.last.end(1012)
      expect(log).toEqual(['retry 100 1 @0', 'open @1', 'close 1012 false @3'])
      expect(clock.pendingTimers).toBe(0)
    }
  })

  it('goes by what a function for the subprotocols answers, at every dial', async () => {
    const answers = ['chat', 'mqtt', 'mqtt']
    const { log, clock, dialled } = rig({ ...quick, protocols: () => answers.shift() })
    ;(await dialled()).fail('refused')
    await clock.advanceAsync(100)
    FakeSocket.last.fail('refused')
    await clock.advanceAsync(100)
    FakeSocket.last.open()
    FakeSocket.last.end(1012)
    expect(log).toEqual([
      ...['error refused @0', 'close 1006 false @0', 'retry 100 1 @0'],
      ...['retry 100 2 @0', 'open @1', 'close 1012 false @3'],
    ])
    expect(clock.pendingTimers).toBe(0)
  })

  it('can be asked for and refused', async () => {
    const asked = rig({ reconnect: 'until-open' })
    ;(await asked.dialled()).open()
    FakeSocket.last.end()
    expect(asked.socket.readyState).toBe(3)
    const refused = rig({ reconnect: 'always', protocols: ['mqtt'] })
    ;(await refused.dialled()).open()
    FakeSocket.last.end()
    expect(refused.socket.readyState).toBe(0)
  })
})

describe('a heartbeat', () => {
  const heartbeat = { intervalMs: 1_000, timeoutMs: 200, message: 'ping' }

  it('is not sent unless asked for', async () => {
    const { clock, dialled } = rig()
    ;(await dialled()).open()
    await clock.advanceAsync(3_600_000)
    expect(FakeSocket.last.sent).toEqual([])
  })

  it('asks after silence; anything received is a sign of life', async () => {
    const { socket, clock, dialled } = rig({ heartbeat })
    ;(await dialled()).open()
    await clock.advanceAsync(900)
    FakeSocket.last.message('data')
    await clock.advanceAsync(999)
    expect(FakeSocket.last.sent).toEqual([])
    await clock.advanceAsync(1)
    expect(FakeSocket.last.sent).toEqual(['ping'])
    FakeSocket.last.message('anything')
    await clock.advanceAsync(900)
    expect(socket.readyState).toBe(1)
  })

  it('replaces a connection that does not answer, without waiting for its close', async () => {
    const { clock, log, dialled } = rig({ ...quick, heartbeat })
    const silent = await dialled()
    silent.open()
    await clock.advanceAsync(1_200)
    expect(silent.closed).toEqual([4000, 'no answer to the heartbeat'])
    expect(log.slice(1)).toEqual(['close 1006 no answer to the heartbeat false @0', 'retry 100 1 @0'])
    silent.message('late')
    silent.end()
    expect(log).toHaveLength(3)
  })

  it('keeps answers to itself if told which they are, and asks a function what to send', async () => {
    let n = 0
    const { clock, log, dialled } = rig({
      heartbeat: { ...heartbeat, message: () => `ping ${++n}`, isReply: (data) => data === 'pong' },
    })
    ;(await dialled()).open()
    await clock.advanceAsync(1_000)
    FakeSocket.last.message('pong')
    FakeSocket.last.message('data')
    expect(FakeSocket.last.sent).toEqual(['ping 1'])
    expect(log).toEqual(['open @1', 'message data @1'])
  })
})

describe("the platform's timers", () => {
  it('are asked for no longer time than they know, and a delay beyond it is waited for all the same', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const asked = vi.spyOn(globalThis, 'setTimeout')
    const tooLong = 2 ** 31 + 5_000
    const hung = new SurewireSocket(() => new Promise<string>(() => undefined), [], {
      connectionTimeout: tooLong,
      maxRetries: 0,
    })
    const told: string[] = []
    hung.addEventListener('error', ({ type }) => told.push(type))
    await vi.advanceTimersByTimeAsync(tooLong - 1)
    expect([told, vi.getTimerCount()]).toEqual([[], 1])
    await vi.advanceTimersByTimeAsync(2)
    expect([told, vi.getTimerCount()]).toEqual([['error'], 0])
    expect(Math.max(...asked.mock.calls.map(([, delayMs]) => delayMs ?? 0))).toBe(2 ** 31 - 1)
  })
})
