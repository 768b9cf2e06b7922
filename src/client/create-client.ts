/**
 * `createClient`: the way in.
 *
 * Owns: joining checked options with the platform's clock, chance and signals.
 */
import type { AnyContract, Contract } from '../protocol/contract.js'
import { systemSignals } from '../runtime/signals.js'
import { systemClock, systemRandom } from '../runtime/system.js'
import { SurewireClient } from './client.js'
import type { ClientEnvironment } from './environment.js'
import { resolveOptions } from './options.js'
import type { Client, ClientOptions } from './types.js'

/** One for all clients: none of it remembers anything. */
const SYSTEM: ClientEnvironment = {
  clock: /* @__PURE__ */ systemClock(),
  random: /* @__PURE__ */ systemRandom(),
  signals: /* @__PURE__ */ systemSignals(),
}

/**
 * Makes a client. It is idle until `connect()`; messages can be sent before, and wait.
 *
 * Raises a ConfigError for the first option that is wrong, naming the field, its value and what is allowed.
 *
 * @example
 * const client = createClient({ url: 'wss://example.com/ws' })
 * client.on('news', (data) => show(data))
 * client.connect()
 * await client.send('hello', { name: 'Ada' }) // throws a DeliveryError if it is not accepted
 */
export function createClient<C extends Contract = AnyContract>(options: ClientOptions<C>): Client<C> {
  return createClientIn(options, SYSTEM)
}

/** {@link createClient} with another clock, chance and platform; the testing kit uses it. */
export function createClientIn<C extends Contract = AnyContract>(
  options: ClientOptions<C>,
  environment: ClientEnvironment,
): Client<C> {
  const untyped = options as unknown as ClientOptions<Contract>
  return new SurewireClient(untyped, resolveOptions(untyped), environment)
}
