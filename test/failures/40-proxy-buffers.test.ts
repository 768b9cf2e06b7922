import { expect, it } from 'vitest'
import { type Client, type ClientOptions, createClient } from '../../src/index.js'
import { createFaultProxy, type FaultProxy } from '../../tools/fault-proxy.js'
import { cleaning } from '../support/cleaning.js'
import { flawless, Ledger, until } from '../support/ledger.js'
import { startNginx } from '../support/nginx.js'
import { describeIf } from '../support/requires.js'
import { socketServer } from '../support/socket-server.js'

const MESSAGES = 30

interface Behind {
  readonly client: Client
  /** Between nginx and the server. */
  readonly proxy: FaultProxy
  readonly up: Ledger
  readonly down: Ledger
  /** Sends one message each way. */
  readonly exchange: (index: number) => Promise<void>
}

/** 30 s and the default heartbeat of 25 s and 10 s, about forty times as fast. */
describeIf('nginx', '40: a proxy passes things on in gushes only', (executable) => {
  const later = cleaning()

  async function behindProxies(
    heartbeat: ClientOptions['heartbeat'],
    serverTimeoutMs: number,
  ): Promise<Behind> {
    const { server, port } = await socketServer({
      authenticate: () => ({ id: 'ada' }),
      heartbeat: { timeoutMs: serverTimeoutMs },
    })
    later(() => server.close({ drainMs: 0 }))
    const proxy = await createFaultProxy({ target: { port } })
    later(() => proxy.close())
    const nginx = await startNginx(executable, { target: proxy.port, idleMs: 10_000 })
    later(() => nginx.close())
    const up = new Ledger(MESSAGES)
    const down = new Ledger(MESSAGES)
    server.on('note', (data) => up.handled(data as number))
    const client = createClient({
      url: nginx.url,
      ...(heartbeat === undefined ? {} : { heartbeat }),
      reconnect: { initialDelayMs: 20, maxDelayMs: 50 },
    })
    later(() => client.close({ drainMs: 0 }))
    client.on('mail', (data) => down.handled(data as number))
    await client.connect()
    const exchange = async (index: number): Promise<void> => {
      client.send('note', index)
      await server.toUser('ada').send('mail', index)
    }
    return { client, proxy, up, down, exchange }
  }

  it('is not taken for a dead network within the grace of the heartbeat: one connection, everything once', async () => {
    const { client, proxy, up, down, exchange } = await behindProxies(
      { intervalMs: 300, timeoutMs: 2_000 },
      4_000,
    )
    proxy.buffer(700)
    for (let index = 0; index < MESSAGES / 2; index++) await exchange(index)
    await until('the first half arrives', () => up.missing + down.missing === MESSAGES, 3_000)
    const quiet = performance.now() + 1_500
    await until('some time without traffic', () => performance.now() > quiet, 3_000)
    for (let index = MESSAGES / 2; index < MESSAGES; index++) await exchange(index)
    await until('the second half arrives', () => up.missing + down.missing === 0, 3_000)
    expect(client.stats().reconnects).toBe(0)
    expect(up.tally()).toEqual(flawless(MESSAGES))
    expect(down.tally()).toEqual(flawless(MESSAGES))
  })

  it('beyond that grace is: the connection is replaced, and still nothing is lost or comes twice', async () => {
    const { client, proxy, up, down, exchange } = await behindProxies(
      { intervalMs: 250, timeoutMs: 100 },
      4_000,
    )
    for (let index = 0; index < MESSAGES / 2; index++) await exchange(index)
    proxy.buffer(1_200)
    for (let index = MESSAGES / 2; index < MESSAGES; index++) await exchange(index)
    await until('the silence is noticed', () => client.snapshot.status !== 'connected', 2_000)
    await proxy.heal()
    await until('everything arrives', () => up.missing + down.missing === 0, 5_000)
    await until(
      'everything is acknowledged',
      () => client.snapshot.queued + client.snapshot.inFlight === 0,
      2_000,
    )
    expect(client.stats().reconnects).toBeGreaterThan(0)
    expect(up.tally()).toEqual(flawless(MESSAGES))
    expect(down.tally()).toEqual(flawless(MESSAGES))
  })

  it('and does not pass the upgrade on: the error says what to look at', async () => {
    const { server, port } = await socketServer()
    later(() => server.close({ drainMs: 0 }))
    const nginx = await startNginx(executable, { target: port, idleMs: 10_000 })
    later(() => nginx.close())
    const client = createClient({ url: nginx.plainUrl, reconnect: false })
    later(() => client.close())
    await expect(client.connect()).rejects.toThrow(
      /refused the upgrade with HTTP (200|4\d\d): .*(proxy|Upgrade)/,
    )
  })
})
