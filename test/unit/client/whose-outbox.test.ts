import { expect, it } from 'vitest'
import { outboxStorage } from '../../../src/client/outbox-storage.js'
import type { OutboxHandle } from '../../../src/runtime/ports.js'
import {
  createTestClient,
  createTestNetwork,
  createTestServer,
  manualClock,
} from '../../../src/testing/index.js'
import { pagesOnOneStorage } from '../../support/outbox-pages.js'

const DAY = 86_400_000

/** Ben sends one message without a connection and closes his page; two days later it is Cleo's turn, then his. */
async function benThenCleo(
  benWasConnected: boolean,
): Promise<{ cleo: string[]; ben: string[]; warnings: string[] }> {
  const { network, handled, page, cut } = pagesOnOneStorage()
  const warnings: string[] = []
  const opened = (user: string) => {
    const client = page(user)
    client.lifecycle.on('warning', ({ code }) => void warnings.push(code))
    void client.connect()
    return client
  }
  const visit = async (user: string): Promise<string[]> => {
    const client = opened(user)
    await network.clock.advanceAsync(5_000)
    void client.close({ drainMs: 0 })
    await network.clock.advanceAsync(2 * DAY)
    return handled.splice(0)
  }

  if (!benWasConnected) cut()
  const ben = opened('ben')
  await network.clock.advanceAsync(1_000)
  cut()
  ben.send('note', 'private')
  await network.clock.advanceAsync(1_000)
  void ben.close({ drainMs: 0 })
  await network.clock.advanceAsync(2 * DAY)
  network.heal()
  return { cleo: await visit('cleo'), ben: await visit('ben'), warnings }
}

it('what was sent as one user waits for them, though the server never saw it', async () => {
  expect(await benThenCleo(true)).toEqual({
    cleo: [],
    ben: ['ben: private'],
    warnings: ['outbox_of_another_user'],
  })
})

it('what a page sent that never met a server is of whoever connects first', async () => {
  expect(await benThenCleo(false)).toEqual({ cleo: ['cleo: private'], ben: [], warnings: [] })
})

it('what a page sent while it dialled is of whoever it was told to be, though the connection ended at once', async () => {
  const { network, handled, page, cut } = pagesOnOneStorage()
  network.set({ latencyMs: 20 })
  const ben = page('ben')
  void ben.connect()
  await network.clock.advanceAsync(5)
  ben.send('note', 'while dialling')
  ben.lifecycle.on('open', cut)
  await network.clock.advanceAsync(5_000)
  ben.send('note', 'told')
  await network.clock.advanceAsync(1_000)
  void ben.close({ drainMs: 0 })
  await network.clock.advanceAsync(1_000)
  network.heal()
  void page('cleo').connect()
  await network.clock.advanceAsync(5_000)
  expect(handled).toEqual([])
})

it('a page that connects as a guest and then logs in sends what its user left', async () => {
  const { network, handled, page, cut } = pagesOnOneStorage()
  const visit = async (during: (client: ReturnType<typeof page>) => void): Promise<void> => {
    const client = page('guest')
    void client.connect()
    await network.clock.advanceAsync(2_000)
    client.update({ auth: () => 'ada' })
    await network.clock.advanceAsync(5_000)
    during(client)
    await network.clock.advanceAsync(5_000)
    void client.close({ drainMs: 0 })
    await network.clock.advanceAsync(2 * DAY)
    network.heal()
  }
  await visit((client) => {
    cut()
    client.send('note', 'left by ada')
  })
  await visit(() => undefined)
  expect(handled).toEqual(['ada: left by ada'])
})

it('what was queued for one user ends as user_changed, also where no server ever saw its lane', async () => {
  const network = createTestNetwork({ clock: manualClock() })
  const server = createTestServer({ network, authenticate: ({ auth }) => ({ id: String(auth) }) })
  let user = 'ben'
  const client = createTestClient({ network, url: server.url, auth: () => user })
  const warnings: string[] = []
  client.lifecycle.on('warning', ({ code }) => void warnings.push(code))
  void client.connect()
  await network.clock.advanceAsync(2_000)
  network.refuse({ url: server.url })
  for (const link of network.links()) link.cut()
  const receipt = client.send('note', 'x')
  user = 'cleo'
  network.heal()
  await network.clock.advanceAsync(60_000)
  expect([await receipt.settled, warnings]).toMatchObject([
    { outcome: 'cancelled', code: 'user_changed' },
    [],
  ])
})

it('what pages of one user left goes out in the order of the pages, also that of one that met no server', async () => {
  const { network, handled, page, cut } = pagesOnOneStorage()
  network.set({ latencyMs: 20 })
  const visit = async (text: string): Promise<void> => {
    const client = page('ada')
    void client.connect()
    await network.clock.advanceAsync(1_000)
    if (text === 'first') cut()
    client.send('note', text)
    await network.clock.advanceAsync(10_000)
    void client.close({ drainMs: 0 })
    await network.clock.advanceAsync(1_000)
  }
  await visit('first')
  await visit('second')
  network.heal()
  await visit('third')
  expect(handled).toEqual(['ada: first', 'ada: second', 'ada: third'])
})

it('an open page of another user does not keep it from its own', async () => {
  const { network, handled, page, cut } = pagesOnOneStorage()
  const ada = page('ada')
  void ada.connect()
  await network.clock.advanceAsync(1_000)
  cut()
  ada.send('note', 'left')
  await network.clock.advanceAsync(1_000)
  void ada.close({ drainMs: 0 })
  await network.clock.advanceAsync(1_000)
  network.heal()
  void page('ben').connect()
  await network.clock.advanceAsync(1_000)
  void page('ada').connect()
  await network.clock.advanceAsync(1_000)
  expect(handled).toEqual(['ada: left'])
})

it('more leftovers than a connection takes producers of never end it, though a guest had lanes before', async () => {
  const { network, handled, page, cut } = pagesOnOneStorage()
  network.set({ latencyMs: 20 })
  const priorities = ['low', 'normal', 'high'] as const
  const pages = Array.from({ length: 4 }, () => page('ada'))
  for (const client of pages) void client.connect()
  await network.clock.advanceAsync(1_000)
  cut()
  for (const client of pages) for (const priority of priorities) client.send('note', 'left', { priority })
  await network.clock.advanceAsync(1_000)
  for (const client of pages) void client.close({ drainMs: 0 })
  await network.clock.advanceAsync(1_000)
  network.heal()

  const errors: string[] = []
  const last = page('guest')
  last.lifecycle.on('error', ({ code }) => errors.push(code))
  void last.connect()
  await network.clock.advanceAsync(1_000)
  for (const priority of priorities) last.send('note', 'guest', { priority })
  await network.clock.advanceAsync(1_000)
  last.update({ auth: () => 'ada' })
  for (const link of network.links()) link.cut()
  await network.clock.advanceAsync(5_000)
  for (const priority of priorities) last.send('note', 'own', { priority })
  await network.clock.advanceAsync(5_000)
  for (const link of network.links()) link.cut()
  await network.clock.advanceAsync(60_000)
  expect(errors).toEqual([])
  expect(handled.filter((text) => text === 'ada: left')).toHaveLength(12)
  expect(handled.filter((text) => text === 'ada: own')).toHaveLength(3)
})

it('a storage that cannot be asked again leaves it for the next page, and nothing is said to have failed', async () => {
  const network = createTestNetwork({ clock: manualClock() })
  const server = createTestServer({ network, authenticate: ({ auth }) => ({ id: String(auth) }) })
  const handle: OutboxHandle = {
    leftovers: [],
    apply: async () => undefined,
    release: () => undefined,
    close: async () => undefined,
  }
  const storage = outboxStorage({ name: 'plain', open: async () => handle })
  const client = createTestClient({ network, url: server.url, auth: () => 'guest', queue: { storage } })
  const warnings: string[] = []
  client.lifecycle.on('warning', ({ code }) => void warnings.push(code))
  void client.connect()
  await network.clock.advanceAsync(1_000)
  client.update({ auth: () => 'ada' })
  await network.clock.advanceAsync(5_000)
  expect([client.snapshot.status, await client.send('note', 1).stored, warnings]).toEqual([
    'connected',
    'stored',
    [],
  ])
})
