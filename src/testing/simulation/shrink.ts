/**
 * Cutting a failing plan short: delta debugging over its steps.
 *
 * Owns: which steps are left out and tried (ddmin, Zeller and Hildebrandt 2002).
 * Does not own: running. A plan counts as failing while the same invariant is broken.
 */
import { runPlan } from './run.js'
import type {
  Plan,
  PlannedStep,
  Scenario,
  SimulatedWorld,
  SimulationFailure,
  SimulationReport,
} from './types.js'

export interface ShrinkOptions {
  /** Runs it may take. @default 400 */
  maxRuns?: number
}

export interface ShrunkPlan {
  /** With what the world drew, so that it can be kept (`planToJson`). */
  readonly plan: Plan
  readonly failure: SimulationFailure
  /** Runs it took. */
  readonly runs: number
}

/**
 * Finds a short part of a failing plan that breaks the same invariant.
 *
 * Time passes as in the original: the pauses of steps that are left out are added to those that stay, unless the failure
 * shows without them as well.
 *
 * @throws RangeError if the plan does not fail.
 * @example
 * const { plan, failure } = await shrinkPlan(scenario, drawPlan(scenario, 42));
 */
export async function shrinkPlan<World extends SimulatedWorld>(
  scenario: Scenario<World>,
  plan: Plan,
  { maxRuns = 400 }: ShrinkOptions = {},
): Promise<ShrunkPlan> {
  const { failure, drawn } = await runPlan(scenario, plan)
  if (failure === null) throw new RangeError(`seed ${plan.seed} does not fail: nothing to shrink`)
  const trial = new Trial(scenario, plan, { failure, drawn }, maxRuns)
  await trial.cutTail()
  await trial.minimize()
  await trial.dropPauses()
  return trial.result()
}

type Failed = Pick<SimulationReport, 'drawn'> & { readonly failure: SimulationFailure }

class Trial<World extends SimulatedWorld> {
  #steps: readonly PlannedStep[]
  #failed: Failed
  #runs = 1

  constructor(
    readonly scenario: Scenario<World>,
    readonly original: Plan,
    failed: Failed,
    readonly maxRuns: number,
  ) {
    this.#steps = original.steps
    this.#failed = failed
  }

  /** What comes after the failure did not cause it. */
  async cutTail(): Promise<void> {
    const { step } = this.#failed.failure
    if (step === null) return
    await this.#try(this.#steps.filter(({ index }) => index <= step))
  }

  async minimize(): Promise<void> {
    let parts = 2
    while (this.#steps.length > 1 && this.#runs < this.maxRuns) {
      const size = Math.ceil(this.#steps.length / parts)
      const reduced = await this.#dropOneOf(chunks(this.#steps, size))
      if (reduced) parts = Math.max(2, parts - 1)
      else if (size === 1) return
      else parts = Math.min(this.#steps.length, parts * 2)
    }
  }

  /** Many a failure needs no time between its steps; a story without it is easier to follow. */
  async dropPauses(): Promise<void> {
    for (const { index, pauseMs } of this.#steps) {
      if (pauseMs === 0 || this.#runs >= this.maxRuns) continue
      await this.#try(this.#steps.map((step) => (step.index === index ? { ...step, pauseMs: 0 } : step)))
    }
  }

  result(): ShrunkPlan {
    const { failure, drawn } = this.#failed
    const plan = { seed: this.original.seed, drawn, steps: this.#steps }
    return { plan, failure, runs: this.#runs }
  }

  async #dropOneOf(parts: readonly (readonly PlannedStep[])[]): Promise<boolean> {
    for (const part of parts) {
      if (this.#runs >= this.maxRuns) return false
      const dropped = new Set(part)
      const rest = this.#steps.filter((step) => !dropped.has(step))
      // Where time is of no matter the shorter story is the better one.
      if (await this.#try(rest)) return true
      if (this.#runs < this.maxRuns && (await this.#try(keepingTime(this.#steps, dropped)))) return true
    }
    return false
  }

  async #try(steps: readonly PlannedStep[]): Promise<boolean> {
    this.#runs++
    const { failure, drawn } = await runPlan(this.scenario, { ...this.original, steps })
    if (failure?.invariant !== this.#failed.failure.invariant) return false
    this.#steps = steps
    this.#failed = { failure, drawn }
    return true
  }
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, part) =>
    items.slice(part * size, (part + 1) * size),
  )
}

/** The steps that stay, each with the pauses of those dropped after it. */
function keepingTime(steps: readonly PlannedStep[], dropped: ReadonlySet<PlannedStep>): PlannedStep[] {
  const kept: PlannedStep[] = []
  for (const step of steps) {
    if (!dropped.has(step)) {
      kept.push(step)
      continue
    }
    const last = kept.pop()
    if (last !== undefined) kept.push({ ...last, pauseMs: last.pauseMs + step.pauseMs })
  }
  return kept
}
