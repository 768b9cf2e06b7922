/**
 * Many named clients in one process.
 *
 * Owns: names. Does not own: anything a client does.
 */
import { ConfigError } from '../protocol/errors.js'
import { createClient } from './create-client.js'
import type { Client, Manager } from './types.js'

/**
 * Makes a manager: add clients by name, list them, restart one, close all.
 *
 * @example
 * const manager = createManager()
 * manager.add('kitchen', { url: 'wss://kitchen.local/ws' }).connect()
 * await manager.restart('kitchen', { force: true })
 */
export function createManager(): Manager {
  const clients = new Map<string, Client>()
  const known = (name: string): Client => {
    const client = clients.get(name)
    if (client !== undefined) return client
    throw new ConfigError('name', name, `one of those added: ${[...clients.keys()].join(', ') || 'none yet'}`)
  }
  return {
    add: (name, options) => {
      if (clients.has(name)) throw new ConfigError('name', name, 'a name that is not in use', 'manager')
      const client = createClient({ ...options, name })
      clients.set(name, client)
      return client
    },
    get: (name) => clients.get(name),
    list: () => [...clients].map(([name, { snapshot }]) => ({ name, snapshot })),
    restart: async (name, options) => known(name).restart(options),
    remove: async (name) => {
      const client = known(name)
      clients.delete(name)
      await client.close()
    },
    closeAll: async (options) => {
      const all = [...clients.values()]
      clients.clear()
      await Promise.all(all.map((client) => client.close(options)))
    },
  }
}
