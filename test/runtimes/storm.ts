/**
 * A storm from a seed: orders from one client, through everything that networks and clocks do.
 *
 * Owns: the scenario, and one hash of several runs. The same everywhere: whatever a runtime did otherwise would change it.
 */
import type * as Testing from '../../src/testing/index.js'

const SEEDS = [1, 2, 3]
const MINUTES = 5
const REST_MS = 600_000

export interface Storm {
  readonly hash: string
  readonly failures: readonly string[]
}

export async function runStorm(testing: typeof Testing): Promise<Storm> {
  const hashes: string[] = []
  const failures: string[] = []
  for (const seed of SEEDS) {
    const { hash, failure } = await testing.simulate(scenarioOf(testing), { seed, minutes: MINUTES })
    hashes.push(hash)
    if (failure !== null) failures.push(`seed ${seed}: ${failure.invariant}: ${failure.message}`)
  }
  return { hash: hashes.join(' '), failures }
}

interface World extends Testing.FaultyWorld, Testing.SimulatedWorld {
  order(article: number): void
  restart(): void
}

function scenarioOf(testing: typeof Testing): Testing.Scenario<World> {
  const { clockFaults, networkFaults, step } = testing
  return {
    name: 'orders',
    build: (context) => build(testing, context),
    steps: {
      ...networkFaults,
      ...clockFaults,
      restart: step<World, null>({
        sort: 'fault',
        weight: 1,
        draw: () => null,
        run: (world) => world.restart(),
        tell: () => 'the server restarts',
      }),
      order: step<World, { article: number }>({
        weight: 20,
        draw: (random) => ({ article: random.integer(1, 9) }),
        run: (world, { article }) => world.order(article),
        tell: ({ article }) => `orders article ${article}`,
      }),
    },
  }
}

function build(testing: typeof Testing, context: Testing.SimulationContext): World {
  const { createTestClient, createTestServer, Violation } = testing
  const { clock, network } = context
  const server = createTestServer({ network, authorize: () => true })
  const client = createTestClient({ network, url: server.url })
  const handled: string[] = []
  const receipts: { readonly id: string; readonly state: string }[] = []
  server.on('order', (_data, { id }) => {
    context.note(`handled ${id}`)
    handled.push(id)
  })
  void client.connect().catch((error: unknown) => context.fail(error))
  return {
    clock,
    network,
    order: (article) => void receipts.push(client.send('order', { article })),
    restart: () => server.restart(),
    check: () => {
      if (new Set(handled).size !== handled.length) throw new Violation('once', 'an order was handled twice')
    },
    rest: async () => {
      clock.throttle(0)
      network.heal()
      network.set({ latencyMs: 5, jitterMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY })
      await clock.advanceAsync(REST_MS)
      const wanted = receipts.map(({ id }) => id)
      if (handled.join() !== wanted.join())
        throw new Violation('order', 'not every order was handled, in order')
      if (receipts.some(({ state }) => state !== 'accepted')) throw new Violation('told', 'a receipt is open')
      await Promise.all([client.close({ drainMs: 0 }), clock.advanceAsync(60_000)])
      await Promise.all([server.close({ drainMs: 0 }), clock.advanceAsync(60_000)])
    },
  }
}
