import { createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type Client, createClient } from '../../src/index.js'
import { createServer } from '../../src/server/index.js'
import { createFaultProxy, type FaultProxy } from '../../tools/fault-proxy.js'
import { ended, startProcess } from '../support/child.js'
import { until } from '../support/ledger.js'

describe('deadlines over real sockets', () => {
  const cleanups: (() => Promise<unknown> | unknown)[] = []
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  })

  async function throughProxy(heartbeat?: {
    intervalMs: number
    timeoutMs: number
  }): Promise<[Client, FaultProxy]> {
    const server = createServer({ authorize: () => true })
    const { port } = await server.listen(0)
    cleanups.push(() => server.close({ drainMs: 0 }))
    const proxy = await createFaultProxy({ target: { port } })
    cleanups.push(() => proxy.close())
    const client = createClient({ url: proxy.url, ...(heartbeat === undefined ? {} : { heartbeat }) })
    cleanups.push(() => client.close({ drainMs: 0 }))
    await client.connect()
    return [client, proxy]
  }

  async function noticed(client: Client, proxy: FaultProxy, timeoutMs: number): Promise<number> {
    const start = performance.now()
    proxy.blackhole()
    await until('the black hole is noticed', () => client.snapshot.status !== 'connected', timeoutMs)
    return performance.now() - start
  }

  it('notices a black hole within 2.6 s with a heartbeat of 1 s and 1 s', async () => {
    const [client, proxy] = await throughProxy({ intervalMs: 1_000, timeoutMs: 1_000 })
    expect(await noticed(client, proxy, 5_000)).toBeLessThan(2_600)
  })

  it('notices a black hole within 36 s by default', { timeout: 60_000 }, async () => {
    const [client, proxy] = await throughProxy()
    expect(await noticed(client, proxy, 40_000)).toBeLessThan(36_000)
  })

  /** Accepts TCP and never answers. */
  async function silentServer(): Promise<string> {
    const sockets = new Set<Socket>()
    const tcp: TcpServer = createTcpServer((socket) => sockets.add(socket))
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => tcp.close(resolve))
    })
    return `ws://127.0.0.1:${(tcp.address() as { port: number }).port}/ws`
  }

  it('ends an attempt at connectTimeoutMs when the server never upgrades', async () => {
    const url = await silentServer()
    const client = createClient({ url, connectTimeoutMs: 500, reconnect: false })
    cleanups.push(() => client.close())
    const start = performance.now()
    await expect(client.connect()).rejects.toMatchObject({ code: 'connect_timeout' })
    expect(performance.now() - start).toBeGreaterThan(490)
    expect(performance.now() - start).toBeLessThan(750)
  })

  const DRAIN_MS = 300
  const states: [string, () => Promise<Client>][] = [
    ['idle', async () => createClient({ url: 'ws://127.0.0.1:9/ws' })],
    [
      'waiting for url()',
      async () => {
        const client = createClient({ url: () => new Promise<string>(() => undefined) })
        void client.connect()
        return client
      },
    ],
    [
      'dialing',
      async () => {
        const client = createClient({ url: await silentServer() })
        void client.connect()
        await new Promise((resolve) => setTimeout(resolve, 50))
        return client
      },
    ],
    [
      'waiting to reconnect',
      async () => {
        const client = createClient({
          url: 'ws://127.0.0.1:9/ws',
          reconnect: { initialDelayMs: 60_000, jitter: 'none' },
        })
        void client.connect()
        await until('the dial has failed', () => client.snapshot.retryAt !== null)
        return client
      },
    ],
    ['connected', async () => (await throughProxy())[0]],
    [
      'connected into a black hole, with messages under way',
      async () => {
        const [client, proxy] = await throughProxy()
        proxy.blackhole()
        client.send('lost', null)
        return client
      },
    ],
    [
      'disconnected',
      async () => {
        const [client] = await throughProxy()
        await client.disconnect()
        return client
      },
    ],
  ]

  it.each(states)('close() settles within its drain plus 0.5 s when %s', async (_state, make) => {
    const client = await make()
    const receipt = client.send('late', null)
    const start = performance.now()
    await client.close({ drainMs: DRAIN_MS })
    expect(performance.now() - start).toBeLessThan(DRAIN_MS + 500)
    expect(client.snapshot.status).toBe('closed')
    expect(['cancelled', 'unknown', 'rejected']).toContain((await receipt.settled).outcome)
  })

  it('lets a Node process end by itself after close()', async () => {
    const server = createServer({ authorize: () => true })
    const { url } = await server.listen(0)
    cleanups.push(() => server.close({ drainMs: 0 }))
    const child = startProcess('test/support/closing-client.ts', [url])
    let closedAt = 0
    child.on('message', () => {
      closedAt = performance.now()
    })
    const { code } = await ended(child)
    expect(code).toBe(0)
    expect(closedAt).toBeGreaterThan(0)
    expect(performance.now() - closedAt).toBeLessThan(1_500)
  })
})
