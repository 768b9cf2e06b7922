/** One run in processes of its own. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Figures, Measure } from '../measures/measure.js'
import type { PeerName } from '../peers/index.js'

/** A run that takes longer is ended, and counts as failed. */
const LONGEST_MS = 90_000

export interface SpawnOptions {
  /** Flags of node, besides the measure's own. */
  readonly flags?: readonly string[]
  /** Times the usual amount of work. @default 1 */
  readonly scale?: number
}

export function spawnRun(measure: Measure, peer: PeerName, options: SpawnOptions = {}): Promise<Figures> {
  const file = fileURLToPath(new URL('run.js', import.meta.url))
  const args = [...(measure.flags ?? []), ...(options.flags ?? []), file, measure.name, peer]
  args.push(String(options.scale ?? 1))
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return new Promise((resolve, reject) => {
    let figures: Figures | null = null
    const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS)
    child.on('message', (message) => {
      figures = message as Figures
    })
    // Not 'exit', which may come before the last message is read.
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (figures !== null) resolve(figures)
      else reject(new Error(`${measure.name} of ${peer} ended with ${code ?? signal}`))
    })
  })
}
