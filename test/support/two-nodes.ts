/**
 * Two servers on one store, as two nodes of a deployment, in memory and on a manual clock.
 *
 * Owns: the network, the store they share, and clients that go where the test says.
 */
import type { Client, ClientOptions } from '../../src/index.js'
import { memoryStore, type MemoryStoreOptions } from '../../src/server/memory-store.js'
import {
  createTestClient,
  createTestNetwork,
  createTestServer,
  type ManualClock,
  manualClock,
  type TestNetwork,
  type TestServer,
} from '../../src/testing/index.js'

export interface TwoNodes {
  readonly clock: ManualClock
  readonly network: TestNetwork<ManualClock>
  readonly a: TestServer
  readonly b: TestServer
  /** A client whose next dials go to `a`, until `to` is changed. */
  readonly client: (options?: Partial<ClientOptions>) => { client: Client; to: TestServer }
  /** Lets time pass, promises included. */
  readonly pass: (ms?: number) => Promise<void>
}

export function twoNodes(storeOptions: MemoryStoreOptions = {}): TwoNodes {
  const clock = manualClock()
  const network = createTestNetwork({ seed: 1, clock })
  const store = memoryStore({ ...storeOptions, clock })
  const node = (name: string): TestServer =>
    createTestServer({
      network,
      store,
      url: `ws://${name}.test/ws`,
      authenticate: ({ auth }) => ({ id: String(auth) }),
      authorize: () => true,
    })
  const [a, b] = [node('a'), node('b')]
  return {
    clock,
    network,
    a,
    b,
    client: (options = {}) => {
      const placed: { client: Client; to: TestServer } = {
        client: createTestClient({
          network,
          auth: 'ada',
          reconnect: { initialDelayMs: 10, jitter: 'none' },
          ...options,
          url: () => placed.to.url,
        }),
        to: a,
      }
      return placed
    },
    pass: (ms = 0) => clock.advanceAsync(ms),
  }
}
