import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFaultProxy, type FaultProxy } from '../../tools/fault-proxy.js'

/** A socket and what it was told. */
class Ear {
  readonly socket: Socket
  text = ''
  /** How it ended: `end` is FIN, otherwise the code of the error. */
  readonly ends: string[] = []
  #waiters: { until: () => boolean; resolve: () => void }[] = []

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.#note(() => (this.text += chunk.toString())))
    socket.on('end', () => this.#note(() => this.ends.push('end')))
    socket.on('error', (error: NodeJS.ErrnoException) => this.#note(() => this.ends.push(error.code ?? '')))
    socket.on('close', () => this.#note(() => this.ends.push('close')))
  }

  /** Resolves once the condition holds; the test's deadline is the only clock. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ until: condition, resolve })
      this.#check()
    })
  }

  hears(text: string): Promise<void> {
    return this.until(() => this.text === text)
  }

  #note(change: () => unknown): void {
    change()
    this.#check()
  }

  #check(): void {
    const ready = this.#waiters.filter(({ until }) => until())
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter))
    for (const { resolve } of ready) resolve()
  }
}

let target: Server
let proxy: FaultProxy
const targetSockets: Ear[] = []
let onTarget: (() => void) | null = null
const opened: Socket[] = []

beforeEach(async () => {
  targetSockets.length = 0
  target = createServer({ allowHalfOpen: true }, (socket) => {
    targetSockets.push(new Ear(socket))
    onTarget?.()
  })
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
  proxy = await createFaultProxy({ target: { port: (target.address() as AddressInfo).port }, seed: 1 })
})

afterEach(async () => {
  await proxy.close()
  for (const socket of opened.splice(0)) socket.destroy()
  for (const { socket } of targetSockets) socket.destroy()
  await new Promise((resolve) => target.close(resolve))
})

/** A client through the proxy and the socket it reached at the target. */
async function open(): Promise<{ client: Ear; server: Ear }> {
  const reached = new Promise<Ear>((resolve) => {
    onTarget = () => resolve(targetSockets.at(-1) as Ear)
  })
  const socket = connect({ host: '127.0.0.1', port: proxy.port, allowHalfOpen: true })
  opened.push(socket)
  return { client: new Ear(socket), server: await reached }
}

/** Everything written before has gone through: a second connection's bytes made the same way. */
async function roundTrip({ client, server }: { client: Ear; server: Ear }): Promise<void> {
  client.socket.write('a')
  await server.hears('a')
  server.socket.write('b')
  await client.hears('b')
}

test('passes bytes both ways, counts them, and passes an orderly end on', async () => {
  const { client, server } = await open()
  await roundTrip({ client, server })
  expect(proxy.stats.bytes).toEqual({ up: 1, down: 1 })
  client.socket.end()
  await server.until(() => server.ends.includes('end'))
  server.socket.end()
  await client.until(() => client.ends.includes('close'))
  expect(client.ends).toEqual(['end', 'close'])
})

test('passes the reset of one side on to the other', async () => {
  const { client, server } = await open()
  await roundTrip({ client, server })
  server.socket.resetAndDestroy()
  await client.until(() => client.ends.includes('close'))
  expect(client.ends).toEqual(['ECONNRESET', 'close'])
})

test('reset: both sides learn at once', async () => {
  const { client, server } = await open()
  await roundTrip({ client, server })
  expect(proxy.reset()).toBe(1)
  await client.until(() => client.ends.includes('close'))
  await server.until(() => server.ends.includes('close'))
  expect([client.ends, server.ends]).toEqual([
    ['ECONNRESET', 'close'],
    ['ECONNRESET', 'close'],
  ])
  expect(proxy.connections).toBe(0)
})

test('resetEvery: again and again, until it is healed', async () => {
  proxy.resetEvery(5, 10)
  for (let round = 0; round < 3; round++) {
    const { client } = await open()
    await client.until(() => client.ends.includes('close'))
  }
  expect(proxy.stats.resets).toBeGreaterThanOrEqual(3)
  await proxy.heal()
  const { client, server } = await open()
  await roundTrip({ client, server })
})

test('halfClose: FIN one way, the other way still flows', async () => {
  const { client, server } = await open()
  await roundTrip({ client, server })
  proxy.halfClose('down')
  await client.until(() => client.ends.includes('end'))
  client.socket.write('!')
  await server.hears('a!')
  expect(client.ends).toEqual(['end'])
})

describe('blackhole', () => {
  test('nothing flows and nobody learns; healed, it flows', async () => {
    const { client, server } = await open()
    await roundTrip({ client, server })
    proxy.blackhole()
    client.socket.write('c')
    server.socket.write('d')
    // A connection made later, whose bytes would have overtaken if any were passed on.
    const other = await open()
    other.client.socket.write('e')
    expect([server.text, client.text, other.server.text]).toEqual(['a', 'b', ''])
    await proxy.heal()
    await Promise.all([server.hears('ac'), client.hears('bd'), other.server.hears('e')])
  })

  test('of one direction leaves the other alone', async () => {
    const { client, server } = await open()
    await roundTrip({ client, server })
    proxy.blackhole('up')
    client.socket.write('c')
    server.socket.write('d')
    await client.hears('bd')
    expect(server.text).toBe('a')
  })

  test('hides that a side is gone until it is healed', async () => {
    const { client, server } = await open()
    await roundTrip({ client, server })
    proxy.blackhole()
    server.socket.resetAndDestroy()
    await once(server.socket, 'close')
    const other = await open()
    expect([client.ends, other.client.ends]).toEqual([[], []])
    await proxy.heal()
    await client.until(() => client.ends.includes('close'))
    expect(client.ends).toEqual(['ECONNRESET', 'close'])
  })
})

test('cutInsideFrame: all but the last byte arrives, then the connection ends', async () => {
  const { client, server } = await open()
  await roundTrip({ client, server })
  const cut = proxy.cutInsideFrame('down')
  server.socket.write('hello')
  await cut
  await client.until(() => client.ends.includes('end'))
  expect(client.text).toBe('bhell')
  await server.until(() => server.ends.includes('close'))
})

test('delay: arrives later, in order', async () => {
  const { client, server } = await open()
  await roundTrip({ client, server })
  proxy.delay(30)
  const sentAt = performance.now()
  client.socket.write('c')
  client.socket.write('d')
  await server.hears('acd')
  expect(performance.now() - sentAt).toBeGreaterThanOrEqual(28)
})

test('delay: healed, what was held back flows at once', async () => {
  const { client, server } = await open()
  await roundTrip({ client, server })
  proxy.delay(1_000_000)
  client.socket.write('c')
  // The byte is in the proxy's hands once the proxy counted it.
  while (proxy.stats.bytes.up < 2) await new Promise((resolve) => setImmediate(resolve))
  expect(server.text).toBe('a')
  await proxy.heal()
  await server.hears('ac')
})

test('trickle: a few bytes at a time', async () => {
  const { client, server } = await open()
  await roundTrip({ client, server })
  proxy.trickle(100)
  const sentAt = performance.now()
  client.socket.write('x'.repeat(21))
  await server.until(() => server.text.length === 22)
  expect(performance.now() - sentAt).toBeGreaterThanOrEqual(195)
})

test('buffer: everything of a period arrives at its end', async () => {
  const { client, server } = await open()
  await roundTrip({ client, server })
  proxy.buffer(50)
  const sentAt = performance.now()
  client.socket.write('c')
  await server.hears('ac')
  expect(performance.now() - sentAt).toBeGreaterThanOrEqual(48)
})

test('idleReaper: only a silent connection is ended', async () => {
  const { client, server } = await open()
  await roundTrip({ client, server })
  proxy.idleReaper(100)
  const silentSince = performance.now()
  await client.until(() => client.ends.includes('close'))
  expect(performance.now() - silentSince).toBeGreaterThanOrEqual(95)
  expect(proxy.stats.reaped).toBe(1)
})

test('refuse: connections to come are refused, open ones live; then the same port listens again', async () => {
  const { client, server } = await open()
  await roundTrip({ client, server })
  await proxy.refuse(true)
  const refused = new Ear(connect({ host: '127.0.0.1', port: proxy.port }))
  await refused.until(() => refused.ends.includes('close'))
  expect(refused.ends).toEqual(['ECONNREFUSED', 'close'])
  client.socket.write('c')
  await server.hears('ac')
  await proxy.refuse(false)
  await roundTrip(await open())
})

test('a target that is not there resets the client', async () => {
  await new Promise((resolve) => target.close(resolve))
  const socket = connect({ host: '127.0.0.1', port: proxy.port })
  opened.push(socket)
  const client = new Ear(socket)
  await client.until(() => client.ends.includes('close'))
  expect(client.ends).toEqual(['ECONNRESET', 'close'])
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
})

test('a fast sender is slowed down instead of filling the memory', async () => {
  const { client, server } = await open()
  await roundTrip({ client, server })
  proxy.blackhole()
  const block = Buffer.alloc(4 * 1024 * 1024)
  for (let count = 0; count < 16; count++) client.socket.write(block)
  while (proxy.stats.bytes.up < 1024 * 1024) await new Promise((resolve) => setImmediate(resolve))
  for (let turn = 0; turn < 1_000; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(proxy.stats.bytes.up).toBeLessThan(3 * 1024 * 1024)
})
