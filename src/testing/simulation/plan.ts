/**
 * Drawing a plan from a seed: every step, its arguments and its pause, before the world exists.
 *
 * Owns: how often faults of each kind happen in a run, and the rhythm of a run.
 * Does not own: what the steps do. A plan knows nothing of the world, so leaving out one step leaves the others as they are.
 */
import { type SeededRandom, seededRandom } from '../seeded-random.js'
import type { Plan, PlannedStep, Scenario, SimulatedWorld, Step } from './types.js'

export interface PlanOptions {
  /** Simulated time of the storm, in minutes; coming to rest adds some. @default 15 */
  minutes?: number
}

/** In half of the runs a kind of fault is as frequent as its weight says; in others it is rare, a plague, or absent. */
const FAULT_RATES = [0, 0.3, 1, 1, 1, 3] as const

/**
 * Draws what will be done to a world. The same scenario and seed give the same plan.
 *
 * @throws RangeError if `minutes` is not above 0, or no step has a weight.
 *
 * @example
 * const plan = drawPlan(scenario, 42, { minutes: 5 });
 */
export function drawPlan<World extends SimulatedWorld>(
  scenario: Scenario<World>,
  seed: number | bigint,
  { minutes = 15 }: PlanOptions = {},
): Plan {
  // Without a step nothing could fail, and the run would pass.
  if (!(minutes > 0 && Number.isFinite(minutes)))
    throw new RangeError(`minutes: ${minutes} is no time to run`)
  const root = seededRandom(seed)
  const kinds = weightedKinds(scenario.name, scenario.steps, root.fork('rates'))
  const pauses = root.fork('pauses')
  const steps: PlannedStep[] = []
  let leftMs = minutes * 60_000
  while (leftMs > 0) {
    const index = steps.length
    const random = root.fork(`step ${index}`)
    const kind = drawKind(kinds, random)
    const pauseMs = (scenario.pauseMs ?? drawPause)(pauses)
    steps.push({ index, kind, args: scenario.steps[kind]?.draw(random), pauseMs })
    leftMs -= Math.max(1, pauseMs)
  }
  return { seed: root.seed, steps }
}

interface WeightedKind {
  readonly kind: string
  /** Sum of the weights up to this one. */
  readonly upTo: number
}

function weightedKinds(
  scenario: string,
  steps: Readonly<Record<string, Pick<Step<never>, 'weight' | 'sort'>>>,
  random: SeededRandom,
): WeightedKind[] {
  let upTo = 0
  const kinds = Object.entries(steps).map(([kind, { weight, sort }]) => {
    const rate = random.pick(FAULT_RATES)
    upTo += sort === 'fault' ? weight * rate : weight
    return { kind, upTo }
  })
  if (upTo <= 0) throw new RangeError(`scenario ${scenario}: no step has a weight above 0`)
  return kinds
}

function drawKind(kinds: readonly WeightedKind[], random: SeededRandom): string {
  const at = random.next() * (kinds.at(-1)?.upTo ?? 0)
  const found = kinds.find(({ upTo }) => at < upTo) ?? kinds.at(-1)
  if (found === undefined) throw new RangeError('there is no step to draw')
  return found.kind
}

/** Mostly one thing upon the other, now and then a rest. */
function drawPause(random: SeededRandom): number {
  const roll = random.next()
  const ms = random.next()
  if (roll < 0.3) return 0
  if (roll < 0.85) return Math.floor(ms * 80)
  if (roll < 0.995) return Math.floor(ms * 3_000)
  return Math.floor(ms * 120_000)
}
