/**
 * React 18 where packages ask for React: for the packages that tests load (testing library, react-dom), which vitest
 * leaves to Node. What vitest transforms, sources and tests, goes by the aliases in vitest.config.ts.
 */
import Module from 'node:module'

type Resolve = (this: unknown, request: string, ...rest: unknown[]) => string

/** Node's hook for this; its official one (`registerHooks`) came with Node 22. */
const HOOK = '_resolveFilename'
const resolver = Module as unknown as Record<typeof HOOK, Resolve>
const original = resolver[HOOK]

resolver[HOOK] = function resolve(request, ...rest) {
  return original.call(this, request.replace(/^(react|react-dom)(?=$|\/)/, '$118'), ...rest)
}
