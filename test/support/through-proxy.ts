/**
 * Our client and our server over real TCP, with fault proxies in between.
 *
 * Owns: making them with patience that suits a test, and the books of what the server handled.
 * Does not own: the faults (tools/fault-proxy.ts).
 */
import { onTestFinished } from 'vitest'
import { type Client, type ClientOptions, createClient } from '../../src/index.js'
import { createServer, type Server, type ServerOptions } from '../../src/server/index.js'
import { createFaultProxy, type FaultProxy } from '../../tools/fault-proxy.js'
import { Ledger, until } from './ledger.js'

/** Silence is noticed after 500 ms; the server grants no shorter interval. */
const HEARTBEAT = { intervalMs: 250, timeoutMs: 250 }
const RECONNECT = { initialDelayMs: 20, maxDelayMs: 50 }

export interface ThroughProxy {
  readonly server: Server
  readonly proxy: FaultProxy
  readonly client: Client
  /** Runs of the handler of 'count', by `data.index`. */
  readonly handled: Ledger
  /** Another way to the same server. */
  readonly anotherProxy: () => Promise<FaultProxy>
}

/** Connects a client through a proxy to a server that counts `size` messages of type 'count'. */
export async function throughProxy(
  size: number,
  options: { client?: Partial<ClientOptions>; server?: ServerOptions } = {},
): Promise<ThroughProxy> {
  const server = createServer({
    authorize: () => true,
    authenticate: () => ({ id: 'ada' }),
    heartbeat: HEARTBEAT,
    ...options.server,
  })
  const handled = new Ledger(size)
  server.on('count', (data) => handled.handled((data as { index: number }).index))
  server.on('warm-up', () => undefined)
  const { port } = await server.listen(0)
  onTestFinished(() => server.close({ drainMs: 0 }))
  const anotherProxy = async (): Promise<FaultProxy> => {
    const proxy = await createFaultProxy({ target: { port } })
    onTestFinished(() => proxy.close())
    return proxy
  }
  const proxy = await anotherProxy()
  const client = createClient({
    url: proxy.url,
    heartbeat: HEARTBEAT,
    reconnect: RECONNECT,
    ...options.client,
  })
  onTestFinished(() => client.close({ drainMs: 0 }))
  await client.connect()
  // From here on the producer of messages is attached: what is sent next goes on the wire at once.
  await client.send('warm-up', null)
  return { server, proxy, client, handled, anotherProxy }
}

/** Sends messages `from` to `to` (not included) and counts how they end. */
export function sendCounted(client: Client, from: number, to: number): Map<string, number> {
  const outcomes = new Map<string, number>()
  for (let index = from; index < to; index++) {
    void client.send('count', { index }).settled.then(({ outcome }) => {
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    })
  }
  return outcomes
}

/** How long a test waits for what should be there in a moment. */
export const SOON_MS = 5_000

/** Waits until every message has ended, and says how. */
export async function allSettled(outcomes: Map<string, number>, count: number): Promise<object> {
  const total = (): number => [...outcomes.values()].reduce((sum, one) => sum + one, 0)
  await until(`${count} messages have ended`, () => total() === count, SOON_MS)
  return Object.fromEntries(outcomes)
}

/** Waits until the client noticed that its connection is gone. */
export function noticed(client: Client): Promise<void> {
  return until('the loss is noticed', () => client.snapshot.status !== 'connected', SOON_MS)
}

/** Waits until the client is connected. */
export function connected(client: Client): Promise<void> {
  return until('the client is connected', () => client.snapshot.status === 'connected', SOON_MS)
}
