/**
 * docs/compatibility.md: the part between the marks is written here, from what was measured.
 *
 * Owns: the table, on the terminal and in the document.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../scripts/compile.js'
import type { CheckResult, ModuleKind } from './check.js'

const FILE = join(ROOT, 'docs/compatibility.md')
const BEGIN = '<!-- runtimes: begin, written by npm run test:runtimes -->'
const END = '<!-- runtimes: end -->'

export interface Row {
  readonly title: string
  readonly modules: ModuleKind
  /** `null`: its binary is not on this machine. */
  readonly version: string | null
  readonly results: readonly CheckResult[]
}

const passed = ({ results }: Row): number => results.filter(({ ok }) => ok).length

const cells = (row: Row): string[] => [
  row.title,
  row.version ?? 'not here: skipped',
  row.modules,
  row.version === null ? '–' : `${passed(row)} / ${row.results.length}`,
]

export function tableOf(rows: readonly Row[]): string {
  const lines = [['Runtime', 'Version', 'Loaded as', 'Checks passed'], ...rows.map(cells)]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const text = lines.map((line) => `| ${line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`)
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [text[0], rule, ...text.slice(1)].join('\n')
}

/** Every check once, with the runs that had it if not all had. */
function listOf(rows: readonly Row[]): string {
  const ran = rows.filter(({ version }) => version !== null)
  const titles = [...new Set(ran.flatMap(({ results }) => results.map(({ title }) => title)))]
  return titles
    .map((title) => {
      const without = ran.filter(({ results }) => !results.some((one) => one.title === title))
      const names = [...new Set(without.map((row) => row.title))]
      return `- ${title}${names.length === 0 ? '' : ` (not in ${names.join(', ')})`}`
    })
    .join('\n')
}

/**
 * Lines of one that the other has not. The Node that runs this is the machine's own, of whatever patch release: only its
 * major has to agree. Widths of columns follow from that.
 */
export function differences(one: string, other: string, ownNode = process.versions.node): string[] {
  const own = new RegExp(`^(\\| Node ${ownNode.split('.')[0]} +\\| )[\\d.]+`)
  const linesOf = (text: string): string[] =>
    text.split('\n').map((line) => line.replace(own, '$1*').replace(/ +/g, ' ').replace(/-{2,}/g, '--'))
  const others = linesOf(other)
  return linesOf(one).filter((line) => !others.includes(line))
}

/** Writes what was measured; answers with the lines of the document that are true no more, and those that are new. */
export function writeDocument(rows: readonly Row[]): string[] {
  const before = readFileSync(FILE, 'utf8')
  const after = withPart(before, rows)
  writeFileSync(FILE, after)
  return [
    ...differences(before, after).map((line) => `- ${line}`),
    ...differences(after, before).map((line) => `+ ${line}`),
  ]
}

/** Fails for a document that has lost its marks. */
export function withPart(before: string, rows: readonly Row[]): string {
  const [begin, end] = [before.indexOf(BEGIN), before.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`${FILE} has lost its marks`)
  const failures = rows.flatMap((row) =>
    row.results
      .filter(({ ok }) => !ok)
      .map(({ title, detail }) => `- ${row.title}, ${row.modules}: ${title}: ${detail}`),
  )
  const failing = failures.length === 0 ? '' : `\n\nWhat failed:\n\n${failures.join('\n')}`
  const part = `${tableOf(rows)}${failing}\n\nThe checks:\n\n${listOf(rows)}`
  return `${before.slice(0, begin + BEGIN.length)}\n\n${part}\n\n${before.slice(end)}`
}
