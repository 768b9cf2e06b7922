/**
 * The package as it is published, laid out as if installed, and the program that uses it.
 *
 * Owns: runtimes/.build. The library is built there, so that a build of dist/ under way disturbs nothing.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
import { ROOT } from '../../scripts/compile.js'
import { entries } from '../../scripts/entries.js'
import type { ModuleKind } from './check.js'

export const BUILD = join(ROOT, 'runtimes/.build')
const INSTALLED = join(BUILD, 'node_modules/surewire')
const HERE = join(ROOT, 'test/runtimes')

/** The program, by the kind of modules it loads the package as. */
export const programs: Readonly<Record<ModuleKind, string>> = {
  ESM: join(BUILD, 'program.mjs'),
  CommonJS: join(BUILD, 'program.cjs'),
  bundle: join(BUILD, 'worker.js'),
}

/** What workers have no platform for: it listens on ports. */
const NOT_IN_WORKERS = ['server']

/** How Workers are bundled by their own tools. */
const WORKER_CONDITIONS = ['workerd', 'worker', 'browser']

/** Declarations are left out: nothing here reads them, and they are most of a build's time. */
export function buildPackage(): void {
  const args = ['tsup', '--no-dts', '--silent', '--out-dir', join(INSTALLED, 'dist')]
  const { status } = spawnSync('npx', args, { cwd: ROOT, stdio: 'inherit' })
  if (status !== 0) throw new Error('the package cannot be built')
  mkdirSync(INSTALLED, { recursive: true })
  copyFileSync(join(ROOT, 'package.json'), join(INSTALLED, 'package.json'))
  // Bun follows the paths of the nearest tsconfig.json, and the repository's lead to the sources.
  writeFileSync(join(BUILD, 'tsconfig.json'), '{}\n')
}

export const builtEntry = (name: keyof typeof entries): string => join(INSTALLED, `dist/${name}.js`)

export async function buildPrograms(): Promise<void> {
  await buildProgram('ESM', { platform: 'neutral', external: ['surewire'] }, (name) => `import('${name}')`)
  await buildProgram(
    'CommonJS',
    { platform: 'neutral', external: ['surewire'] },
    (name) => `require('${name}')`,
  )
  await buildProgram(
    'bundle',
    {
      platform: 'browser',
      conditions: WORKER_CONDITIONS,
      define: { 'process.env.NODE_ENV': '"production"' },
    },
    (name) => `import('${name}')`,
  )
}

async function buildProgram(
  kind: ModuleKind,
  options: BuildOptions,
  load: (name: string) => string,
): Promise<void> {
  const isWorker = kind === 'bundle'
  const names = Object.keys(entries).filter((name) => !isWorker || !NOT_IN_WORKERS.includes(name))
  const loaders = names.map((name) => {
    return `${name}: () => ${load(name === 'index' ? 'surewire' : `surewire/${name}`)}`
  })
  const begin = isWorker
    ? `import { worker } from '${HERE}/start-worker.ts'\nexport default worker(`
    : `import { start } from '${HERE}/start-process.ts'\nstart(`
  await build({
    ...options,
    stdin: { contents: `${begin}{ ${loaders.join(', ')} })`, resolveDir: BUILD, loader: 'ts' },
    outfile: programs[kind],
    bundle: true,
    format: kind === 'CommonJS' ? 'cjs' : 'esm',
    target: 'es2022',
    logLevel: 'warning',
  })
}
