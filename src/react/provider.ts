/**
 * `<SurewireProvider>`: gives a tree of components its client.
 *
 * Owns: clients made from options: one for each options object, closed when no provider shows it any more.
 * Does not own: when they connect (use-connect.ts); clients that were passed in.
 */
import {
  createClient,
  createElement,
  type ReactElement,
  type ReactNode,
  useEffect,
  useState,
} from './outside.js'
import type { ClientOptions } from '../client/types.js'
import type { RegisteredContract } from '../protocol/contract.js'
import { type AppClient, ClientContext } from './context.js'
import { hold } from './leases.js'

type AppOptions = ClientOptions<RegisteredContract>

/** Either a client, which stays yours to close, or options to make one from. */
export type SurewireProviderProps = { readonly children?: ReactNode } & (
  | { readonly client: AppClient; readonly options?: never }
  | { readonly options: AppOptions; readonly client?: never }
)

/**
 * Gives the components below it a client. It does not connect: `useConnect` does.
 *
 * With `options` it makes the client itself and closes it after it was unmounted. Options are read once; to get
 * another client, give the provider another `key`. Best keep them in a constant outside of components, so that a hot
 * reload finds the same client again.
 *
 * @example
 * const client = createClient({ url: 'wss://example.com/ws' })
 * createRoot(element).render(
 *   <SurewireProvider client={client}>
 *     <App />
 *   </SurewireProvider>,
 * )
 */
export function SurewireProvider({ client, options, children }: SurewireProviderProps): ReactElement {
  return client === undefined
    ? createElement(OwnClientProvider, { options, children })
    : createElement(ClientContext.Provider, { value: client, children })
}

interface OwnClientProps {
  readonly options: AppOptions
  readonly children?: ReactNode
}

function OwnClientProvider({ options, children }: OwnClientProps): ReactElement {
  const [first] = useState(options)
  const [client, setClient] = useState(() => clientOf(first))
  useEffect(() => {
    // Another one if this was hidden for so long that the old one was closed.
    const current = clientOf(first)
    setClient(current)
    return hold(first, () => () => {
      owned.delete(first)
      void current.close()
    })
  }, [first, client])
  return createElement(ClientContext.Provider, { value: client, children })
}

/**
 * By options, because React may render a component twice and throw one of them away, with all it remembers, but not
 * its props: whatever is made while rendering has to be found again.
 */
const owned = new WeakMap<AppOptions, AppClient>()

function clientOf(options: AppOptions): AppClient {
  const client = owned.get(options) ?? createClient(options)
  owned.set(options, client)
  return client
}
