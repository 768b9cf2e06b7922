/**
 * A page with a client on a test network. The page's clock and the network's are moved together.
 */
import { vi } from 'vitest'
import type { Client, ClientOptions } from '../../../src/client/types.js'
import { createTestClient } from '../../../src/testing/client.js'
import { createTestServer, type TestServer } from '../../../src/testing/server.js'
import { manualClock } from '../../../src/testing/manual-clock.js'
import { createTestNetwork } from '../../../src/testing/network.js'
import { allowAll } from '../../../src/server/index.js'

/** How finely both clocks are moved, in ms. */
const STEP_MS = 50

export class Page {
  readonly clock = manualClock()
  readonly network = createTestNetwork({ seed: 6, clock: this.clock })
  readonly server: TestServer = createTestServer({ network: this.network, authorize: allowAll })
  readonly client: Client

  constructor(options: Partial<ClientOptions> = {}) {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: this.clock.wall() })
    document.body.replaceChildren()
    this.client = createTestClient({
      network: this.network,
      url: this.server.url,
      reconnect: { initialDelayMs: 4_000, factor: 1, jitter: 'none' },
      ...options,
    })
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await this.clock.advanceAsync(STEP_MS)
      vi.advanceTimersByTime(STEP_MS)
    }
  }

  async connect(): Promise<void> {
    void this.client.connect()
    await this.pass(100)
  }

  cut(): void {
    for (const link of this.network.links()) link.cut()
  }
}
