/**
 * A client in a process of its own, so that it can be stopped (SIGSTOP) while its server goes on. It tells its parent
 * what it hears, and its statistics when asked.
 *
 *   stoppable-client.ts URL
 */
import { createClient } from '../../src/index.js'

const client = createClient({
  url: process.argv[2] ?? '',
  heartbeat: { intervalMs: 250, timeoutMs: 250 },
  reconnect: { initialDelayMs: 10 },
})
client.on('news', (data) => {
  process.send?.({ type: 'news', data })
})
process.on('message', () => {
  const { connects, causes } = client.stats()
  process.send?.({ type: 'stats', connects, causes })
})
// Its parent is gone.
process.on('disconnect', () => process.exit())
await client.connect()
process.send?.({ type: 'connected' })
