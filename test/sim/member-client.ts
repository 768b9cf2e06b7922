/**
 * The production client of one page, set up by the page's habits.
 */
import type { Client, Logger } from '../../src/index.js'
import { createClientIn } from '../../src/client/create-client.js'
import { json } from '../../src/serializers/json.js'
import { msgpack } from '../../src/serializers/msgpack.js'
import type { SeededRandom } from '../../src/testing/index.js'
import type { Disk } from './disk.js'
import type { Page } from './page.js'
import type { Habits } from './parameters.js'

export interface ClientParts {
  readonly name: string
  readonly page: Page
  readonly disk: Disk
  readonly habits: Habits
  readonly random: SeededRandom
  readonly url: () => string
  readonly auth: () => unknown
  readonly logger: Logger
}

export function makeClient({ name, page, disk, habits, random, url, auth, logger }: ClientParts): Client {
  return createClientIn(
    {
      url,
      transports: [page.transport()],
      name,
      auth,
      logger,
      onUnknown: habits.policy,
      serializer: habits.wire === 'json' ? json() : msgpack(),
      device: { kind: habits.device },
      heartbeat: { intervalMs: habits.heartbeatMs, timeoutMs: 1_000 },
      reconnect: habits.reconnect,
      connectTimeoutMs: 4_000,
      userLog: { from: habits.userLogFrom },
      queue: {
        maxMessages: habits.maxMessages,
        maxBytes: habits.maxBytes,
        overflow: habits.overflow,
        ...(habits.durable ? { storage: page.storage(disk) } : {}),
      },
    },
    { clock: page.clock, random, signals: page.signals, window: habits.window },
  )
}
