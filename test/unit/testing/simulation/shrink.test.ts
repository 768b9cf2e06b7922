import { describe, expect, it } from 'vitest'
import { drawPlan, runPlan, shrinkPlan, step, tellStory, Violation } from '../../../../src/testing/index.js'
import { counterScenario, CounterWorld } from './counter-world.js'

describe('shrinkPlan', () => {
  it('leaves the few steps that break the invariant', async () => {
    const scenario = counterScenario()
    const plan = drawPlan(scenario, 2, { minutes: 2 })
    expect(plan.steps.length).toBeGreaterThan(50)
    const shrunk = await shrinkPlan(scenario, plan)
    expect(shrunk.plan.steps.length).toBeLessThanOrEqual(3)
    expect(shrunk.plan.steps.every(({ kind }) => kind === 'add')).toBe(true)
    expect(shrunk.failure.invariant).toBe('below three')
    expect((await runPlan(scenario, shrunk.plan)).failure?.message).toBe(shrunk.failure.message)
  })

  it('keeps time where the failure needs it', async () => {
    const late = counterScenario({
      build: (context) => {
        const world = new CounterWorld(context)
        world.check = () => {
          if (context.clock.now() >= 1_000) throw new Violation('early', 'it is late')
        }
        return world
      },
      pauseMs: () => 100,
    })
    const { plan } = await shrinkPlan(late, drawPlan(late, 1, { minutes: 1 }))
    const passed = plan.steps.reduce((sum, { pauseMs }) => sum + pauseMs, 0)
    expect(passed).toBeGreaterThanOrEqual(1_000)
    expect(plan.steps.length).toBeLessThanOrEqual(2)
  })

  it('does not follow another failure that turns up on the way', async () => {
    const scenario = counterScenario({
      steps: {
        ...counterScenario().steps,
        crash: step<CounterWorld, null>({
          draw: () => null,
          run: (world) => {
            if (world.total === 0) throw new Error('nothing to crash')
          },
          tell: () => 'crashes',
        }),
      },
    })
    const pick = (kind: string, index: number, args: unknown = null) => ({ index, kind, args, pauseMs: 0 })
    const plan = { seed: 1n, steps: [pick('add', 0, { by: 2 }), pick('crash', 1), pick('add', 2, { by: 1 })] }
    const shrunk = await shrinkPlan(scenario, plan)
    expect(shrunk.failure.invariant).toBe('below three')
    expect(shrunk.plan.steps.map(({ index }) => index)).toEqual([0, 2])
  })

  it('stays within the runs that it may take', async () => {
    const scenario = counterScenario()
    const { runs } = await shrinkPlan(scenario, drawPlan(scenario, 2, { minutes: 2 }), { maxRuns: 5 })
    expect(runs).toBeLessThanOrEqual(6)
  })

  it('refuses a plan that does not fail', async () => {
    await expect(shrinkPlan(counterScenario(), { seed: 4n, steps: [] })).rejects.toThrow('does not fail')
  })
})

describe('tellStory', () => {
  it('says a line a step, when, and how it ended', async () => {
    const scenario = counterScenario()
    const steps = [
      { index: 4, kind: 'add', args: { by: 2 }, pauseMs: 80 },
      { index: 9, kind: 'add', args: { by: 1 }, pauseMs: 0 },
    ]
    const { failure } = await runPlan(scenario, { seed: 3n, steps })
    expect(tellStory(scenario, { seed: 3n, steps }, failure).split('\n')).toEqual([
      'Seed 3, 2 steps:',
      '        0 ms  #4     adds 2',
      '       80 ms  #9     adds 1',
      'below three: the total is 3',
    ])
    expect(tellStory(scenario, { seed: 3n, steps: [] })).toContain('nothing is wrong')
  })
})
