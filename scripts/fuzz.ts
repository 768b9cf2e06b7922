/**
 * `npm run fuzz -- --frames N [--seed S]`: feeds parsers, a whole server and a whole client with spoilt frames. Ends with 1
 * if anything was found, and prints how to see it again.
 *
 * Compiled to plain JavaScript first: run directly, the TypeScript loader would wrap every closure. A worker does the
 * work, so that one that hangs can be told.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const outdir = join(root, 'node_modules', '.cache', `surewire-fuzz-${process.pid}`)
/** A case takes milliseconds; one that takes so long hangs. */
const HUNG_MS = 120_000

const { values } = parseArgs({ options: { frames: { type: 'string' }, seed: { type: 'string' } } })
const frames = numberOf('frames', values.frames ?? '200000')
const seed = numberOf('seed', values.seed ?? '1')

mkdirSync(outdir, { recursive: true })
process.exitCode = 1
try {
  await build({
    absWorkingDir: root,
    entryPoints: ['test/fuzz/worker.ts'],
    outfile: join(outdir, 'worker.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    alias: { '#platform': join(root, 'src/transports/platform.node.ts') },
    logLevel: 'warning',
  })
  process.exitCode = await run()
} finally {
  rmSync(outdir, { recursive: true, force: true })
}

function numberOf(name: string, text: string): number {
  const number = Number(text.replaceAll('_', ''))
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new TypeError(`--${name} ${text}: not a whole number`)
}

/** Exit code of the worker; 1 if it made no progress for too long. */
function run(): Promise<number> {
  const progress = new BigInt64Array(new SharedArrayBuffer(16))
  const worker = new Worker(pathToFileURL(join(outdir, 'worker.mjs')), {
    workerData: { frames, seed, progress },
    // Not the loader of TypeScript.
    execArgv: [],
  })
  return new Promise((resolve, reject) => {
    let seen = -1n
    let since = performance.now()
    const watch = setInterval(() => {
      const [target = 0n, number = 0n] = progress
      if (number !== seen) {
        seen = number
        since = performance.now()
      } else if (performance.now() - since > HUNG_MS) {
        console.error(`hung after case ${number} of target ${target}, seed ${seed}`)
        void worker.terminate()
      }
    }, 1_000)
    worker.on('error', reject)
    worker.on('exit', (code) => {
      clearInterval(watch)
      resolve(code)
    })
  })
}
