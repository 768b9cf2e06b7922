/** What a run ran on: nothing that names the machine or its owner. */
import { readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import type { Results } from './results.js'

export const machine = (): Results['machine'] => ({
  node: process.version,
  cores: cpus().length,
  cpu: cpus()[0]?.model ?? 'unknown',
  load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
})

/** @param root the repository */
export function versions(root: string): Record<string, string> {
  const version = (path: string): string =>
    (JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as { version: string }).version
  const { dependencies } = JSON.parse(readFileSync(join(root, 'bench/package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const names = Object.keys(dependencies)
  return {
    surewire: version('.'),
    ...Object.fromEntries(names.map((name) => [name, version(`bench/node_modules/${name}`)])),
  }
}
