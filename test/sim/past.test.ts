import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/testing/index.js'
import { runPlan, simulate } from '../../src/testing/simulation/index.js'
import { drawHabits, drawParameters } from './parameters.js'
import { pastPlans } from './past.js'
import { QUIET_PARAMETERS, quietHabits } from './quiet.js'
import { scenario } from './scenario.js'
import { pastSeeds } from './seeds.js'

const keysOf = (value: unknown): string[] => (value === null ? [] : Object.keys(value as object).toSorted())

describe('a world of production clients and servers', () => {
  it.each([...pastSeeds])(
    'keeps every promise in seed $seed, which once showed that $found',
    async ({ seed, minutes = 5 }) => {
      const { failure } = await simulate(scenario, { seed, minutes })
      expect(failure?.message).toBeUndefined()
    },
  )

  it.each([...pastPlans])('keeps every promise in the plan that once showed: $found', async ({ read }) => {
    const { failure } = await runPlan(scenario, read())
    expect(failure?.message).toBeUndefined()
  })

  it('is the same world for the same seed', async () => {
    const once = await simulate(scenario, { seed: 7, minutes: 5 })
    const again = await simulate(scenario, { seed: 7, minutes: 5 })
    expect(again).toEqual(once)
  })
})

describe('the plans that once failed', () => {
  it('are there', () => {
    expect(pastPlans.length).toBeGreaterThan(0)
  })

  it.each([...pastPlans])(
    'have every argument that a step takes today, or its quiet value: $found',
    ({ read }) => {
      for (const { index, kind, args } of read().steps) {
        const today = keysOf(scenario.steps[kind]?.draw(seededRandom(1)))
        const lacking = today.filter((key) => !keysOf(args).includes(key))
        expect(lacking, `step #${index} '${kind}' needs a quiet value for these`).toEqual([])
      }
    },
  )

  it('have a quiet value for every parameter and every habit', () => {
    const random = seededRandom(1)
    expect(keysOf(QUIET_PARAMETERS)).toEqual(keysOf(drawParameters(random)))
    const habits = drawHabits(random, 'ada', QUIET_PARAMETERS)
    expect(keysOf(quietHabits('ada', QUIET_PARAMETERS))).toEqual(keysOf(habits))
    const { policy, durable, wire } = quietHabits('ada', QUIET_PARAMETERS, habits)
    expect({ policy, durable, wire }).toEqual({
      policy: habits.policy,
      durable: habits.durable,
      wire: habits.wire,
    })
  })
})
