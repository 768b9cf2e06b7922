/**
 * The worker of `npm run fuzz`: one campaign, told.
 *
 * Owns: the report. The exit code is 1 if anything was found.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { workerData } from 'node:worker_threads'
import { type Campaign, type Finding, runCampaign } from './campaign.js'
import { makeLibrary } from './library.js'
import { linesOf, type TargetName, TARGETS } from './targets.js'

const { frames, seed, progress } = workerData as {
  readonly frames: number
  readonly seed: number
  readonly progress: BigInt64Array
}

const MEGABYTE = 1_048_576
/** Heap that may stay after a campaign beyond what the first cases need: code, caches of the engine, tallies. */
const MAX_GROWTH_MB = 24
const WARM_UP_CASES = 200
/** How often the heap is looked at, in cases. */
const LOOK = 2_000

const heaps: number[] = []

// A worker takes no flags of its own; a new context has what they add.
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function lookAtHeap(): void {
  collectGarbage()
  heaps.push(process.memoryUsage().heapUsed / MEGABYTE)
}

function onProgress(target: TargetName, number: number): void {
  progress[0] = BigInt(TARGETS.indexOf(target))
  progress[1] = BigInt(number)
  if (number !== WARM_UP_CASES && (number === 0 || number % LOOK !== 0)) return
  lookAtHeap()
  console.error(`… ${target}, case ${thousands(number)}, heap ${heaps.at(-1)?.toFixed(1)} MB`)
}

const thousands = (value: number): string => Math.round(value).toLocaleString('en')

function report({ tallies, seconds }: Campaign, growth: number): void {
  let total = 0
  for (const target of TARGETS) {
    const { frames: fed, messages, cases, outcomes } = tallies[target]
    total += fed
    const rate = thousands(fed / Math.max(0.001, seconds[target]))
    console.log(
      `${target.padEnd(8)} ${thousands(fed)} frames, ${thousands(messages)} messages, ${thousands(cases)} cases, ${seconds[target].toFixed(1)} s, ${rate} frames/s`,
    )
    const sorted = [...outcomes].toSorted((a, b) => b[1] - a[1])
    console.log(`         ${sorted.map(([what, count]) => `${what} ${thousands(count)}`).join(' · ')}`)
  }
  const all = TARGETS.reduce((sum, target) => sum + seconds[target], 0)
  console.log(
    `frames ${thousands(total)} in ${all.toFixed(1)} s, ${thousands(total / all)} frames/s, seed ${seed}; heap ${heaps[0]?.toFixed(1)} MB at first, ${heaps.at(-1)?.toFixed(1)} MB at last, at most ${growth.toFixed(1)} MB more in between`,
  )
}

function tellFinding({ what, target, number, smallest }: Finding): void {
  console.log(`\nFOUND in ${target}, seed ${seed}, case ${number}: ${what}`)
  for (const line of linesOf(smallest)) console.log(`  ${line}`)
}

const library = await makeLibrary()
const campaign = await runCampaign({ library, frames, seed, progress: onProgress, found: tellFinding })
lookAtHeap()
const growth = Math.max(...heaps) - (heaps[0] ?? 0)
report(campaign, growth)
const leaks = growth > MAX_GROWTH_MB
if (leaks) console.log(`\nFOUND: the heap grew by ${growth.toFixed(1)} MB`)
console.log(`findings: ${campaign.findings.length + (leaks ? 1 : 0)}`)
process.exitCode = campaign.findings.length > 0 || leaks ? 1 : 0
