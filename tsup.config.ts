import { readFile, writeFile } from 'node:fs/promises'
import { basename, isAbsolute } from 'node:path'
import { defineConfig, type Options } from 'tsup'
import { entries, privateEntries } from './scripts/entries.js'
import { writeSingleFiles } from './scripts/single-files.js'

/** Splitting CommonJS leaves the build machine's absolute paths in the source maps. */
const relativeSourceMaps: NonNullable<Options['plugins']>[number] = {
  name: 'relative-source-maps',
  async buildEnd({ writtenFiles }) {
    const maps = writtenFiles.filter(({ name }) => name.endsWith('.map'))
    await Promise.all(maps.map(({ name }) => makeRelative(name)))
  },
}

async function makeRelative(path: string): Promise<void> {
  const map = JSON.parse(await readFile(path, 'utf8')) as { file?: string; sources: string[] }
  map.sources = map.sources.map((source) => (isAbsolute(source) ? basename(source) : source))
  map.file = basename(path, '.map')
  await writeFile(path, JSON.stringify(map))
}

const CLIENT = '"use client";'

/**
 * A directive counts only before everything else. esbuild sees to that; making CommonJS of split code puts helpers first.
 */
const clientDirective: NonNullable<Options['plugins']>[number] = {
  name: 'client-directive',
  async buildEnd({ writtenFiles }) {
    const built = writtenFiles.filter(({ name }) => /\breact\.c?js$/.test(name))
    await Promise.all(built.map(({ name }) => putClientFirst(name)))
  },
}

async function putClientFirst(path: string): Promise<void> {
  const code = await readFile(path, 'utf8')
  if (!code.includes(CLIENT)) throw new Error(`${path} has lost its "use client"`)
  // On the same line, so that source maps stay right.
  if (!code.startsWith(CLIENT)) await writeFile(path, CLIENT + code)
}

const forPagesWithoutBundler: NonNullable<Options['plugins']>[number] = {
  name: 'for-pages-without-bundler',
  async buildEnd() {
    if (this.format === 'esm') await writeSingleFiles(this.options.outDir)
  },
}

export default defineConfig({
  entry: { ...entries, ...privateEntries },
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'neutral',
  // Without splitting every CommonJS entry would carry its own copy of the core, and two copies share no state.
  splitting: true,
  // tsup's treeshake strips "use client"; the application's bundler shakes anyway.
  treeshake: false,
  sourcemap: true,
  clean: true,
  // TypeScript 6 calls an option deprecated that tsup 8 sets by itself.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  // nanoid is published as ESM only: CommonJS users get it bundled.
  noExternal: ['nanoid'],
  // Deno and workers know Node's builtins by their full names only.
  removeNodeProtocol: false,
  external: ['#platform', /^node:/],
  plugins: [relativeSourceMaps, clientDirective, forPagesWithoutBundler],
  esbuildOptions(options) {
    // nanoid's default export condition is the one that needs Node's Buffer.
    options.conditions = ['browser', 'import', 'module']
  },
})
