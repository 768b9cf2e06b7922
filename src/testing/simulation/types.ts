/**
 * What a simulation is made of: a scenario, its steps, a plan drawn from a seed, and the report of a run.
 *
 * Owns: the types. Drawing: plan.ts; running: run.ts; cutting a failing plan short: shrink.ts; telling it: story.ts.
 */
import type { ManualClock } from '../manual-clock.js'
import type { TestNetwork } from '../network-types.js'
import type { SeededRandom } from '../seeded-random.js'

/** Something that may happen in a world. Its arguments are plain data, so that a plan can be kept, cut short and told. */
export interface Step<World> {
  /** How often, against the other steps of the scenario. */
  readonly weight: number
  /** `fault`: the seed decides how often these happen in its run, some of them never. @default 'work' */
  readonly sort: 'work' | 'fault'
  /** Draws the arguments. Knows nothing of the world, so that leaving out a step changes no other. */
  readonly draw: (random: SeededRandom) => unknown
  /** Makes it happen. A step that makes no sense now does nothing; a fault that found nothing to disturb returns `false`. */
  readonly run: (world: World, args: unknown) => Effect | Promise<Effect>
  /** Half a sentence for a person: `cuts link 2`. */
  readonly tell: (args: unknown) => string
  /** Arguments that plans kept from before they existed lack, see `TypedStep.quiet`. */
  readonly quiet?: unknown
}

/** `false`: nothing was disturbed, so that it does not count as a fault. */
// oxlint-disable-next-line typescript/no-invalid-void-type
export type Effect = boolean | void

/** What a scenario's world has to offer. */
export interface SimulatedWorld {
  /** Called after every step. Throws a `Violation` if something promised is broken. */
  check(): void
  /**
   * The last call: undoes the faults (`network.heal()`, `clock.throttle(0)`), lets time pass, and throws a `Violation` if
   * not everything came to rest.
   */
  rest(): Promise<void>
}

export interface Scenario<World extends SimulatedWorld = SimulatedWorld> {
  readonly name: string
  /** Makes the world: servers, clients, books. Everything left to chance comes from the context. */
  readonly build: (context: SimulationContext) => World
  readonly steps: Readonly<Record<string, Step<World>>>
  /** Time between two steps, in ms. @default mostly below 100 ms, sometimes seconds, seldom minutes */
  readonly pauseMs?: (random: SeededRandom) => number
  /** Situations that runs of this scenario have to come upon now and then, see `SimulationContext.sometimes`. */
  readonly sometimes?: readonly string[]
}

/** What a world is given to live on. */
export interface SimulationContext {
  readonly seed: bigint
  /** A stream for the world's own choices; fork it for each part. */
  readonly random: SeededRandom
  /**
   * Draws something of the world that is plain data, such as its sizes, under a name of its own. It becomes part of the
   * plan, so that a plan that was kept has it still when the world draws otherwise; `draw` is given `random.fork(name)`.
   *
   * `quiet` stands for what a kept plan lacks, all of it or single keys: values with which a world of that time behaves as it
   * did. Without it what a kept plan lacks is drawn.
   */
  draw<Value>(name: string, draw: (random: SeededRandom) => Value, quiet?: Value): Value
  readonly clock: ManualClock
  /** Its traffic is part of the trace. */
  readonly network: TestNetwork<ManualClock>
  /** Counts something that the report shall tell: `count('messages')`. */
  count(what: string, by?: number): void
  /** Notes that an interesting situation occurred. */
  sometimes(situation: string): void
  /** Adds to the trace what the network does not see: an outcome, a handler's run. */
  note(event: string): void
  /** The first failure ends the run after the step. May be called from any callback. */
  fail(error: unknown): void
}

/** One step of a plan. */
export interface PlannedStep {
  /** Its place in the plan as it was drawn; stays when others are left out. */
  readonly index: number
  readonly kind: string
  readonly args: unknown
  /** Time to let pass after it, in ms. */
  readonly pauseMs: number
}

/** All that will be done to a world. What is left to chance while it runs, such as delays, follows from the seed. */
export interface Plan {
  readonly seed: bigint
  /** What the world drew by name (`SimulationContext.draw`). Absent: it draws from the seed. */
  readonly drawn?: Readonly<Record<string, unknown>>
  readonly steps: readonly PlannedStep[]
}

export interface SimulationReport {
  readonly seed: bigint
  /** Steps that were taken, of those planned. */
  readonly steps: number
  /** Time that passed in the simulated world, in ms. */
  readonly simulatedMs: number
  /** What the world counted. */
  readonly counts: Readonly<Record<string, number>>
  /** How many faults of each kind disturbed something. */
  readonly faults: Readonly<Record<string, number>>
  /** How often each situation occurred. */
  readonly sometimes: Readonly<Record<string, number>>
  /** Of everything that happened, in order. The same seed and plan give the same. */
  readonly hash: string
  /** What the world drew by name (`SimulationContext.draw`), for a plan that is to be kept. */
  readonly drawn: Readonly<Record<string, unknown>>
  /** What was broken, or `null`. */
  readonly failure: SimulationFailure | null
}

export interface SimulationFailure {
  /** Name of the broken invariant; `crash` for an error that is no `Violation`. */
  readonly invariant: string
  readonly message: string
  /** Index of the step after which it showed; `null`: at rest. */
  readonly step: number | null
  readonly error: Error
}
