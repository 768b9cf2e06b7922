/**
 * Durable outboxes, as something that comes with a storage: a client without one doesn't ship the code.
 *
 * Owns: what a client does with `queue.storage`: the session's part (session/client/persistence.ts) and the writing
 * (storage-writer.ts). Does not own: any storage (storage/).
 */
import type { Sink } from '../protocol/machine.js'
import type { Clock, StorageAdapter } from '../runtime/ports.js'
import type { SessionEffect } from '../session/client/inputs.js'
import { Persistence } from '../session/client/persistence.js'
import type { Announcer } from './announcer.js'
import type { ClientDriver } from './environment.js'
import { type StorageHost, StorageWriter } from './storage-writer.js'
import type { OutboxStorage } from './types.js'

/** How a client keeps its outbox in a storage. */
export interface StorageWiring {
  readonly persistence: (emit: Sink<SessionEffect>) => Persistence
  readonly writer: (storage: StorageAdapter, clock: Clock, host: StorageHost) => StorageWriter
}

const WIRING: StorageWiring = {
  persistence: (emit) => new Persistence(emit),
  writer: (storage, clock, host) => new StorageWriter(storage, clock, host),
}

/**
 * Makes a storage of one's own fit for `queue.storage`. `memoryStorage()` is so already.
 *
 * @example
 * createClient({ url, queue: { storage: outboxStorage({ name: 'disk', open: openDisk }) } })
 */
export function outboxStorage(storage: StorageAdapter): OutboxStorage {
  return { name: storage.name, open: () => storage.open(), wiring: WIRING }
}

/** What {@link outboxStorage} put there; the public type says nothing of it. */
export const wiringOf = (storage: OutboxStorage): StorageWiring => storage.wiring as StorageWiring

/** Opens `queue.storage`; what it says goes to the session and, should it fail, to the application. */
export function openStorage(
  storage: OutboxStorage,
  clock: Clock,
  driver: ClientDriver,
  announcer: Announcer,
): StorageWriter {
  return wiringOf(storage).writer(storage, clock, {
    stored: (batch, kept) => driver.dispatch({ type: 'stored', batch, kept }),
    adopt: (leftovers) => {
      driver.machine.adopt(leftovers)
      driver.touch()
    },
    degraded: (error) =>
      announcer.warn(
        'storage_degraded',
        `storage '${storage.name}' failed: ${String(error)}; messages are kept in memory only`,
      ),
  })
}
