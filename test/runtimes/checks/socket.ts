/** SurewireSocket on the platform's own events and sockets. */
import type { SurewireSocket } from '../../../src/websocket/index.js'
import { type Bench, type Check, equal, errorOf, holds, until } from '../check.js'

async function open(bench: Bench): Promise<{ socket: SurewireSocket; got: unknown[]; events: string[] }> {
  const { SurewireSocket } = await bench.load('websocket')
  const options = { minReconnectionDelay: 20, maxReconnectionDelay: 100 }
  const socket = new SurewireSocket(`${bench.place.url}/echo`, [], options)
  bench.finally(() => socket.close())
  const got: unknown[] = []
  const events: string[] = []
  for (const type of ['open', 'close', 'retry', 'drop'] as const) {
    socket.addEventListener(type, () => events.push(type))
  }
  socket.addEventListener('message', ({ data }) => got.push(data))
  return { socket, got, events }
}

const echoes: Check = {
  title: 'SurewireSocket: what is sent while connecting is sent; text comes back',
  run: async (bench) => {
    const { socket, got } = await open(bench)
    equal(socket.readyState, 0, 'readyState')
    socket.send('early')
    await until('it came back', () => got.length === 1)
    socket.send('later')
    await until('that, too', () => got.length === 2)
    equal([got, socket.readyState], [['early', 'later'], 1], 'messages, readyState')
  },
}

const binary: Check = {
  title: 'SurewireSocket: bytes come back as an ArrayBuffer, and as a Blob where that is asked for',
  run: async (bench) => {
    const { socket, got } = await open(bench)
    socket.binaryType = 'arraybuffer'
    socket.send(new Uint8Array([1, 2, 3]))
    await until('they came back', () => got.length === 1)
    holds(
      got[0] instanceof ArrayBuffer,
      `an ArrayBuffer came back, not ${Object.prototype.toString.call(got[0])}`,
    )
    equal([...new Uint8Array(got[0] as ArrayBuffer)], [1, 2, 3], 'bytes')
    socket.binaryType = 'blob'
    socket.send(new Uint8Array([4, 5]))
    await until('those, too', () => got.length === 2)
    holds(got[1] instanceof Blob, `a Blob came back, not ${Object.prototype.toString.call(got[1])}`)
    equal([...new Uint8Array(await (got[1] as Blob).arrayBuffer())], [4, 5], 'bytes of the Blob')
  },
}

const reconnects: Check = {
  title: 'SurewireSocket: comes back after a reset, tells so, and sends what waited',
  run: async (bench) => {
    const { socket, got, events } = await open(bench)
    await until('it is open', () => socket.readyState === 1)
    await bench.fault('reset')
    await until('the loss is told', () => events.includes('close'))
    socket.send('waited')
    await until('it came back', () => got.length === 1)
    equal(events, ['open', 'close', 'retry', 'open'], 'events')
  },
}

const closes: Check = {
  title: 'SurewireSocket: close(code, reason) ends it, and the CloseEvent says both',
  run: async (bench) => {
    const { socket } = await open(bench)
    await until('it is open', () => socket.readyState === 1)
    const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve))
    socket.close(4321, 'enough')
    const { code, reason, wasClean } = await closed
    equal(
      [code, reason, wasClean, socket.readyState],
      [4321, 'enough', true, 3],
      'code, reason, clean, state',
    )
  },
}

const refuses: Check = {
  title: 'SurewireSocket: addresses and close codes that the standard forbids throw',
  run: async (bench) => {
    const { SurewireSocket } = await bench.load('websocket')
    equal((await errorOf(() => new SurewireSocket('ftp://example.com'))).name, 'SyntaxError', 'address')
    const { socket } = await open(bench)
    equal((await errorOf(() => socket.close(1001))).name, 'InvalidAccessError', 'close code')
  },
}

export const socketChecks: readonly Check[] = [echoes, binary, reconnects, closes, refuses]
