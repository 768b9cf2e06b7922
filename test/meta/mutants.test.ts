import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { fileOf, mutants } from '../mutants/mutants.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FOLDER = fileURLToPath(new URL('../mutants/', import.meta.url))
const patches = readdirSync(FOLDER).filter((file) => file.endsWith('.patch'))
const broken = new Set(mutants.flatMap(({ breaks }) => breaks))

describe('the mutants', () => {
  it('are the patches of their folder, each with a name of its own', () => {
    expect(mutants.map(fileOf)).toEqual(
      patches.toSorted((one, other) => one.localeCompare(other, 'en', { numeric: true })),
    )
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length)
  })

  it('are at least forty, and break every rule and every invariant, or are defects that are only logged', () => {
    const wanted = [
      ...Array.from({ length: 18 }, (_, index) => `rule ${index + 1}`),
      ...Array.from({ length: 13 }, (_, index) => `I${index + 1}`),
      'defect',
    ]
    expect(mutants.length).toBeGreaterThanOrEqual(40)
    expect(wanted.filter((name) => !broken.has(name))).toEqual([])
    expect([...broken].filter((name) => !wanted.includes(name))).toEqual([])
  })

  it.each(mutants.map((mutant) => [fileOf(mutant)]))(
    'still apply to the sources, and to nothing else: %s',
    (file) => {
      const touched = [...readFileSync(FOLDER + file, 'utf8').matchAll(/^\+\+\+ b\/(.*)$/gm)].map(
        ([, path]) => path,
      )
      expect(touched.length).toBeGreaterThan(0)
      expect(touched.filter((path) => path?.startsWith('src/') !== true)).toEqual([])
      const dryRun = ['-p1', '--fuzz=1', '--dry-run', '--force', '-i', FOLDER + file]
      expect(execFileSync('patch', dryRun, { cwd: ROOT, encoding: 'utf8' })).not.toContain('FAILED')
    },
  )
})
