/**
 * A client and a server in memory for components under test.
 *
 * Owns: letting time pass inside `act`, and the provider around what is rendered.
 */
import { act, render, type RenderResult } from '@testing-library/react'
import { type ReactElement, type ReactNode, StrictMode } from 'react'
import type { Client, ClientOptions } from '../../src/client/types.js'
import { SurewireProvider } from '../../src/react/index.js'
import { allowAll } from '../../src/server/engine-options.js'
import { createTestClient } from '../../src/testing/client.js'
import { manualClock } from '../../src/testing/manual-clock.js'
import { createTestNetwork } from '../../src/testing/network.js'
import { createTestServer, type TestServer, type TestServerOptions } from '../../src/testing/server.js'
import { reactContract } from './react-contract.js'

type C = typeof reactContract

export class ReactWorld {
  readonly network = createTestNetwork({ seed: 1, clock: manualClock() })
  readonly server: TestServer<C>
  readonly client: Client<C>
  /** Messages of lifecycle `error`s. */
  readonly errors: string[] = []

  constructor(options: TestServerOptions<C> = {}) {
    this.server = createTestServer<C>({ network: this.network, authorize: allowAll, ...options })
    this.client = this.makeClient()
    this.server.onRequest('double', (data) => data * 2)
    this.client.lifecycle.on('error', (error) => this.errors.push(error.message))
  }

  makeClient(options: Partial<ClientOptions<C>> = {}): Client<C> {
    const { network, server } = this
    return createTestClient<C>({ network, url: server.url, contract: reactContract, ...options })
  }

  /** Lets time of client and server pass, promises included; React renders what came of it. */
  async pass(ms = 0): Promise<void> {
    await act(() => this.network.clock.advanceAsync(ms))
  }

  async connect(): Promise<void> {
    void this.client.connect()
    await this.pass()
  }

  readonly Around = ({ children }: { children: ReactNode }): ReactElement => (
    <SurewireProvider client={this.client}>{children}</SurewireProvider>
  )

  render(children: ReactNode, { strict = false } = {}): RenderResult {
    return render(strict ? <StrictMode>{children}</StrictMode> : children, { wrapper: this.Around })
  }
}
