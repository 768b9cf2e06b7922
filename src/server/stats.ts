/**
 * Statistics of a server, as `server.stats()` and GET /status give them.
 */
import type { ServerCore } from './core/server-core.js'
import type { ServerStats } from './types.js'

export function serverStats(core: ServerCore, handlerErrors: number): ServerStats {
  const users = new Set<string>()
  const devices = new Map<string, number>()
  for (const { user, device } of core.sessions) {
    users.add(user.id)
    const kind = typeof device.kind === 'string' ? device.kind : 'unknown'
    devices.set(kind, (devices.get(kind) ?? 0) + 1)
  }
  return {
    ...core.counters,
    handlerErrors,
    connections: core.connectionCount,
    sessions: core.sessionCount,
    users: users.size,
    devices: Object.fromEntries(devices),
    feeds: core.feedCount,
    producers: core.producerCount,
  }
}
