/**
 * `npm run mutants [-- names…] [--seeds 200] [--minutes 5]`: shows that the simulator would notice.
 *
 * Every mutant of test/mutants/ is a deliberate fault of the protocol, as a patch of src/. In a copy of the repository
 * each is compiled into the simulated world, which runs seeds 1, 2, 3 … until one fails. A mutant counts as killed if
 * a named invariant noticed it, `(another)` if it is none of those that the mutant is said to break; a crash or a run without end is told and does not count. At the end the sources as they
 * are have to pass the same seeds. Words or numbers after the command choose mutants by their names.
 *
 * Exit code 1 if one survives, or if the sources themselves fail.
 */
import { parseArgs } from 'node:util'
import { fileOf, type Mutant, mutants } from '../test/mutants/mutants.js'
import { type Hunt, Hunter } from './mutants-hunt.js'
import { someMinutes, wholeNumber } from './numbers.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Seeds tried before a mutant counts as survived. */
    seeds: { type: 'string', default: '200' },
    /** Simulated time of each, without coming to rest. Many short runs find more than few long ones. */
    minutes: { type: 'string', default: '5' },
  },
})

/** Characters of a violation that fit a line. */
const MAX_MESSAGE = 110

const seeds = wholeNumber('seeds', values.seeds, 1)
const minutes = someMinutes(values.minutes)
const chosen = mutants.filter((mutant) => isWanted(mutant, positionals))
if (chosen.length === 0) throw new TypeError(`no mutant is called ${positionals.join(' or ')}`)
const begin = performance.now()
const hunter = await Hunter.open()
try {
  console.log(heading())
  const hunts: [Mutant, Hunt][] = []
  for (const mutant of chosen) {
    const hunt = await hunter.hunt(fileOf(mutant), {
      seeds,
      minutes,
      isDefect: mutant.breaks.includes('defect'),
    })
    hunts.push([mutant, hunt])
    console.log(line(mutant, hunt))
  }
  const needed = Math.max(1, ...hunts.map(([, { seeds: count }]) => count))
  const baseline = await hunter.hunt(null, { seeds: needed, minutes, isDefect: false })
  report(hunts, baseline, needed)
} finally {
  await hunter.close()
}

function isWanted(mutant: Mutant, wanted: readonly string[]): boolean {
  return wanted.length === 0 || wanted.some((word) => fileOf(mutant).includes(word))
}

function heading(): string {
  return row('mutant', 'breaks', 'killed by', 'seeds', 'simulated', 'first told')
}

function line(mutant: Mutant, hunt: Hunt): string {
  const name = fileOf(mutant).replace(/\.patch$/, '')
  const { verdict, seeds: count, simulatedMs, mishaps } = hunt
  const told = [...(verdict.is === 'killed' ? [verdict.message] : []), ...mishaps].join(' · ')
  const by =
    verdict.is === 'killed' ? verdict.invariant + (isByAnother(mutant, hunt) ? ' (another)' : '') : 'SURVIVED'
  return row(name, mutant.breaks.join(' '), by, String(count), duration(simulatedMs), short(told))
}

/** Killed, but not by an invariant that it is said to break. */
function isByAnother({ breaks }: Mutant, { verdict }: Hunt): boolean {
  return verdict.is === 'killed' && !breaks.includes(verdict.invariant)
}

function row(
  name: string,
  breaks: string,
  by: string,
  count: string,
  simulated: string,
  told: string,
): string {
  return `${name.padEnd(44)} ${breaks.padEnd(12)} ${by.padEnd(13)} ${count.padStart(5)} ${simulated.padStart(10)}  ${told}`
}

function report(hunts: readonly [Mutant, Hunt][], baseline: Hunt, needed: number): void {
  const killed = hunts.map(([, hunt]) => hunt).filter(({ verdict }) => verdict.is === 'killed')
  const survived = hunts.filter(([, { verdict }]) => verdict.is !== 'killed')
  const seconds = Math.round((performance.now() - begin) / 1_000)
  console.log(`\nkilled: ${killed.length} of ${hunts.length}, in ${seconds} s`)
  console.log(`seeds needed: median ${median(killed.map(({ seeds: count }) => count))}`)
  console.log(
    `simulated time needed: median ${duration(median(killed.map(({ simulatedMs }) => simulatedMs)))}`,
  )
  console.log(`invariants that noticed: ${tally(killed)}`)
  const byAnother = hunts.filter(([mutant, hunt]) => isByAnother(mutant, hunt))
  console.log(`killed by another invariant than they are said to break: ${byAnother.length}`)
  for (const [mutant] of survived) console.log(`survived: ${fileOf(mutant)}, ${mutant.fault}`)
  const isSound = baseline.verdict.is === 'survived' && baseline.mishaps.length === 0
  const told = baseline.verdict.is === 'killed' ? baseline.verdict.message : baseline.mishaps.join(' · ')
  console.log(
    `without a patch: ${isSound ? `seeds 1 to ${needed} pass` : `FAILED at seed ${baseline.seeds}, so that what needed as many does not count: ${told}`}`,
  )
  if (survived.length > 0 || !isSound) process.exitCode = 1
}

function tally(killed: readonly Hunt[]): string {
  const counts = new Map<string, number>()
  for (const { verdict } of killed) {
    if (verdict.is === 'killed') counts.set(verdict.invariant, (counts.get(verdict.invariant) ?? 0) + 1)
  }
  const byName = [...counts].toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
  return byName.map(([name, count]) => `${name} ${count}`).join(', ')
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[sorted.length / 2 - 1] ?? 0)) / 2
}

function duration(ms: number): string {
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`
}

function short(text: string): string {
  const [first = ''] = text.split('\n')
  return first.length > MAX_MESSAGE ? `${first.slice(0, MAX_MESSAGE)}…` : first
}
