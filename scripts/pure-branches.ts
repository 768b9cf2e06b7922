/**
 * Branches of a coverage report, and their comparison with the table of those that nothing can reach.
 *
 * Owns: what a branch is called, so that its name survives lines that move; the verdict.
 * Does not own: measuring (coverage-pure.ts), the table (test/meta/unreachable.ts).
 */
import type { UnreachableBranch } from '../test/meta/unreachable.js'

interface Range {
  readonly start: { readonly line: number; readonly column: number }
  readonly end: { readonly line: number; readonly column: number | null }
}

/** One file of an Istanbul report, as far as it is needed here. An `else` that is not written has no location. */
export interface FileReport {
  readonly branchMap: Readonly<
    Record<
      string,
      { readonly type: string; readonly loc: Range; readonly locations: readonly Partial<Range>[] }
    >
  >
  readonly b: Readonly<Record<string, readonly number[]>>
}

/** One way through a branch. `of` and `arm` are a line of the source each, trimmed. */
export interface Arm {
  readonly file: string
  readonly line: number
  /** The line that decides. */
  readonly of: string
  /** `else` when no line of its own says it; for an operand or one side of a condition its own text. */
  readonly arm: string
  readonly taken: boolean
}

/** What {@link compare} found wrong; all empty: every reachable branch is covered. */
export interface Verdict {
  /** Not taken by any test, and not in the table. */
  readonly uncovered: readonly Arm[]
  /** In the table, and taken: it can be reached after all. */
  readonly reached: readonly UnreachableBranch[]
  /** In the table, and not in the source any more. */
  readonly gone: readonly UnreachableBranch[]
}

/** Every arm of every branch of a file. */
export function armsOf(file: string, source: string, report: FileReport): Arm[] {
  const lines = source.split('\n')
  const lineAt = (line: number): string => (lines[line - 1] ?? '').trim()
  return Object.entries(report.branchMap).flatMap(([id, branch]) => {
    const counts = report.b[id] ?? []
    return branch.locations.map((location, index): Arm => {
      const { line } = branch.loc.start
      const arm = nameOf(branch.type, location, index, lines)
      return {
        file,
        line: location.start?.line ?? line,
        of: lineAt(line),
        arm,
        taken: (counts[index] ?? 0) > 0,
      }
    })
  })
}

function nameOf(
  type: string,
  { start, end }: Partial<Range>,
  index: number,
  lines: readonly string[],
): string {
  if (type === 'if') return index === 0 ? 'then' : 'else'
  if (start === undefined || end === undefined) return 'else'
  const first = lines[start.line - 1] ?? ''
  // A `case` by itself may say little (`default:`), so that what it does is part of its name.
  if (type === 'switch') return `${first.trim()} ${(lines[start.line] ?? '').trim()}`
  const until = end.line === start.line && end.column !== null ? end.column : first.length
  return first.slice(start.column, until).trim().replace(/\s*:$/, '')
}

/** Holds a report against the table. */
export function compare(arms: readonly Arm[], table: readonly UnreachableBranch[]): Verdict {
  const isNamedBy =
    (row: UnreachableBranch) =>
    ({ file, of, arm }: Arm): boolean =>
      row.file === file && row.of === of && row.arm === arm
  return {
    uncovered: arms.filter((arm) => !arm.taken && !table.some((row) => isNamedBy(row)(arm))),
    reached: table.filter((row) => arms.some((arm) => arm.taken && isNamedBy(row)(arm))),
    gone: table.filter((row) => !arms.some(isNamedBy(row))),
  }
}
