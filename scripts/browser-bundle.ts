/**
 * Owns: bundling the sources for browsers, without a build before it: for measuring sizes and for pages that are
 * served while developing. Does not own the package's build (tsup.config.ts).
 */
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { entries } from './entries.js'

export const root: string = fileURLToPath(new URL('..', import.meta.url))

const fromRoot = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** Resolves `surewire`, its subpaths, and `#platform` to the sources, as browsers would get them. */
const sources: Plugin = {
  name: 'surewire-sources',
  setup(bundle) {
    bundle.onResolve({ filter: /^#platform$/ }, () => ({
      path: fromRoot('src/transports/platform.web.ts'),
      sideEffects: false,
    }))
    bundle.onResolve({ filter: /^surewire(\/|$)/ }, ({ path }) => {
      const name = path === 'surewire' ? 'index' : path.slice('surewire/'.length)
      const source = (entries as Record<string, string | undefined>)[name]
      if (source === undefined) return { errors: [{ text: `${path} is no entry of this package` }] }
      return { path: fromRoot(source), sideEffects: false }
    })
  },
}

/** Leaves out what matches: a package, or a directory of the sources by its path from the root. */
function leaveOut(without: readonly string[]): Plugin {
  const matches = (path: string) => without.some((name) => path === name || path.startsWith(`${name}/`))
  return {
    name: 'left-out',
    setup(bundle) {
      bundle.onResolve({ filter: /^[^.]/ }, ({ path }) => (matches(path) ? { path, external: true } : null))
      bundle.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
        const isOut = matches(relative(root, join(resolveDir, path)).split(sep).join('/'))
        return isOut ? { path, external: true, sideEffects: false } : null
      })
    },
  }
}

export interface BrowserBundleOptions {
  /** TypeScript or JavaScript; relative imports start at the repository's root. */
  readonly code: string
  /** @default true */
  readonly minify?: boolean
  /** Packages and directories of the sources that stay outside. @default none */
  readonly without?: readonly string[]
  /** Packages taken instead of others. @default none */
  readonly alias?: Record<string, string>
  /** What libraries go by that say more while one develops. @default 'production' */
  readonly mode?: 'production' | 'development'
}

/** One ES module that runs in a browser by itself. */
export async function bundleForBrowser({
  code,
  minify = true,
  without = [],
  alias = {},
  mode = 'production',
}: BrowserBundleOptions): Promise<Uint8Array> {
  const result = await build({
    stdin: { contents: code, resolveDir: root, loader: 'ts', sourcefile: 'entry.ts' },
    bundle: true,
    write: false,
    minify,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['browser'],
    alias,
    define: { 'process.env.NODE_ENV': JSON.stringify(mode) },
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [leaveOut(without), sources],
  })
  const [output] = result.outputFiles
  if (output === undefined) throw new Error('esbuild wrote nothing')
  return output.contents
}
