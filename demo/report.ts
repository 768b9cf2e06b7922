/**
 * What the terminal shows: a line while it runs, a table when it has run.
 *
 * Owns: words and columns. Pure, but for writing the live line.
 */
import type { FaultCounts } from './faults.js'
import { isPerfect, quantile, sum, type Tally } from './ledger.js'
import type { Row } from './replay.js'

export interface Result {
  readonly seconds: number
  readonly up: readonly Row[]
  readonly down: readonly Row[]
  readonly reconnects: number
  readonly faults: FaultCounts
  readonly failures: readonly string[]
}

/** 0 if everything was handled once and in order, 1 if anything was not. */
export function exitStatus({ up, down, failures }: Pick<Result, 'up' | 'down' | 'failures'>): 0 | 1 {
  return failures.length === 0 && [...up, ...down].every(({ tally }) => isPerfect(tally)) ? 0 : 1
}

const count = (value: number): string => value.toLocaleString('en-US')
const duration = (ms: number | null): string => (ms === null ? '–' : `${count(Math.round(ms))} ms`)
const times = (value: number): string => (value === 1 ? 'once' : `${count(value)} times`)

const HEADINGS = ['', '', 'sent', 'handled once', 'lost', 'duplicated', 'out of order', 'p50', 'p99']

function cells(arrow: string, { name, order, tally, latencies }: Row): string[] {
  return [
    `${arrow} ${name}`,
    order ?? '',
    count(tally.sent),
    count(tally.once),
    count(missing(tally)),
    count(tally.duplicated + tally.redelivered),
    order === null ? '–' : count(tally.outOfOrder),
    duration(quantile(latencies, 0.5)),
    duration(quantile(latencies, 0.99)),
  ]
}

/** Nothing may be missing here, announced or not: the server lives, and its history is long enough. */
const missing = ({ lost, told }: Tally): number => lost + told

export function table(result: Result): string {
  const { up, down, seconds, reconnects, faults } = result
  const rows = [...up.map((row) => cells('↑', row)), ...down.map((row) => cells('↓', row))]
  const total = sum([...up, ...down].map(({ tally }) => tally))
  const last = cells('  all', { name: '', order: '', tally: total, latencies: [] })
  last.splice(7, 2, '', '')
  const lines = align([HEADINGS, ...rows, last])
  const ruler = '─'.repeat(lines[0]?.length ?? 0)
  lines.splice(1, 0, ruler)
  lines.splice(-1, 0, ruler)
  return [
    ...lines,
    '',
    `In ${seconds} s the connection was broken ${times(faults.resets + faults.cuts + faults.halfCloses)} and stalled ${times(faults.stalls)} ` +
      `(${faults.resets} resets, ${faults.cuts} cuts inside a frame, ${faults.halfCloses} half-closed); ${count(reconnects)} reconnects.`,
    'p50 and p99 count the time without a connection. ↑ from send() to acceptance, for replies from request() to the',
    'reply; ↓ from the append on the server to the handler.',
    '',
    verdict(result),
  ].join('\n')
}

function verdict(result: Result): string {
  if (exitStatus(result) === 0) return 'Nothing lost, nothing duplicated, nothing out of order.'
  return ['This run broke the promise.', ...new Set(result.failures)].slice(0, 20).join('\n  ')
}

/** Columns: the first two to the left, numbers to the right. */
function align(rows: readonly string[][]): string[] {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
}

export function progress(result: Result, status: string): string {
  const up = sum(result.up.map(({ tally }) => tally))
  const down = sum(result.down.map(({ tally }) => tally))
  const { resets, cuts, halfCloses, stalls } = result.faults
  return [
    `${result.seconds.toFixed(1).padStart(5)} s`,
    `↑ ${count(up.sent).padStart(6)} sent ${count(up.once).padStart(6)} handled`,
    `↓ ${count(down.sent).padStart(6)} sent ${count(down.once).padStart(6)} handled`,
    `${String(resets + cuts + halfCloses).padStart(3)} breaks ${String(stalls).padStart(2)} stalls`,
    `${String(result.reconnects).padStart(3)} reconnects`,
    status,
  ].join('   ')
}

/** A line that is written over on a terminal; elsewhere a new one each second. */
export class LiveLine {
  readonly #out: NodeJS.WriteStream
  #writtenAt = Number.NEGATIVE_INFINITY

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
  }

  show(text: string): void {
    const now = performance.now()
    if (now - this.#writtenAt < (this.#out.isTTY ? 100 : 1_000)) return
    this.#writtenAt = now
    this.#out.write(this.#out.isTTY ? `\r\x1b[2K${text.slice(0, this.#out.columns - 1)}` : `${text}\n`)
  }

  end(): void {
    if (this.#out.isTTY) this.#out.write('\r\x1b[2K')
  }
}
