/**
 * Running a plan.
 *
 * Owns: clock, network and trace of a run, taking the steps one by one, what a run reports.
 * Does not own: what is right. The world's books throw a Violation, or hand one to `fail`.
 */
import { type ManualClock, manualClock } from '../manual-clock.js'
import { createTestNetwork } from '../network.js'
import type { TestNetwork } from '../network-types.js'
import { type SeededRandom, seededRandom } from '../seeded-random.js'
import { Drawn } from './drawn.js'
import { drawPlan, type PlanOptions } from './plan.js'
import { TraceHash } from './trace-hash.js'
import type {
  Plan,
  PlannedStep,
  Scenario,
  SimulatedWorld,
  SimulationContext,
  SimulationFailure,
  SimulationReport,
} from './types.js'
import { Violation } from './violation.js'

/**
 * Does to a fresh world what the plan says, then lets it come to rest.
 *
 * Never rejects because of what happens in the world: that is in `failure`.
 *
 * @example
 * const { failure, hash } = await runPlan(scenario, drawPlan(scenario, 42));
 */
export async function runPlan<World extends SimulatedWorld>(
  scenario: Scenario<World>,
  plan: Plan,
): Promise<SimulationReport> {
  const run = new Run(plan)
  try {
    const world = scenario.build(run)
    for (const step of plan.steps) {
      await run.take(scenario, world, step)
      if (run.failure !== null) return run.report()
    }
    run.resting()
    await world.rest()
    world.check()
  } catch (error) {
    run.fail(error)
  }
  return run.report()
}

/**
 * Draws the plan of a seed and runs it. `minutes` of simulated time (15) are disturbed, coming to rest adds some.
 *
 * @example
 * const { failure } = await simulate(scenario, { seed: 42 });
 */
export function simulate<World extends SimulatedWorld>(
  scenario: Scenario<World>,
  { seed, ...options }: PlanOptions & { seed: number | bigint },
): Promise<SimulationReport> {
  return runPlan(scenario, drawPlan(scenario, seed, options))
}

type Tally = Map<string, number>

class Run implements SimulationContext {
  readonly seed: bigint
  readonly random: SeededRandom
  readonly clock: ManualClock
  readonly network: TestNetwork<ManualClock>
  failure: SimulationFailure | null = null
  readonly #drawn: Drawn
  readonly #startMs: number
  readonly #hash = new TraceHash()
  readonly #counts: Tally = new Map()
  readonly #faults: Tally = new Map()
  readonly #sometimes: Tally = new Map()
  #taken = 0
  #current: number | null = null

  constructor({ seed, drawn }: Plan) {
    this.seed = seed
    this.random = seededRandom(seed).fork('world')
    this.#drawn = new Drawn(this.random, drawn)
    this.clock = manualClock()
    this.#startMs = this.clock.now()
    this.network = createTestNetwork({ seed, clock: this.clock })
    this.network.trace((event) => this.#hash.event(event))
  }

  async take<World extends SimulatedWorld>(
    scenario: Scenario<World>,
    world: World,
    { index, kind, args, pauseMs }: PlannedStep,
  ): Promise<void> {
    const step = scenario.steps[kind]
    if (step === undefined) throw new RangeError(`scenario ${scenario.name} has no step ${kind}`)
    this.#current = index
    this.#taken++
    const effect = await step.run(world, args)
    if (step.sort === 'fault' && effect !== false) add(this.#faults, kind, 1)
    await this.clock.advanceAsync(pauseMs)
    world.check()
  }

  resting(): void {
    this.#current = null
  }

  draw<Value>(name: string, draw: (random: SeededRandom) => Value, quiet?: Value): Value {
    return this.#drawn.draw(name, draw, quiet)
  }

  count(what: string, by = 1): void {
    add(this.#counts, what, by)
  }

  sometimes(situation: string): void {
    add(this.#sometimes, situation, 1)
  }

  note(event: string): void {
    this.#hash.number(this.clock.now())
    this.#hash.text(event)
  }

  fail(thrown: unknown): void {
    if (this.failure !== null) return
    const error = thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown })
    const invariant = error instanceof Violation ? error.invariant : 'crash'
    this.failure = { invariant, message: error.message, step: this.#current, error }
    this.note(`${invariant} ${error.message}`)
  }

  report(): SimulationReport {
    return {
      seed: this.seed,
      steps: this.#taken,
      simulatedMs: this.clock.now() - this.#startMs,
      counts: Object.fromEntries(this.#counts),
      faults: Object.fromEntries(this.#faults),
      sometimes: Object.fromEntries(this.#sometimes),
      hash: this.#hash.digest(),
      drawn: this.#drawn.values(),
      failure: this.failure,
    }
  }
}

function add(tally: Tally, name: string, by: number): void {
  tally.set(name, (tally.get(name) ?? 0) + by)
}
