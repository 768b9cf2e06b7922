/**
 * Compiling programs of this repository to plain JavaScript before they run.
 *
 * Owns: how. Run directly, the TypeScript loader would wrap every closure, which costs speed where speed matters.
 */
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/**
 * Bundles each entry with the sources that it imports; packages stay outside.
 *
 * @param entries paths from the repository's root; their names have to differ
 * @param outdir path from the repository's root
 * @returns where the compiled files are, in the order of the entries
 */
export async function compile(entries: readonly string[], outdir: string): Promise<string[]> {
  const into = join(ROOT, outdir)
  await build({
    absWorkingDir: ROOT,
    entryPoints: [...entries],
    outdir: into,
    entryNames: '[name]',
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    sourcemap: 'inline',
    alias: { '#platform': join(ROOT, 'src/transports/platform.node.ts') },
    logLevel: 'warning',
  })
  return entries.map((entry) => join(into, basename(entry).replace(/\.tsx?$/, '.js')))
}
