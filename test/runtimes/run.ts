/**
 * Running the program in a runtime.
 *
 * Owns: starting and ending its process, getting its report, and the two checks that only an onlooker can make: that
 * there is a report, and that the process ends by itself.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { BUILD, programs } from './build.js'
import type { CheckResult, Place, Report } from './check.js'
import { REPORT_MARK } from './report-mark.js'
import type { Runtime } from './runtimes.js'

/** For all checks of one run, on a machine that is busy. */
const RUN_MS = 240_000
/** From the report to the end of a process with nothing left to do. */
const END_MS = 10_000
/** The newest behaviour of Workers that this workerd knows, and no Node compatibility. */
const COMPATIBILITY_DATE = '2026-11-01'

export function runProgram(runtime: Runtime, place: Place): Promise<Report> {
  const { binary } = runtime
  if (binary === null) throw new Error(`${runtime.title} is not here`)
  return place.modules === 'bundle' ? runWorker(binary, place) : runProcess(runtime, binary, place)
}

async function runProcess(runtime: Runtime, binary: string, place: Place): Promise<Report> {
  const args = [...runtime.flags, programs[place.modules], JSON.stringify(place)]
  const child = spawn(binary, args, { cwd: BUILD, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = endOf(child)
  const [out, err] = [collect(child.stdout), collect(child.stderr)]
  const reported = found(child.stdout, out, REPORT_MARK)
  const begun = Date.now()
  await Promise.race([reported, ended, after(RUN_MS)])
  const reportedAt = Date.now()
  const status = await Promise.race([ended, after(END_MS)])
  if (status === undefined) child.kill('SIGKILL')
  const line = out.text.split('\n').find((one) => one.startsWith(REPORT_MARK))
  if (line === undefined) {
    const detail = `${err.text.slice(0, 2_000)} (${Date.now() - begun} ms, status ${String(status)})`
    return { version: await versionOf(binary), results: [failed('the program ran to its end', detail)] }
  }
  const report = JSON.parse(line.slice(REPORT_MARK.length)) as Report
  const ms = Date.now() - reportedAt
  const detail = status === 0 ? '' : status === undefined ? `not within ${END_MS} ms` : `status ${status}`
  const ends = { title: 'the process ends by itself, with status 0', ok: status === 0, detail, ms }
  return { ...report, results: [...report.results, ends] }
}

async function runWorker(binary: string, place: Place): Promise<Report> {
  const config = join(BUILD, 'worker.capnp')
  writeFileSync(config, workerConfig())
  const child = spawn(binary, ['serve', config, '--control-fd=3'], {
    cwd: BUILD,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const ended = endOf(child)
  const err = collect(child.stderr as Readable)
  const events = collect(child.stdio[3] as Readable)
  try {
    await Promise.race([found(child.stdio[3] as Readable, events, '"port"'), ended, after(20_000)])
    const port = /"port":(\d+)/.exec(events.text)?.[1]
    if (port === undefined) throw new Error('it does not listen')
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      body: JSON.stringify(place),
      signal: AbortSignal.timeout(RUN_MS),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${response.status} ${text}`)
    return { ...(JSON.parse(text) as Report), version: await versionOf(binary) }
  } catch (error) {
    const detail = `${String(error)} ${err.text.slice(0, 2_000)}`
    return { version: await versionOf(binary), results: [failed('the program ran to its end', detail)] }
  } finally {
    child.kill()
    await ended
  }
}

/** Outbound connections go anywhere, as to a server on this machine. */
const workerConfig = (): string => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .checks),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const checks :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "${COMPATIBILITY_DATE}",
);
`

const failed = (title: string, detail: string): CheckResult => ({ title, ok: false, detail, ms: 0 })

interface Collected {
  text: string
}

function collect(stream: Readable): Collected {
  const collected = { text: '' }
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    collected.text += chunk
  })
  return collected
}

function found(stream: Readable, collected: Collected, mark: string): Promise<void> {
  return new Promise((resolve) => {
    stream.on('data', () => {
      const at = collected.text.indexOf(mark)
      if (at >= 0 && collected.text.includes('\n', at)) resolve()
    })
  })
}

function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code, signal) => resolve(code ?? signal ?? '?'))
  })
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), ms).unref()
  })
}

async function versionOf(binary: string): Promise<string> {
  const child = spawn(binary, ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const out = collect(child.stdout)
  await endOf(child)
  return out.text.trim().replace(/^\D+/, '')
}
