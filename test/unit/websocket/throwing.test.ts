/** What is not ours and throws: functions of the application's, and the platform's socket. Each is told, none breaks us. */
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { SurewireSocket, type SocketErrorEvent } from '../../../src/websocket/index.js'
import { FakeSocket, rig, type Rig, type RigOptions } from './fake-socket.js'

const quick = { minReconnectionDelay: 100, maxReconnectionDelay: 100 }
const oops = new Error('oops')
const fail = (): never => {
  throw oops
}

/** A rig, and the causes that its `error` events tell. */
function watched(options: RigOptions): Rig & { readonly causes: unknown[] } {
  const made = rig({ ...quick, ...options })
  const causes: unknown[] = []
  made.socket.addEventListener('error', (event) => causes.push((event as unknown as SocketErrorEvent).error))
  return { ...made, causes }
}

describe('a function of the application that throws', () => {
  it.each([
    ['url', { url: fail }],
    ['url, asynchronously', { url: () => Promise.reject(oops) }],
    ['protocols', { protocols: fail }],
    ['both', { url: () => Promise.reject(oops), protocols: fail }],
  ])('%s: is told by error with its cause, and asked again at the next dial', async (_name, options) => {
    const { clock, log, causes } = watched(options)
    await clock.advanceAsync(0)
    expect(log).toEqual(['error oops @0', 'close 1006 false @0', 'retry 100 1 @0'])
    expect(causes).toEqual([oops])
    await clock.advanceAsync(100)
    expect(causes).toEqual([oops, oops])
    expect(FakeSocket.all).toHaveLength(0)
  })

  it('url: is not asked before the constructor has returned, so that it may use the socket', async () => {
    const states: number[] = []
    const socket: SurewireSocket = new SurewireSocket(
      () => {
        states.push(socket.readyState)
        return 'ws://host/'
      },
      [],
      { WebSocket: FakeSocket },
    )
    onTestFinished(() => socket.close())
    expect(states).toEqual([])
    await vi.waitFor(() => expect(states).toEqual([SurewireSocket.CONNECTING]))
  })

  it('shouldReconnectOnClose: is told, and the socket reconnects as without it', async () => {
    const { clock, log, causes, dialled } = watched({ shouldReconnectOnClose: fail })
    ;(await dialled()).open()
    FakeSocket.last.end(1012)
    expect(log.slice(1)).toEqual(['error oops @0', 'close 1012 false @0', 'retry 100 1 @0'])
    expect(causes).toEqual([oops])
    await clock.advanceAsync(100)
    expect(FakeSocket.all).toHaveLength(2)
  })

  it('heartbeat.message: is told; a connection that nobody can ask is replaced, unless it speaks by itself', async () => {
    const heartbeat = { intervalMs: 1_000, timeoutMs: 200, message: fail }
    const { clock, log, causes, dialled } = watched({ heartbeat })
    ;(await dialled()).open()
    await clock.advanceAsync(1_000)
    expect([log.at(-1), causes]).toEqual(['error oops @1', [oops]])
    FakeSocket.last.message('data')
    await clock.advanceAsync(1_199)
    expect([log.at(-1), causes]).toEqual(['error oops @1', [oops, oops]])
    await clock.advanceAsync(1)
    expect(log.slice(-2)).toEqual(['close 1006 no answer to the heartbeat false @0', 'retry 100 1 @0'])
  })

  it('heartbeat.isReply: is told, and the message is delivered', async () => {
    const { log, causes, dialled } = watched({ heartbeat: { message: '', isReply: fail } })
    ;(await dialled()).open()
    FakeSocket.last.message('data')
    expect(log.slice(1)).toEqual(['error oops @1', 'message data @1'])
    expect(causes).toEqual([oops])
  })

  it('debugLogger: is told, and every event comes as without it', async () => {
    const { log, dialled } = watched({ debug: true, debugLogger: fail })
    ;(await dialled()).open()
    FakeSocket.last.end(1012)
    expect(log.filter((line) => !line.startsWith('error oops'))).toEqual([
      ...['open @1', 'close 1012 false @0', 'retry 100 1 @0'],
    ])
    expect(log.filter((line) => line.startsWith('error oops'))).toHaveLength(3)
  })

  it('may throw what is no Error', async () => {
    const { clock, log, causes } = watched({ url: () => Promise.reject('no token') })
    await clock.advanceAsync(0)
    expect([log[0], causes]).toEqual(['error no token @0', ['no token']])
  })
})

describe("the platform's socket that throws", () => {
  class Refusing extends FakeSocket {
    override send(data: unknown): void {
      if (data === 'bad') fail()
      super.send(data)
    }
  }
  class Unclosable extends FakeSocket {
    override close(): void {
      fail()
    }
  }

  it('in the constructor: is told at each dial, and tried again', async () => {
    class Impossible {
      readonly readyState = 0
      constructor() {
        fail()
      }
      close(): void {}
    }
    const { clock, log, causes } = watched({ WebSocket: Impossible, maxRetries: 1 })
    await clock.advanceAsync(100)
    expect(causes).toEqual([oops, oops])
    expect(log.at(-1)).toBe('close 1006 false @3')
  })

  it('half made: is closed, and nothing of it is kept', async () => {
    class Deaf extends FakeSocket {
      override addEventListener(): void {
        fail()
      }
    }
    const { log, dialled } = watched({ WebSocket: Deaf })
    expect((await dialled()).closed).toEqual([1000])
    expect(log).toEqual(['error oops @0', 'close 1006 false @0', 'retry 100 1 @0'])
  })

  it('in send(), for one of those that waited: tells and drops it, sends the others, and is open', async () => {
    const { socket, log, causes, dialled } = watched({ WebSocket: Refusing })
    for (const data of ['one', 'bad', 'two']) socket.send(data)
    ;(await dialled()).open()
    expect(FakeSocket.last.sent).toEqual(['one', 'two'])
    expect(log).toEqual(['error oops @1', 'drop bad failed @1', 'open @1'])
    expect([causes, socket.bufferedAmount]).toEqual([[oops], 0])
  })

  it('in send(), when open: tells and drops it, and goes on', async () => {
    const { socket, log, dialled } = watched({ WebSocket: Refusing })
    ;(await dialled()).open()
    socket.send('bad')
    socket.send('good')
    expect(FakeSocket.last.sent).toEqual(['good'])
    expect(log.slice(1)).toEqual(['error oops @1', 'drop bad failed @1'])
  })

  it('in send(), for a heartbeat: tells it, and the connection is replaced as a silent one', async () => {
    const heartbeat = { intervalMs: 1_000, timeoutMs: 200, message: 'bad' }
    const { clock, log, dialled } = watched({ WebSocket: Refusing, heartbeat })
    ;(await dialled()).open()
    await clock.advanceAsync(1_200)
    expect(log.slice(1)).toEqual([
      ...['error oops @1', 'close 1006 no answer to the heartbeat false @0', 'retry 100 1 @0'],
    ])
  })

  it('in close(): tells it, and close() ends as with a peer that is dead', async () => {
    const { socket, clock, log, dialled } = watched({ WebSocket: Unclosable })
    ;(await dialled()).open()
    socket.close(3000)
    expect([socket.readyState, log.at(-1)]).toEqual([SurewireSocket.CLOSING, 'error oops @2'])
    await clock.advanceAsync(5_000)
    expect(log.slice(-2)).toEqual(['error oops @3', 'close 1006 false @3'])
    expect(clock.pendingTimers).toBe(0)
  })

  it('in close(), when it is given up or replaced: tells it, and the next is dialled', async () => {
    const { socket, clock, log, dialled } = watched({ WebSocket: Unclosable, connectionTimeout: 300 })
    await dialled()
    await clock.advanceAsync(300)
    const told = log.splice(0).map((line) => line.split(' ')[0])
    expect(told).toEqual(['error', 'error', 'close', 'retry'])
    await clock.advanceAsync(100)
    FakeSocket.last.open()
    socket.reconnect()
    expect(log).toEqual(['open @1', 'error oops @0', 'close 1000 false @0'])
    await clock.advanceAsync(0)
    expect(FakeSocket.all).toHaveLength(3)
  })
})
