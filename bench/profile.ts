/**
 * `npm run bench -- profile --only up256 --peers surewire`: one profiled run of each, and the functions of both ends
 * that took the most time themselves. The profiles stay in bench/.build/profiles.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Measure } from './measures/measure.js'
import type { PeerName } from './peers/index.js'
import { spawnRun } from './process/spawn-run.js'
import { type ProfileSummary, readProfiles } from './report/profile.js'

const LINES = 40

/** So much more work than usual that loading and compiling hardly show. */
const SCALE = 8

export async function profile(measure: Measure, peer: PeerName): Promise<void> {
  const folder = join(fileURLToPath(new URL('.', import.meta.url)), 'profiles', `${measure.name}-${peer}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=200']
  const figures = await spawnRun(measure, peer, { flags, scale: SCALE })
  console.log(`${measure.name}, ${peer}: ${JSON.stringify(figures)}`)
  for (const summary of readProfiles(folder)) print(summary)
}

function print({ process, busyMs, idleMs, lines }: ProfileSummary): void {
  console.log(`\n${process}: ${busyMs.toFixed(0)} ms busy, ${idleMs.toFixed(0)} ms idle`)
  for (const { name, milliseconds, share } of lines.slice(0, LINES)) {
    console.log(
      `${(100 * share).toFixed(1).padStart(5)} % ${milliseconds.toFixed(0).padStart(6)} ms  ${name}`,
    )
  }
}
