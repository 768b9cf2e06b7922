/**
 * `npm run bench`: installs the peers if they are missing, compiles the benchmarks to plain JavaScript, runs them. Run
 * directly, the TypeScript loader would wrap every closure, and closures are what is measured.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
import { measureSizes } from '../bench/measures/sizes.js'
import { ROOT } from './compile.js'
import { entries } from './entries.js'

const BENCH = join(ROOT, 'bench')
const OUT = join(BENCH, '.build')

function run(command: string, args: readonly string[]): number {
  return spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' }).status ?? 1
}

if (!existsSync(join(BENCH, 'node_modules'))) {
  const status = run('npm', ['ci', '--prefix', BENCH, '--ignore-scripts', '--no-fund', '--no-audit'])
  if (status !== 0) process.exit(status)
}

const common: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  // One chunk for each peer: a process loads what it measures, and nothing is wrapped to be loaded late.
  splitting: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  alias: { '#platform': join(ROOT, 'src/transports/platform.node.ts') },
  logLevel: 'warning',
}

await build({
  ...common,
  entryPoints: ['bench/main.ts', 'bench/process/run.ts', 'bench/process/serve.ts'],
  outdir: OUT,
  entryNames: '[name]',
  sourcemap: 'inline',
})

// The library as the package has it, for the time that importing it takes.
await build({ ...common, entryPoints: { ...entries }, outdir: join(OUT, 'package') })
writeFileSync(join(OUT, 'sizes.json'), JSON.stringify(await measureSizes()))

process.exitCode = run(process.execPath, [join(OUT, 'main.js'), ...process.argv.slice(2)])
