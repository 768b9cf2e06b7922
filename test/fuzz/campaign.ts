/**
 * A campaign: so many frames from one seed, spread over the targets.
 *
 * Owns: the spread, the findings by kind, what nobody caught.
 */
import type { Library } from './library.js'
import { kindOf, shrink } from './shrink.js'
import { Tally } from './tally.js'
import { type Case, makeCase, runCase, type TargetName, TARGETS } from './targets.js'

/** Frames by target. Whole machines cost some ten times as much a frame as parsers. */
const SHARES: Readonly<Record<TargetName, number>> = { parsers: 0.85, server: 0.1, client: 0.05 }

/** More than so many kinds of findings say nothing new. */
const MAX_FINDINGS = 10

export interface Finding {
  readonly what: string
  readonly target: TargetName
  readonly seed: number
  readonly number: number
  readonly smallest: Case
}

export interface CampaignOptions {
  readonly library: Library
  readonly frames: number
  readonly seed: number
  /** Called after every case. */
  readonly progress?: (target: TargetName, number: number) => void
  /** Called with the first finding of each kind, shrunk. */
  readonly found?: (finding: Finding) => void
}

export interface Campaign {
  readonly tallies: Readonly<Record<TargetName, Tally>>
  readonly seconds: Readonly<Record<TargetName, number>>
  readonly findings: readonly Finding[]
}

/** Rejections that nobody handled while a case ran. */
export function watchRejections(): { take(): string | null; stop(): void } {
  let first: string | null = null
  const heard = (reason: unknown): void => {
    first ??= `unhandled rejection: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`
  }
  process.on('unhandledRejection', heard)
  return {
    take: () => {
      const taken = first
      first = null
      return taken
    },
    stop: () => void process.off('unhandledRejection', heard),
  }
}

export async function runCampaign(options: CampaignOptions): Promise<Campaign> {
  const tallies = { parsers: new Tally(), server: new Tally(), client: new Tally() }
  const seconds = { parsers: 0, server: 0, client: 0 }
  const findings = new Map<string, Finding>()
  const rejections = watchRejections()
  for (const target of TARGETS) {
    const start = performance.now()
    const tally = tallies[target]
    for (let number = 0; tally.frames < options.frames * SHARES[target]; number++) {
      const found = await oneCase(options, target, number, tally, rejections)
      if (found !== null) await note(findings, found, options.found)
      if (findings.size >= MAX_FINDINGS) break
      options.progress?.(target, number)
    }
    seconds[target] = (performance.now() - start) / 1_000
  }
  rejections.stop()
  return { tallies, seconds, findings: [...findings.values()] }
}

async function oneCase(
  { library, seed }: CampaignOptions,
  target: TargetName,
  number: number,
  tally: Tally,
  rejections: { take(): string | null },
): Promise<Finding | null> {
  const smallest = makeCase(library, target, seed, number)
  const wrong = await runCase(smallest, tally)
  // The platform tells of rejections after its promises ran.
  if (target !== 'parsers') await new Promise((resolve) => setImmediate(resolve))
  const what = wrong ?? rejections.take()
  return what === null ? null : { what, target, seed, number, smallest }
}

/** The first of each kind is shrunk. */
async function note(
  findings: Map<string, Finding>,
  found: Finding,
  told: CampaignOptions['found'],
): Promise<void> {
  const kind = `${found.target} ${kindOf(found.what)}`
  if (findings.has(kind)) return
  const shrunk = { ...found, smallest: await shrink(found.smallest, found.what) }
  findings.set(kind, shrunk)
  told?.(shrunk)
}
