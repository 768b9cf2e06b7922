/**
 * The client that a tree of components uses.
 *
 * Owns: the context, and what a hook outside of a provider hears.
 * Does not own: clients (provider.ts).
 */
import { SurewireError, type Context, createContext, useContext } from './outside.js'
import type { Client } from '../client/types.js'
import type { RegisteredContract } from '../protocol/contract.js'

export type AppClient = Client<RegisteredContract>

export const ClientContext: Context<AppClient | null> = createContext<AppClient | null>(null)

/**
 * The client of the nearest `<SurewireProvider>`, always the same object.
 *
 * Throws a SurewireError (`no_provider`) outside of one.
 *
 * @example
 * const client = useClient()
 * return <button onClick={() => client.send('like', { post })}>Like</button>
 */
export function useClient(): AppClient {
  const client = useContext(ClientContext)
  if (client !== null) return client
  throw new SurewireError('surewire needs a <SurewireProvider> around this component', {
    code: 'no_provider',
  })
}
