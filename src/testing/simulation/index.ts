/**
 * Deterministic simulation: a world of servers, clients and faults that follows from one seed.
 */
export { clockFaults, type FaultyWorld, networkFaults } from './faults.js'
export { drawPlan, type PlanOptions } from './plan.js'
export { planFromJson, planToJson } from './plan-json.js'
export { runPlan, simulate } from './run.js'
export { type ShrinkOptions, type ShrunkPlan, shrinkPlan } from './shrink.js'
export { step, type TypedStep } from './step.js'
export { tellStory } from './story.js'
export type {
  Effect,
  Plan,
  PlannedStep,
  Scenario,
  SimulatedWorld,
  SimulationContext,
  SimulationFailure,
  SimulationReport,
  Step,
} from './types.js'
export { Violation } from './violation.js'
