/**
 * `npm run coverage:pure`: every branch of the pure floors is taken by a test, or named as unreachable with its reason.
 *
 * Runs the unit and conformance tests with coverage of the floors that test/meta/floors.ts marks as pure, and ends with
 * status 1 if a branch is neither covered nor in test/meta/unreachable.ts, or if a row there is covered or gone.
 * `npm run coverage:pure -- DIRECTORY` judges a report (coverage-final.json) that is already there.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { floorOf, floors } from '../test/meta/floors.js'
import { unreachableBranches } from '../test/meta/unreachable.js'
import { type Arm, armsOf, compare, type FileReport, type Verdict } from './pure-branches.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const MAX_OUTPUT_BYTES = 2 ** 28
const pureFloors = Object.keys(floors).filter((name) => floors[name]?.pure === true)

const given = process.argv[2]
const directory = given ?? path.join(ROOT, 'coverage/pure')
if (given !== undefined || measure()) judge()
else process.exitCode = 1

/** Returns whether the tests passed. */
function measure(): boolean {
  const options = [
    'vitest',
    'run',
    '--project=unit',
    '--project=conformance',
    '--silent',
    '--coverage',
    '--coverage.reporter=json',
    `--coverage.reportsDirectory=${directory}`,
    ...pureFloors.map((name) => `--coverage.include=src/${name}/**/*.ts`),
  ]
  const { status, stdout } = spawnSync('npx', options, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: MAX_OUTPUT_BYTES,
  })
  // What the tests say matters only if one of them fails.
  if (status !== 0) console.log(stdout)
  return status === 0
}

function judge(): void {
  const arms = readArms()
  const verdict = compare(arms, unreachableBranches)
  console.table(Object.fromEntries(pureFloors.map((floor) => [floor, summary(floor, arms)])))
  complain(verdict)
  const { uncovered, reached, gone } = verdict
  if (uncovered.length + reached.length + gone.length > 0) process.exitCode = 1
  else console.log('Every branch is covered, or named in test/meta/unreachable.ts.')
}

function readArms(): Arm[] {
  const text = readFileSync(path.join(directory, 'coverage-final.json'), 'utf8')
  const files = JSON.parse(text) as Record<string, FileReport>
  return Object.entries(files).flatMap(([absolute, report]) => {
    const file = path.relative(ROOT, absolute).replaceAll(path.sep, '/')
    return armsOf(file, readFileSync(absolute, 'utf8'), report)
  })
}

function summary(floor: string, arms: readonly Arm[]): Readonly<Record<string, number>> {
  const here = arms.filter(({ file }) => floorOf(file) === floor)
  const covered = here.filter(({ taken }) => taken).length
  const { uncovered } = compare(here, unreachableBranches)
  const named = here.length - covered - uncovered.length
  return { branches: here.length, covered, 'named as unreachable': named, uncovered: uncovered.length }
}

function complain({ uncovered, reached, gone }: Verdict): void {
  for (const { file, line, of, arm } of uncovered) console.log(`uncovered: ${file}:${line} ${arm} of ${of}`)
  for (const { file, of, arm } of reached)
    console.log(`named as unreachable, but covered: ${file} ${arm} of ${of}`)
  for (const { file, of, arm } of gone) console.log(`named as unreachable, but gone: ${file} ${arm} of ${of}`)
}
