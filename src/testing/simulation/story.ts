/**
 * Telling a plan to a person.
 *
 * Owns: the words around the steps' own.
 */
import type { Plan, Scenario, SimulatedWorld, SimulationFailure } from './types.js'

/**
 * Tells what a plan does, a line a step, and how it ended.
 *
 * @example
 * const { plan, failure } = await shrinkPlan(scenario, drawPlan(scenario, 42));
 * console.log(tellStory(scenario, plan, failure));
 * //      0 ms  #3   ada sends 4 messages
 * //     80 ms  #17  the link of ada is cut
 * // I1: p.3 ran twice in one process
 */
export function tellStory<World extends SimulatedWorld>(
  scenario: Scenario<World>,
  plan: Plan,
  failure: SimulationFailure | null = null,
): string {
  let at = 0
  const lines = plan.steps.map(({ index, kind, args, pauseMs }) => {
    const told = scenario.steps[kind]?.tell(args) ?? kind
    const line = `${String(at).padStart(9)} ms  #${String(index).padEnd(5)} ${told}`
    at += pauseMs
    return line
  })
  const end = failure === null ? 'and nothing is wrong' : failure.message
  const when = failure !== null && failure.step === null ? 'At rest: ' : ''
  return [`Seed ${plan.seed}, ${plan.steps.length} steps:`, ...lines, when + end].join('\n')
}
