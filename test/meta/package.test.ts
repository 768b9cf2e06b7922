import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { entries, privateEntries } from '../../scripts/entries.js'
import { repositoryRoot } from '../support/sources.js'

const read = (path: string) => readFileSync(join(repositoryRoot, path), 'utf8')
const manifest = JSON.parse(read('package.json')) as {
  exports: Record<string, unknown>
  imports: Record<string, unknown>
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  overrides: Record<string, string | Record<string, string>>
}

/** Every path below a (nested) map of conditions. */
function targets(conditions: unknown): string[] {
  return typeof conditions === 'string' ? [conditions] : Object.values(conditions as object).flatMap(targets)
}

const built = (names: readonly string[], extensions: readonly string[]) =>
  names.flatMap((name) => extensions.map((extension) => `./dist/${name}.${extension}`)).toSorted()

describe('package.json', () => {
  it('exports what is built, for ES modules and CommonJS, with types', () => {
    const { './package.json': _, ...exported } = manifest.exports
    expect(targets(exported).toSorted()).toEqual(built(Object.keys(entries), ['js', 'cjs', 'd.ts', 'd.cts']))
  })

  it('resolves the default WebSocket to what is built', () => {
    const used = new Set(targets(manifest.imports['#platform']))
    expect([...used].toSorted()).toEqual(built(Object.keys(privateEntries), ['js', 'cjs']))
  })

  it('pins every version exactly', () => {
    const { dependencies, devDependencies, overrides } = manifest
    // A package by another name (`react18`) and what is overridden below one package are pinned just so.
    const pinned = [dependencies, devDependencies, overrides].flatMap((versions) => targets(versions))
    expect(pinned.filter((version) => !/^(npm:[\w@/-]+@)?\d+\.\d+\.\d+$/.test(version))).toEqual([])
  })
})

describe('package-lock.json', () => {
  const lock = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { resolved?: string; optionalDependencies?: Record<string, string> }>
  }

  it('names no registry', () => {
    const named = Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined)
    expect(named.map(([path]) => path)).toEqual([])
  })

  it('holds the binaries of other platforms, without which npm ci fails there', () => {
    const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) =>
          !(`node_modules/${name}` in lock.packages) && !(`${path}/node_modules/${name}` in lock.packages),
      ),
    )
    expect(missing).toEqual([])
  })
})
