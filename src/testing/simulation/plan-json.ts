/**
 * Plans as text, so that a failing one can be kept and run again when the scenario draws otherwise.
 *
 * Owns: the form of the text, numbers that JSON cannot hold, what a plan that was kept lacks and what it names in vain.
 * Does not own: files.
 */
import { completed, isTable } from './drawn.js'
import type { Plan, PlannedStep, Scenario, SimulatedWorld } from './types.js'

const FORMAT = 'surewire-plan'
const VERSION = 1
/** Stands for a number that JSON has no word for: `{ "$number": "Infinity" }`. */
const NUMBER = '$number'
const WORDS: ReadonlyMap<unknown, number> = new Map([
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['NaN', Number.NaN],
  ['-0', -0],
])

/**
 * Writes a plan as JSON: its seed, what the world drew, and every step with its arguments.
 *
 * Take the plan that `shrinkPlan` found, or add `drawn` of a run's report: what the world drew is known once it ran.
 *
 * @throws TypeError if an argument is no plain data.
 * @example
 * const { plan } = await shrinkPlan(scenario, drawPlan(scenario, 42));
 * writeFileSync('past/42.json', planToJson(scenario, plan));
 */
export function planToJson<World extends SimulatedWorld>(scenario: Scenario<World>, plan: Plan): string {
  const drawn = Object.entries(plan.drawn ?? {}).map(([name, value]) => [name, writable(value, name)])
  const steps = plan.steps.map(({ args, ...step }) => ({
    ...step,
    args: writable(args, `step #${step.index} (${step.kind})`),
  }))
  const text = {
    format: FORMAT,
    version: VERSION,
    scenario: scenario.name,
    seed: String(plan.seed),
    ...(plan.drawn === undefined ? {} : { drawn: Object.fromEntries(drawn) as unknown }),
    steps,
  }
  return `${JSON.stringify(text, null, 2)}\n`
}

/**
 * Reads a plan that `planToJson` wrote, for a scenario that may have changed since.
 *
 * Arguments that a step has got since are taken from its `quiet`; kinds of steps that are new do not occur in it.
 *
 * @throws SyntaxError if the text is no JSON.
 * @throws RangeError if it is no plan, is of another scenario, or names a step that the scenario has no more.
 * @example
 * const { failure } = await runPlan(scenario, planFromJson(scenario, readFileSync('past/42.json', 'utf8')));
 */
export function planFromJson<World extends SimulatedWorld>(scenario: Scenario<World>, text: string): Plan {
  const kept: unknown = JSON.parse(text)
  if (!isTable(kept) || kept['format'] !== FORMAT)
    throw new RangeError(`no plan: "format" is not "${FORMAT}"`)
  if (kept['version'] !== VERSION)
    throw new RangeError(`a plan of version ${String(kept['version'])}, not ${VERSION}`)
  if (kept['scenario'] !== scenario.name) {
    throw new RangeError(`a plan of scenario ${String(kept['scenario'])}, not of ${scenario.name}`)
  }
  const { seed, drawn, steps } = kept
  if (typeof seed !== 'string' || !/^\d+$/.test(seed))
    throw new RangeError('no plan: "seed" is not a number as text')
  if (drawn !== undefined && !isTable(drawn)) throw new RangeError('no plan: "drawn" is not an object')
  if (!Array.isArray(steps)) throw new RangeError('no plan: "steps" is not an array')
  return {
    seed: BigInt(seed),
    ...(drawn === undefined ? {} : { drawn: readable(drawn) as Record<string, unknown> }),
    steps: steps.map((step: unknown, place) => readStep(scenario, step, place)),
  }
}

function readStep<World extends SimulatedWorld>(
  scenario: Scenario<World>,
  kept: unknown,
  place: number,
): PlannedStep {
  if (!isTable(kept)) throw new RangeError(`no plan: step ${place} is not an object`)
  const { index, kind, args, pauseMs } = kept
  if (typeof index !== 'number' || typeof kind !== 'string') {
    throw new RangeError(`no plan: step ${place} lacks "index" or "kind"`)
  }
  if (typeof pauseMs !== 'number' || !(pauseMs >= 0)) {
    throw new RangeError(`no plan: step #${index} (${kind}) lacks "pauseMs"`)
  }
  const step = Object.hasOwn(scenario.steps, kind) ? scenario.steps[kind] : undefined
  if (step === undefined) {
    throw new RangeError(`step #${index}: scenario ${scenario.name} has no step '${kind}' any more`)
  }
  const given = readable(args)
  // Steps without arguments have `null`.
  return { index, kind, args: given === null ? (step.quiet ?? null) : completed(given, step.quiet), pauseMs }
}

/** In a form that JSON holds. */
function writable(value: unknown, where: string): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') {
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : { [NUMBER]: Object.is(value, -0) ? '-0' : String(value) }
  }
  if (Array.isArray(value)) return value.map((item: unknown) => writable(item, where))
  if (!isTable(value)) throw new TypeError(`${where} holds ${typeof value}: a plan is plain data only`)
  if (Object.hasOwn(value, NUMBER))
    throw new TypeError(`${where} holds a key "${NUMBER}", which plans use themselves`)
  // What is undefined is as good as absent.
  const held = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(held.map(([name, item]) => [name, writable(item, where)]))
}

function readable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readable)
  if (!isTable(value)) return value
  if (Object.hasOwn(value, NUMBER)) {
    const number = WORDS.get(value[NUMBER])
    if (number === undefined) throw new RangeError(`no plan: "${NUMBER}" stands for ${String(value[NUMBER])}`)
    return number
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, readable(item)]))
}
