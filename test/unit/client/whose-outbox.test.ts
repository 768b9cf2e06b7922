import { expect, it } from 'vitest'
import { memoryStorage } from '../../../src/storage/memory.js'
import {
  createTestClient,
  createTestNetwork,
  createTestServer,
  manualClock,
} from '../../../src/testing/index.js'

const DAY = 86_400_000

/** Ben sends one message without a connection and closes his page; two days later it is Cleo's turn, then his. */
async function benThenCleo(
  benWasConnected: boolean,
): Promise<{ cleo: string[]; ben: string[]; warnings: string[] }> {
  const network = createTestNetwork({ clock: manualClock() })
  const server = createTestServer({ network, authenticate: ({ auth }) => ({ id: String(auth) }) })
  const handled: string[] = []
  const warnings: string[] = []
  server.on('note', (_, { user }) => void handled.push(user.id))
  const storage = memoryStorage()
  const page = (user: string) => {
    const client = createTestClient({ network, url: server.url, auth: () => user, queue: { storage } })
    client.lifecycle.on('warning', ({ code }) => void warnings.push(code))
    void client.connect()
    return client
  }
  const visit = async (user: string): Promise<string[]> => {
    const client = page(user)
    await network.clock.advanceAsync(5_000)
    void client.close({ drainMs: 0 })
    await network.clock.advanceAsync(2 * DAY)
    return handled.splice(0)
  }

  if (!benWasConnected) network.refuse({ url: server.url })
  const ben = page('ben')
  await network.clock.advanceAsync(1_000)
  network.refuse({ url: server.url })
  for (const link of network.links()) link.cut()
  ben.send('note', 'private')
  await network.clock.advanceAsync(1_000)
  void ben.close({ drainMs: 0 })
  await network.clock.advanceAsync(2 * DAY)
  network.heal()
  return { cleo: await visit('cleo'), ben: await visit('ben'), warnings }
}

it('what was sent as one user waits for them, though the server never saw it', async () => {
  expect(await benThenCleo(true)).toEqual({ cleo: [], ben: ['ben'], warnings: ['outbox_of_another_user'] })
})

it('what a page sent that never met a server is of whoever connects first', async () => {
  expect(await benThenCleo(false)).toEqual({ cleo: ['cleo'], ben: [], warnings: [] })
})
