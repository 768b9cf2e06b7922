/**
 * Clients that are tried on servers that misbehave, and a good server to come home to.
 */
import { onTestFinished } from 'vitest'
import { type Client, type ClientOptions, createClient } from '../../src/index.js'
import { createServer } from '../../src/server/index.js'

/** A client that retries at once. */
export function fastClient(options: ClientOptions): Client {
  const client = createClient({ reconnect: { initialDelayMs: 10, maxDelayMs: 20 }, ...options })
  onTestFinished(() => client.close({ drainMs: 0 }))
  return client
}

/** Our server. */
export async function goodServer(): Promise<{ url: string }> {
  const server = createServer({ authorize: () => true })
  onTestFinished(() => server.close({ drainMs: 0 }))
  server.on('hello', () => undefined)
  return server.listen(0)
}
