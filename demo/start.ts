/**
 * `npm start`: a server, a proxy that breaks the connection, a client, and a page.
 *
 * Owns: putting the parts together, and ending them in every case: at the end, on Ctrl-C, on an error.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFaultProxy } from '../tools/fault-proxy.js'
import { BookReader } from './book.js'
import { FaultSchedule } from './faults.js'
import { type DemoOptions, parseOptions, USAGE } from './options.js'
import { servePage } from './page-server.js'
import { Replay } from './replay.js'
import { exitStatus, LiveLine, progress, type Result, table } from './report.js'
import { ServerHandle } from './server-handle.js'

/** What was opened, to be closed in reverse order. */
class Cleanup {
  readonly #steps: (() => unknown)[] = []

  add(step: () => unknown): void {
    this.#steps.push(step)
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await step()
  }
}

function temporaryBook(cleanup: Cleanup): string {
  const directory = mkdtempSync(join(tmpdir(), 'surewire-demo-'))
  cleanup.add(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'book')
}

/** Status of a program that was ended by Ctrl-C. */
const INTERRUPTED = 130

/** Runs the replay and prints the table. Returns the exit status. */
async function replay({ seconds, seed }: DemoOptions, signal: AbortSignal): Promise<number> {
  const cleanup = new Cleanup()
  try {
    const bookPath = temporaryBook(cleanup)
    const book = new BookReader(bookPath)
    cleanup.add(() => book.close())
    const server = await ServerHandle.start(bookPath, (report) => {
      if (report.report === 'replayed') run.serverIsDone()
      if (report.report === 'failed') run.failures.push(report.message)
    })
    cleanup.add(() => server.kill())
    const proxy = await createFaultProxy({ target: { port: server.port }, seed })
    cleanup.add(() => proxy.close())
    const run = new Replay(proxy.url, book)
    cleanup.add(() => run.client.close({ drainMs: 0 }))
    const faults = new FaultSchedule(proxy, seed)
    cleanup.add(() => faults.stop())

    console.log(
      `Replaying earthquakes, stocks and flights both ways for ${seconds} s; faults from seed ${seed}.\n`,
    )
    await run.open(signal)
    const result = await underFaults({ run, faults, server, seconds, signal })
    if (signal.aborted) return INTERRUPTED
    console.log(`${table(result)}\n`)
    return exitStatus(result)
  } catch (error) {
    if (signal.aborted) return INTERRUPTED
    throw error
  } finally {
    await cleanup.run()
  }
}

interface Trial {
  readonly run: Replay
  readonly faults: FaultSchedule
  readonly server: ServerHandle
  readonly seconds: number
  readonly signal: AbortSignal
}

async function underFaults({ run, faults, server, seconds, signal }: Trial): Promise<Result> {
  const startedAt = performance.now()
  const line = new LiveLine(process.stdout)
  const result = (ended: boolean): Result => ({
    ...run.rows(ended),
    seconds: ended ? seconds : (performance.now() - startedAt) / 1_000,
    reconnects: run.reconnects,
    faults: { ...faults.counts },
    failures: run.failures,
  })
  const ticker = setInterval(() => line.show(progress(result(false), run.client.snapshot.status)), 100)
  try {
    faults.start()
    server.give({ order: 'replay', forMs: seconds * 1_000 })
    await run.run(seconds * 1_000, signal)
    await faults.stop()
    await run.settle(signal)
    return result(true)
  } finally {
    clearInterval(ticker)
    line.end()
  }
}

/** Serves the page until Ctrl-C. */
async function page({ port }: DemoOptions, signal: AbortSignal): Promise<void> {
  const cleanup = new Cleanup()
  try {
    const served = await servePage({ bookPath: temporaryBook(cleanup), port })
    cleanup.add(() => served.close())
    console.log(`Cut the connection yourself:  ${served.url}\nCtrl-C ends.`)
    await new Promise((resolve) => {
      if (signal.aborted) resolve(undefined)
      else signal.addEventListener('abort', resolve)
    })
  } finally {
    await cleanup.run()
  }
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  if (options === null) {
    console.log(USAGE)
    return 0
  }
  const stopped = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort())
  let status = 0
  if (!options.pageOnly) status = await replay(options, stopped.signal)
  if (!options.once && !stopped.signal.aborted) await page(options, stopped.signal)
  return status
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
