/**
 * A process that runs simulations for scripts/sim.ts, one after another.
 *
 * Owns: running, cutting short and replaying one seed; nothing is printed here.
 */
import {
  drawPlan,
  type Plan,
  planFromJson,
  planToJson,
  runPlan,
  type SimulationReport,
  shrinkPlan,
  tellStory,
} from '../src/testing/simulation/index.js'
import { scenario } from '../test/sim/scenario.js'
import type { Job } from './sim-pool.js'
import type { SeedResult } from './sim-totals.js'

// Ctrl-C is for the process that started this one. When that is gone, nobody wants an answer.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.exit())
process.on('message', (job: Job) => {
  // A plan that cannot be read ends this process, and that says why.
  void perform(job).then((result) => process.send?.(result))
})

async function perform(job: Job): Promise<SeedResult> {
  if (job.do === 'plan') return told(planFromJson(scenario, job.text))
  const plan = drawPlan(scenario, BigInt(job.seed), { minutes: job.minutes })
  switch (job.do) {
    case 'run':
      return toResult(await runPlan(scenario, plan))
    case 'replay':
      return told(job.steps === null ? plan : only(plan, job.steps))
    case 'shrink': {
      const shrunk = await shrinkPlan(scenario, plan)
      const kept = planToJson(scenario, shrunk.plan)
      return { ...(await told(shrunk.plan)), plan: planText(shrunk.plan), kept }
    }
  }
}

/** Runs a plan, and tells its story. */
async function told(plan: Plan): Promise<SeedResult> {
  const report = await runPlan(scenario, plan)
  return { ...toResult(report), story: tellStory(scenario, plan, report.failure) }
}

function toResult({ seed, failure, drawn: _drawn, ...report }: SimulationReport): SeedResult {
  return {
    ...report,
    seed: String(seed),
    failure: failure === null ? null : { invariant: failure.invariant, message: failureText(failure) },
    situations: scenario.sometimes ?? [],
    story: null,
    plan: null,
    kept: null,
  }
}

function failureText({ invariant, message, error }: NonNullable<SimulationReport['failure']>): string {
  return invariant === 'crash' ? (error.stack ?? message) : message
}

/** The steps that a list of `index:pauseMs` names. */
function only(plan: Plan, text: string): Plan {
  const steps = text.split(',').map((item) => {
    const [index, pauseMs] = item.split(':').map(Number)
    const step = plan.steps[index ?? -1]
    if (step === undefined) throw new RangeError(`--steps: the plan has no step ${item}`)
    return { ...step, pauseMs: pauseMs ?? step.pauseMs }
  })
  return { seed: plan.seed, steps }
}

function planText({ steps }: Plan): string {
  return steps.map(({ index, pauseMs }) => `${index}:${pauseMs}`).join(',')
}
