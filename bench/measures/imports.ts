/** Time to import: each module in a fresh process, in turns. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median } from '../process/statistics.js'

export interface ImportResult {
  readonly name: string
  readonly ms: number
}

const ROUNDS = 5

/** Our entries are compiled beside this file by scripts/bench.ts, as the package has them. */
const MODULES: readonly (readonly [name: string, module: string])[] = [
  ['surewire', './package/index.js'],
  ['surewire/server', './package/server.js'],
  ['surewire/msgpack', './package/msgpack.js'],
  ['surewire/testing', './package/testing.js'],
  ['ws', 'ws'],
  ['partysocket', 'partysocket'],
  ['reconnecting-websocket', 'reconnecting-websocket'],
  ['graphql-ws', 'graphql-ws'],
  ['socket.io-client', 'socket.io-client'],
  ['socket.io', 'socket.io'],
  ['mqtt', 'mqtt'],
  ['aedes', 'aedes'],
]

function importOnce(module: string): number {
  const code = `const start = performance.now(); await import(${JSON.stringify(module)}); console.log(performance.now() - start); process.exit()`
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', code], {
    cwd,
    encoding: 'utf8',
  })
  return Number(output.trim().split('\n').at(-1))
}

export function measureImports(rounds: number | null): ImportResult[] {
  const times = new Map<string, number[]>()
  for (let round = 0; round < (rounds ?? ROUNDS); round++) {
    for (const [name, module] of MODULES) times.set(name, [...(times.get(name) ?? []), importOnce(module)])
  }
  return [...times].map(([name, values]) => ({ name, ms: median(values) }))
}
