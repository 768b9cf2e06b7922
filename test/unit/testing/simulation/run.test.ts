import { describe, expect, it } from 'vitest'
import { drawPlan, type PlannedStep, runPlan, simulate, step } from '../../../../src/testing/index.js'
import { counterScenario, CounterWorld } from './counter-world.js'

const steps = (...kinds: [kind: string, args?: unknown][]): PlannedStep[] =>
  kinds.map(([kind, args = null], index) => ({ index, kind, args, pauseMs: 10 }))

describe('runPlan', () => {
  it('takes every step, lets time pass after each, and brings the world to rest', async () => {
    const scenario = counterScenario()
    const report = await runPlan(scenario, { seed: 1n, steps: steps(['add', { by: 2 }], ['glitch']) })
    expect(report).toMatchObject({
      steps: 2,
      simulatedMs: 20,
      counts: { added: 2 },
      faults: { glitch: 1 },
      sometimes: { 'added two': 1 },
      failure: null,
    })
    expect(scenario.built[0]?.rested).toBe(true)
  })

  it('counts no fault that found nothing to disturb', async () => {
    const base = counterScenario()
    const glitch = step<CounterWorld, { up: boolean }>({
      sort: 'fault',
      draw: () => ({ up: true }),
      run: (_world, { up }) => up,
      tell: () => 'a glitch',
    })
    const plan = { seed: 1n, steps: steps(['glitch', { up: true }], ['glitch', { up: false }]) }
    const { faults } = await runPlan({ ...base, steps: { ...base.steps, glitch } }, plan)
    expect(faults).toEqual({ glitch: 1 })
  })

  it('stops at the first broken promise, and names the step after which it showed', async () => {
    const plan = { seed: 1n, steps: steps(['add', { by: 2 }], ['wait'], ['add', { by: 2 }], ['wait']) }
    const scenario = counterScenario()
    const { failure, steps: taken } = await runPlan(scenario, plan)
    expect(failure).toMatchObject({ invariant: 'below three', step: 2 })
    expect(taken).toBe(3)
    expect(scenario.built[0]?.rested).toBe(false)
  })

  it('reports an error that is no violation as a crash', async () => {
    const scenario = counterScenario({
      build: () => {
        throw new Error('no world today')
      },
    })
    const { failure } = await runPlan(scenario, { seed: 1n, steps: [] })
    expect(failure).toMatchObject({ invariant: 'crash', message: 'no world today', step: null })
  })

  it('reports what a callback handed to fail, and keeps the first', async () => {
    const scenario = counterScenario({
      build: (context) => {
        context.clock.setTimer(() => context.fail('first'), 5)
        context.clock.setTimer(() => context.fail(new Error('second')), 6)
        return new CounterWorld(context)
      },
    })
    const { failure } = await runPlan(scenario, { seed: 1n, steps: steps(['wait']) })
    expect(failure).toMatchObject({ message: 'first', step: 0 })
  })

  it('fails at rest without a step', async () => {
    const scenario = counterScenario({
      build: (context) => {
        const world = new CounterWorld(context)
        world.rest = () => Promise.reject(new Error('restless'))
        return world
      },
    })
    const { failure } = await runPlan(scenario, { seed: 1n, steps: steps(['wait']) })
    expect(failure).toMatchObject({ message: 'restless', step: null })
  })

  it('refuses a step that the scenario does not know', async () => {
    const { failure } = await runPlan(counterScenario(), { seed: 1n, steps: steps(['fly']) })
    expect(failure?.message).toContain('no step fly')
  })
})

describe('the trace hash', () => {
  it('is the same for the same seed', async () => {
    const scenario = counterScenario()
    const { hash } = await simulate(scenario, { seed: 5, minutes: 1 })
    expect(await simulate(scenario, { seed: 5, minutes: 1 })).toMatchObject({ hash })
    expect(hash).toMatch(/^[0-9a-f]{14}$/)
  })

  it('tells runs apart that differ in one note, its time, or one message on the network', async () => {
    const scenario = counterScenario()
    const hashOf = async (plan: PlannedStep[]) => (await runPlan(scenario, { seed: 1n, steps: plan })).hash
    const hashes = await Promise.all([
      hashOf(steps(['add', { by: 1 }])),
      hashOf(steps(['add', { by: 2 }])),
      hashOf(steps(['wait'], ['add', { by: 1 }])),
      hashOf(steps(['wait'])),
    ])
    const chatty = counterScenario({
      build: (context) => {
        context.network.listen('ws://a.test/', () => ({ received: () => undefined, closed: () => undefined }))
        context.network.transport().open({ url: 'ws://a.test/', protocols: [] }, silent)
        return new CounterWorld(context)
      },
    })
    hashes.push((await runPlan(chatty, { seed: 1n, steps: steps(['wait']) })).hash)
    expect(new Set(hashes).size).toBe(5)
  })

  const silent = {
    opened: () => undefined,
    received: () => undefined,
    closed: () => undefined,
    failed: () => undefined,
  }

  it('does not depend on who else draws from the seed', () => {
    const plan = drawPlan(counterScenario(), 9)
    drawPlan(counterScenario(), 10)
    expect(drawPlan(counterScenario(), 9)).toEqual(plan)
  })
})
