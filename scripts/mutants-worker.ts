/**
 * A process that runs seeds of the simulated world for mutants-hunt.ts, one after another.
 *
 * Owns: running one seed, twice if the invariant asks for it (I13: same seed, same trace).
 */
import { drawPlan, runPlan, type SimulationFailure } from '../src/testing/simulation/index.js'
import { scenario } from '../test/sim/scenario.js'

export interface SeedJob {
  readonly seed: string
  readonly minutes: number
  /** Run it once more and compare. */
  readonly twice: boolean
}

export interface SeedVerdict {
  readonly failure: { readonly invariant: string; readonly message: string } | null
  readonly simulatedMs: number
}

process.on('message', (job: SeedJob) => {
  void perform(job).then((verdict) => process.send?.(verdict))
})

async function perform({ seed, minutes, twice }: SeedJob): Promise<SeedVerdict> {
  const plan = drawPlan(scenario, BigInt(seed), { minutes })
  const { failure, hash, simulatedMs } = await runPlan(scenario, plan)
  if (failure !== null) return { failure: told(failure), simulatedMs }
  if (!twice) return { failure: null, simulatedMs }
  const again = await runPlan(scenario, plan)
  if (again.hash === hash) return { failure: null, simulatedMs }
  const message = `seed ${seed} gave ${hash} and then ${again.hash}`
  return { failure: { invariant: 'I13', message }, simulatedMs: 2 * simulatedMs }
}

function told({ invariant, message }: SimulationFailure): SeedVerdict['failure'] {
  // What broke is named beside it.
  const named = `${invariant}: `
  return { invariant, message: message.startsWith(named) ? message.slice(named.length) : message }
}
