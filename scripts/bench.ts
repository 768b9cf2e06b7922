/**
 * `tsx scripts/bench.ts FILE`: compiles a benchmark and its server to plain JavaScript, then runs it. Run directly, the
 * TypeScript loader would wrap every closure, and closures are what is measured.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const outdir = join(root, 'bench', '.build')

await build({
  absWorkingDir: root,
  entryPoints: readdirSync(join(root, 'bench'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join('bench', file)),
  outdir,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  alias: { '#platform': join(root, 'src/transports/platform.node.ts') },
  logLevel: 'warning',
})

const [file = 'bench/first-look.ts', ...args] = process.argv.slice(2)
const compiled = join(outdir, basename(file).replace(/\.ts$/, '.js'))
process.exitCode = spawnSync(process.execPath, [compiled, ...args], { stdio: 'inherit' }).status ?? 1
