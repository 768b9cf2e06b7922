import { describe, expect, it } from 'vitest'
import { drawPlan, step } from '../../../../src/testing/index.js'
import { counterScenario } from './counter-world.js'

describe('drawPlan', () => {
  const scenario = counterScenario()

  it('draws the same plan for the same seed, and another for another', () => {
    expect(drawPlan(scenario, 7)).toEqual(drawPlan(scenario, 7))
    expect(drawPlan(scenario, 7).steps).not.toEqual(drawPlan(scenario, 8).steps)
  })

  it('covers the minutes that were asked for', () => {
    const { steps } = drawPlan(scenario, 1, { minutes: 2 })
    const ms = steps.reduce((sum, { pauseMs }) => sum + Math.max(1, pauseMs), 0)
    expect(ms).toBeGreaterThanOrEqual(120_000)
    expect(ms - (steps.at(-1)?.pauseMs ?? 0)).toBeLessThan(120_000)
  })

  it('numbers the steps, and keeps arguments as plain data', () => {
    const { steps } = drawPlan(scenario, 3)
    expect(steps.map(({ index }) => index)).toEqual(steps.map((_, index) => index))
    expect(JSON.parse(JSON.stringify(steps))).toEqual(steps)
  })

  it('lets the seed decide how often faults happen: never, now and then, often', () => {
    const glitches = Array.from({ length: 40 }, (_, seed) => {
      const { steps } = drawPlan(scenario, seed, { minutes: 5 })
      return steps.filter(({ kind }) => kind === 'glitch').length / steps.length
    })
    expect(Math.min(...glitches)).toBe(0)
    expect(Math.max(...glitches)).toBeGreaterThan(0.25)
  })

  it('uses the rhythm of the scenario', () => {
    const { steps } = drawPlan(counterScenario({ pauseMs: () => 1_000 }), 1, { minutes: 1 })
    expect(steps).toHaveLength(60)
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses to run for %d minutes', (minutes) => {
    expect(() => drawPlan(scenario, 1, { minutes })).toThrow('no time to run')
  })

  it('refuses a scenario without anything to do', () => {
    const idle = step({ weight: 0, draw: () => null, run: () => undefined, tell: () => '' })
    expect(() => drawPlan(counterScenario({ steps: { idle } }), 1)).toThrow('no step has a weight')
  })
})
