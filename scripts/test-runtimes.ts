/**
 * `npm run test:runtimes`: the built package in Node 20, 22 and 24, Bun, Deno and workerd.
 *
 *   --only bun,deno   these runtimes; docs/compatibility.md stays as it is
 *   --no-build        what was built the last time
 *
 * Binaries are installed into runtimes/ if they are missing or of other versions. A runtime without one is skipped, and the table says so;
 * with SUREWIRE_REQUIRE_ALL=1 it is a failure, and so is a page that did not say what is measured now.
 *
 * Owns: the command line. How a runtime is run is in test/runtimes/, what is checked in test/runtimes/checks/.
 */
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { builtEntry, buildPackage, buildPrograms } from '../test/runtimes/build.js'
import type { Entries, Place } from '../test/runtimes/check.js'
import { type Row, tableOf, writeDocument } from '../test/runtimes/document.js'
import { type Reference, startReference } from '../test/runtimes/reference.js'
import { runProgram } from '../test/runtimes/run.js'
import { findRuntimes, type Runtime } from '../test/runtimes/runtimes.js'
import { runStorm } from '../test/runtimes/storm.js'
import { ROOT } from './compile.js'

const { values } = parseArgs({
  options: { only: { type: 'string' }, build: { type: 'boolean', default: true } },
  allowNegative: true,
})

function installBinaries(): void {
  const directory = join(ROOT, 'runtimes')
  const changedAt = (path: string): number =>
    statSync(join(directory, path), { throwIfNoEntry: false })?.mtimeMs ?? 0
  // npm writes its own list last: one that is older, or missing, is of other versions or of half an installation.
  if (changedAt('node_modules/.package-lock.json') >= changedAt('package-lock.json')) return
  const args = ['ci', '--prefix', directory, '--ignore-scripts', '--no-fund', '--no-audit']
  const { status } = spawnSync('npm', args, { cwd: ROOT, stdio: 'inherit' })
  if (status !== 0) console.error('the binaries cannot be installed: runtimes without one are skipped')
}

const load = async <Name extends keyof Entries>(name: Name): Promise<Entries[Name]> =>
  (await import(pathToFileURL(builtEntry(name)).href)) as Entries[Name]

function chosen(): Runtime[] {
  const all = findRuntimes()
  if (values.only === undefined) return all
  return values.only.split(',').map((name) => {
    const runtime = all.find((one) => one.name === name)
    if (runtime !== undefined) return runtime
    throw new Error(`'${name}' is not known; there are ${all.map((one) => one.name).join(', ')}`)
  })
}

async function runIn(runtime: Runtime, reference: Reference, stormHash: string): Promise<Row[]> {
  const rows: Row[] = []
  for (const modules of runtime.modules) {
    if (runtime.binary === null) {
      rows.push({ title: runtime.title, modules, version: null, results: [] })
      continue
    }
    const opened = await reference.open()
    const key = `${runtime.name}-${modules}`
    const place: Place = { runtime: runtime.name, modules, key, stormHash, ...opened.addresses }
    const report = await runProgram(runtime, place)
    await opened.close()
    rows.push({ title: runtime.title, modules, ...report })
    for (const { ok, title, detail } of report.results) if (!ok) console.error(`${key}: ${title}: ${detail}`)
  }
  return rows
}

installBinaries()
const runtimes = chosen()
if (values.build) buildPackage()
await buildPrograms()
const { json } = await load('index')
const { msgpack } = await load('msgpack')
const reference = await startReference(await load('server'), [json(), msgpack()])
const storm = await runStorm(await load('testing'))
const rows: Row[] = []
for (const runtime of runtimes) rows.push(...(await runIn(runtime, reference, storm.hash)))
await reference.close()

console.log(`\n${tableOf(rows)}\n`)
const stale = values.only === undefined ? writeDocument(rows) : []
if (stale.length > 0) console.warn(`docs/compatibility.md was not what was measured:\n${stale.join('\n')}`)
const missing = runtimes.filter(({ binary }) => binary === null)
if (missing.length > 0)
  console.warn(`skipped, for want of a binary: ${missing.map(({ title }) => title).join(', ')}`)
const failed = rows.some(({ results }) => results.some(({ ok }) => !ok))
const incomplete = missing.length > 0 || stale.length > 0
if (failed || (incomplete && process.env['SUREWIRE_REQUIRE_ALL'] === '1')) process.exitCode = 1
