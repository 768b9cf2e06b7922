/**
 * `tsx scripts/bench.ts FILE`: compiles a benchmark and its server to plain JavaScript, then runs it. Run directly, the
 * TypeScript loader would wrap every closure, and closures are what is measured.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { compile, ROOT } from './compile.js'

const sources = readdirSync(join(ROOT, 'bench')).filter((file) => file.endsWith('.ts'))
await compile(
  sources.map((file) => join('bench', file)),
  'bench/.build',
)

const [file = 'bench/first-look.ts', ...args] = process.argv.slice(2)
const compiled = join(ROOT, 'bench/.build', basename(file).replace(/\.ts$/, '.js'))
process.exitCode = spawnSync(process.execPath, [compiled, ...args], { stdio: 'inherit' }).status ?? 1
