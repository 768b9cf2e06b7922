/**
 * Ports that stay one's own while nobody listens on them.
 */
import { createServer } from 'node:net'

/** Below the ports that the system gives to connections: one of those might be on it when its owner comes back. */
const [FIRST, LAST] = [10_000, 30_000]

/** A port on which nobody listens now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST))
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, () => server.close(() => resolve(true)))
  })
}
