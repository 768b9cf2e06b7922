/**
 * `npm run bench`: all measures, or those of `--only a,b`, with all peers, or `--peers a,b` (and the baseline).
 *
 *   --rounds 3       so many instead of the measure's own number
 *   --json out.json  where the results go; else bench/results/latest.json, if everything was measured
 *   --update         part of everything: what was measured replaces its like in latest.json and docs/performance.md
 *
 * A run of everything also writes docs/performance.md. `npm run bench -- document` does only that, from latest.json;
 * `npm run bench -- profile --only up256` is profile.ts.
 *
 * Owns: the command line. What is measured is in measures/, with what in peers/, what is made of it in report/.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { measureImports } from './measures/imports.js'
import { measures } from './measures/index.js'
import type { SizeResult } from './measures/sizes.js'
import { isPeerName, type PeerName, peerNames, peers } from './peers/index.js'
import { type MeasureResult, runMeasure } from './process/schedule.js'
import { spawnRun } from './process/spawn-run.js'
import { profile } from './profile.js'
import { writeDocument } from './report/document.js'
import { machine, versions } from './report/machine.js'
import { merge, type Results } from './report/results.js'
import { targets } from './report/targets.js'

/** From bench/.build, where this runs. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LATEST = join(ROOT, 'bench/results/latest.json')

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    peers: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'string' },
    update: { type: 'boolean', default: false },
  },
})

function choose<Name extends string>(
  given: string | undefined,
  isKnown: (name: string) => name is Name,
): Name[] | null {
  if (given === undefined) return null
  return given.split(',').map((name) => {
    if (isKnown(name)) return name
    throw new Error(
      `'${name}' is not known; there are ${[...measures.map((one) => one.name), ...peerNames].join(', ')}`,
    )
  })
}

const isMeasure = (name: string): name is string =>
  ['sizes', 'imports'].includes(name) || measures.some((measure) => measure.name === name)

const only = choose(values.only, isMeasure)
const chosenPeers: PeerName[] | null = choose(values.peers, isPeerName)
const rounds = values.rounds === undefined ? null : Number(values.rounds)
const wanted = (name: string): boolean => only === null || only.includes(name)

async function run(): Promise<Results> {
  const begun = performance.now()
  const before = machine()
  const found: MeasureResult[] = []
  for (const measure of measures.filter(({ name }) => wanted(name))) {
    const options = {
      peers: chosenPeers,
      rounds,
      run: (one: typeof measure, peer: PeerName) => spawnRun(one, peer),
    }
    found.push(await runMeasure(measure, { ...options, log: console.error }))
  }
  const sizes = join(ROOT, 'bench/.build/sizes.json')
  return {
    machine: before,
    versions: versions(ROOT),
    measures: found,
    sizes: wanted('sizes') ? (JSON.parse(readFileSync(sizes, 'utf8')) as SizeResult[]) : [],
    imports: wanted('imports') ? measureImports(rounds) : [],
    minutes: (performance.now() - begun) / 60_000,
  }
}

async function titles(): Promise<Parameters<typeof writeDocument>[2]> {
  const loaded = await Promise.all(peerNames.map(async (name) => [name, await peers[name]()] as const))
  return Object.fromEntries(loaded)
}

const readLatest = (): Results => JSON.parse(readFileSync(LATEST, 'utf8')) as Results

function save(file: string, results: Results): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
}

function print(results: Results): void {
  for (const { name, peers: found } of results.measures) {
    console.log(`\n${name}`)
    const row = ({ metrics }: (typeof found)[number]): Record<string, string> =>
      Object.fromEntries(
        Object.entries(metrics).map(([key, { value, ratio }]) => [
          key,
          `${value.toPrecision(4)}${ratio === null ? '' : ` (${ratio.toFixed(2)})`}`,
        ]),
      )
    console.table(Object.fromEntries(found.map((peer) => [peer.peer, row(peer)])))
  }
  if (results.sizes.length > 0) console.table(results.sizes)
  if (results.imports.length > 0) console.table(results.imports)
  console.table(targets(results).filter(({ met }) => met !== null))
}

if (positionals[0] === 'profile') {
  for (const measure of measures.filter(({ name }) => wanted(name))) {
    for (const peer of chosenPeers ?? ['surewire' as const]) await profile(measure, peer)
  }
} else if (positionals[0] === 'document') {
  writeDocument(join(ROOT, 'docs'), readLatest(), await titles())
} else {
  const results = await run()
  const isComplete = only === null && chosenPeers === null
  if (values.json !== undefined) save(values.json, results)
  if (isComplete || values.update) {
    const latest = values.update && existsSync(LATEST) ? merge(readLatest(), results) : results
    save(LATEST, latest)
    writeDocument(join(ROOT, 'docs'), latest, await titles())
  }
  print(results)
}
// Peers leave timers behind when they are loaded for their titles.
process.exit()
