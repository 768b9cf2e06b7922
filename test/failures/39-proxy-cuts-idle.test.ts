import { expect, it } from 'vitest'
import { createClient } from '../../src/index.js'
import { cleaning } from '../support/cleaning.js'
import { flawless, Ledger, until } from '../support/ledger.js'
import { startNginx } from '../support/nginx.js'
import { describeIf } from '../support/requires.js'
import { socketServer } from '../support/socket-server.js'

/** What is 60 s by default. */
const IDLE_MS = 700

describeIf('nginx', '39: a proxy cuts connections on which nothing flows', (executable) => {
  const later = cleaning()

  it('never gets to do so: the heartbeat keeps an idle connection open', async () => {
    const { server, port } = await socketServer()
    later(() => server.close({ drainMs: 0 }))
    const nginx = await startNginx(executable, { target: port, idleMs: IDLE_MS })
    later(() => nginx.close())
    const client = createClient({ url: nginx.url, heartbeat: { intervalMs: 250, timeoutMs: 5_000 } })
    later(() => client.close({ drainMs: 0 }))
    await client.connect()
    const start = performance.now()
    await until('four times as long', () => performance.now() - start > 4 * IDLE_MS, 5_000)
    expect(client.snapshot.status).toBe('connected')
    expect(client.stats().reconnects).toBe(0)
  })

  it('loses nothing where the application switched the heartbeat off', async () => {
    const { server, port } = await socketServer({ authenticate: () => ({ id: 'ada' }) })
    later(() => server.close({ drainMs: 0 }))
    const nginx = await startNginx(executable, { target: port, idleMs: IDLE_MS })
    later(() => nginx.close())
    const up = new Ledger(2)
    const down = new Ledger(2)
    server.on('note', (data) => up.handled(data as number))
    const client = createClient({
      url: nginx.url,
      heartbeat: false,
      reconnect: { initialDelayMs: 20, maxDelayMs: 20 },
    })
    later(() => client.close({ drainMs: 0 }))
    client.on('mail', (data) => down.handled(data as number))
    await client.connect()
    for (const index of [0, 1]) {
      await until(
        'the proxy cut the connection',
        () => client.stats().reconnects > index || client.snapshot.status !== 'connected',
        3_000,
      )
      client.send('note', index)
      await server.toUser('ada').send('mail', index)
      await until('both arrive', () => up.missing === 1 - index && down.missing === 1 - index, 2_000)
    }
    expect(up.tally()).toEqual(flawless(2))
    expect(down.tally()).toEqual(flawless(2))
    expect(Object.keys(client.stats().causes)).toEqual(['close_1006'])
  })
})
