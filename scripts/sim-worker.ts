/**
 * A process that runs simulations for scripts/sim.ts, one after another.
 *
 * Owns: running, cutting short and replaying one seed; nothing is printed here.
 */
import {
  drawPlan,
  type Plan,
  runPlan,
  type SimulationReport,
  shrinkPlan,
  tellStory,
} from '../src/testing/simulation/index.js'
import { scenario } from '../test/sim/scenario.js'
import type { Job } from './sim-pool.js'
import type { SeedResult } from './sim-totals.js'

process.on('message', (job: Job) => {
  void perform(job).then((result) => process.send?.(result))
})

async function perform(job: Job): Promise<SeedResult> {
  const plan = drawPlan(scenario, BigInt(job.seed), { minutes: job.minutes })
  switch (job.do) {
    case 'run':
      return toResult(await runPlan(scenario, plan))
    case 'replay': {
      const replayed = job.steps === null ? plan : only(plan, job.steps)
      const report = await runPlan(scenario, replayed)
      return toResult(report, tellStory(scenario, replayed, report.failure))
    }
    case 'shrink': {
      const shrunk = await shrinkPlan(scenario, plan)
      const report = await runPlan(scenario, shrunk.plan)
      return toResult(report, tellStory(scenario, shrunk.plan, shrunk.failure), planText(shrunk.plan))
    }
  }
}

function toResult(
  { seed, failure, ...report }: SimulationReport,
  story: string | null = null,
  plan: string | null = null,
): SeedResult {
  return {
    ...report,
    seed: String(seed),
    failure: failure === null ? null : { invariant: failure.invariant, message: failureText(failure) },
    situations: scenario.sometimes ?? [],
    story,
    plan,
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
