/**
 * Pages of several users that share a storage, on a network with one server.
 *
 * Owns: the set-up of tests about whose an outbox is; what the server handled.
 */
import { outboxStorage } from '../../src/client/outbox-storage.js'
import type { OutboxStorage } from '../../src/client/types.js'
import type { OutboxHandle } from '../../src/runtime/ports.js'
import { AuthError } from '../../src/protocol/errors.js'
import { memoryStorage } from '../../src/storage/memory.js'
import {
  createTestClient,
  createTestNetwork,
  createTestServer,
  manualClock,
} from '../../src/testing/index.js'

/** A network, its server, which takes everybody at their word but 'nobody', and pages on one storage. */
export function pagesOnOneStorage() {
  const network = createTestNetwork({ clock: manualClock() })
  const server = createTestServer({ network, authenticate: ({ auth }) => userOf(auth) })
  const handled: string[] = []
  server.on('note', (data, { user }) => void handled.push(`${user.id}: ${String(data)}`))
  const shared = memoryStorage()
  const page = (user: string, storage: OutboxStorage = shared) =>
    createTestClient({ network, url: server.url, auth: () => user, queue: { storage } })
  /** From now on there is no connection. */
  const cut = (): void => {
    network.refuse({ url: server.url })
    for (const link of network.links()) link.cut()
  }
  /** Each connection ends, and may be made again. */
  const reconnect = (): void => {
    for (const link of network.links()) link.cut()
  }
  /** A page was connected, could not send this, and is closed. */
  const leave = async (user: string, ...texts: readonly string[]): Promise<void> => {
    const client = page(user)
    void client.connect()
    await network.clock.advanceAsync(1_000)
    cut()
    for (const text of texts) client.send('note', text)
    await network.clock.advanceAsync(1_000)
    void client.close({ drainMs: 0 })
    await network.clock.advanceAsync(1_000)
    network.heal()
  }
  /** The same storage, of which a part works otherwise. */
  const faulty = (part: (handle: OutboxHandle) => Partial<OutboxHandle>): OutboxStorage =>
    outboxStorage({
      name: 'faulty',
      open: async () => {
        const handle = await shared.open()
        return { ...handle, ...part(handle) }
      },
    })
  return { network, server, handled, page, cut, reconnect, leave, faulty }
}

function userOf(auth: unknown): { id: string } {
  if (auth === 'nobody') throw new AuthError('who are you?')
  return { id: String(auth) }
}

/** Codes of what a client warns of from now on. */
export function warningsOf(client: ReturnType<ReturnType<typeof pagesOnOneStorage>['page']>): string[] {
  const codes: string[] = []
  client.lifecycle.on('warning', ({ code }) => void codes.push(code))
  return codes
}
