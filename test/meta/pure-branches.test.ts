import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { armsOf, compare, type FileReport } from '../../scripts/pure-branches.js'
import { isPure } from './purity.js'
import { type UnreachableBranch, unreachableBranches } from './unreachable.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FILE = 'src/delivery/example.ts'
const SOURCE = `
if (a) b()
switch (c.is) {
  case 'd':
    return e
  default:
    return unreachable(c)
}
f = g ?? h
`

const at = (line: number, from: number, to: number) => ({
  start: { line, column: from },
  end: { line, column: to },
})

/** Taken: the `else` of the `if`, the `case`, the left operand. */
const REPORT: FileReport = {
  branchMap: {
    0: { type: 'if', loc: at(2, 0, 10), locations: [at(2, 0, 10), {}] },
    1: { type: 'switch', loc: at(3, 0, 15), locations: [at(4, 2, 11), at(6, 2, 10)] },
    2: { type: 'binary-expr', loc: at(9, 4, 10), locations: [at(9, 4, 5), at(9, 9, 10)] },
  },
  b: { 0: [0, 1], 1: [1, 0], 2: [1, 0] },
}

const row = (of: string, arm: string): UnreachableBranch => ({ file: FILE, of, arm, why: 'a test' })
const arms = armsOf(FILE, SOURCE, REPORT)

describe('a branch', () => {
  it('is named by the line that decides and by its own text, not by a number of a line', () => {
    expect(arms.map(({ of, arm, taken }) => [of, arm, taken])).toEqual([
      ['if (a) b()', 'then', false],
      ['if (a) b()', 'else', true],
      ['switch (c.is) {', "case 'd': return e", true],
      ['switch (c.is) {', 'default: return unreachable(c)', false],
      ['f = g ?? h', 'g', true],
      ['f = g ?? h', 'h', false],
    ])
  })

  it('that no test takes is told of, unless the table names it', () => {
    const table = [row('switch (c.is) {', 'default: return unreachable(c)')]

    expect(compare(arms, table).uncovered.map(({ line, arm }) => [line, arm])).toEqual([
      [2, 'then'],
      [9, 'h'],
    ])
  })

  it('that the table names although a test takes it is told of, as is one that is not there', () => {
    const [reached, gone] = [row('f = g ?? h', 'g'), row('f = g ?? h', 'i')]

    expect(compare(arms, [reached, gone])).toMatchObject({ reached: [reached], gone: [gone] })
  })
})

describe('the table of unreachable branches', () => {
  it.each(unreachableBranches)('names something that is there: $file $of $arm', ({ file, of, arm, why }) => {
    expect(isPure(file)).toBe(true)
    expect(existsSync(path.join(ROOT, file))).toBe(true)
    const lines = readFileSync(path.join(ROOT, file), 'utf8')
      .split('\n')
      .map((line) => line.trim())
    expect(lines).toContain(of)
    expect(lines.map((line, index) => `${line} ${lines[index + 1] ?? ''}`)).toContain(arm)
    expect(why).not.toBe('')
  })

  it('names each branch once', () => {
    const names = unreachableBranches.map(({ file, of, arm }) => `${file} ${of} ${arm}`)

    expect(new Set(names).size).toBe(names.length)
  })
})
