/**
 * A client on a test network.
 *
 * Owns: giving `createClient` the clock and the chance of the network, and signals that a test sends by hand.
 */
import { createClientIn } from '../client/create-client.js'
import type { Client, ClientOptions } from '../client/types.js'
import type { AnyContract, Contract } from '../protocol/contract.js'
import type { Random, Signal, Signals } from '../runtime/ports.js'
import type { TestNetwork } from './network-types.js'

/** Signals of the platform, sent by a test. */
export interface ManualSignals extends Signals {
  /** Tells the clients: offline, shown again, … */
  send(signal: Signal): void
  /** How many listen: 0 once every client is closed. */
  readonly listeners: number
}

export function manualSignals(): ManualSignals {
  const listeners = new Set<(signal: Signal) => void>()
  return {
    listen(callback) {
      listeners.add(callback)
      return () => listeners.delete(callback)
    },
    send(signal) {
      for (const listener of listeners) listener(signal)
    },
    get listeners() {
      return listeners.size
    },
  }
}

export interface TestClientOptions<C extends Contract = AnyContract> extends ClientOptions<C> {
  network: TestNetwork
  /** @default a stream of the network's seed, another for every client */
  random?: Random
  /** @default signals that never come */
  platform?: Signals
}

const clientsOf = new WeakMap<TestNetwork, number>()

/**
 * Like `createClient`, on the clock and the seed of a test network: its deadlines and backoff pass when the clock is
 * advanced.
 *
 * @example
 * const client = createTestClient({ network, url: server.url });
 * void client.connect();
 * await network.clock.advanceAsync(100);
 */
export function createTestClient<C extends Contract = AnyContract>(options: TestClientOptions<C>): Client<C> {
  const { network, random, platform, ...clientOptions } = options
  const count = (clientsOf.get(network) ?? 0) + 1
  clientsOf.set(network, count)
  const untyped = clientOptions as unknown as ClientOptions<C>
  return createClientIn<C>(
    { transports: [network.transport()], ...untyped },
    {
      clock: network.clock,
      random: random ?? network.random.fork(`client ${count}`),
      signals: platform ?? manualSignals(),
    },
  )
}
