/**
 * How the program runs in a process: Node, Bun, Deno.
 *
 * Owns: reading the place from the command line, and one line of JSON at the end. It never calls `process.exit`: that the
 * process ends by itself is checked by whoever started it.
 */
import { REPORT_MARK } from './report-mark.js'
import type { Loaders, Place, Report } from './check.js'
import { runChecks } from './program.js'

interface Process {
  readonly argv: readonly string[]
  readonly version: string
  readonly versions: Readonly<Record<string, string | undefined>>
  exitCode?: number | string | null | undefined
  on(event: 'unhandledRejection', listener: (reason: unknown) => void): unknown
}

export async function start(loaders: Loaders): Promise<void> {
  const { process } = globalThis as unknown as { process: Process }
  const unhandled: unknown[] = []
  process.on('unhandledRejection', (reason) => unhandled.push(reason))
  const place = JSON.parse(process.argv[2] ?? '') as Place
  const results = await runChecks(loaders, place)
  const detail = unhandled.map(String).join('; ')
  const quiet = { title: 'no rejection was left unhandled', ok: unhandled.length === 0, detail, ms: 0 }
  const { bun, deno, node } = process.versions
  const report: Report = { version: bun ?? deno ?? node ?? '?', results: [...results, quiet] }
  console.log(`${REPORT_MARK}${JSON.stringify(report)}`)
}
