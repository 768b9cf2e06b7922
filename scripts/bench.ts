/**
 * `npm run bench`: installs the peers if they are missing, compiles the benchmarks to plain JavaScript, runs them. Run
 * directly, the TypeScript loader would wrap every closure, and closures are what is measured.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { ROOT } from './compile.js'

const BENCH = join(ROOT, 'bench')
const OUT = join(BENCH, '.build')

function run(command: string, args: readonly string[]): number {
  return spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' }).status ?? 1
}

if (!existsSync(join(BENCH, 'node_modules'))) {
  const status = run('npm', ['ci', '--prefix', BENCH, '--ignore-scripts', '--no-fund', '--no-audit'])
  if (status !== 0) process.exit(status)
}

await build({
  absWorkingDir: ROOT,
  entryPoints: ['bench/main.ts', 'bench/process/run.ts', 'bench/process/serve.ts'],
  outdir: OUT,
  entryNames: '[name]',
  bundle: true,
  // One chunk for each peer: a process loads what it measures, and nothing is wrapped to be loaded late.
  splitting: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  sourcemap: 'inline',
  alias: { '#platform': join(ROOT, 'src/transports/platform.node.ts') },
  logLevel: 'warning',
})

process.exitCode = run(process.execPath, [join(OUT, 'main.js'), ...process.argv.slice(2)])
