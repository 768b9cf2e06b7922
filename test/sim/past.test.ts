import { describe, expect, it } from 'vitest'
import { simulate } from '../../src/testing/simulation/index.js'
import { scenario } from './scenario.js'
import { pastSeeds } from './seeds.js'

describe('a world of production clients and servers', () => {
  it.each([...pastSeeds])(
    'keeps every promise in seed $seed, which once showed that $found',
    async ({ seed, minutes = 5 }) => {
      const { failure } = await simulate(scenario, { seed, minutes })
      expect(failure?.message).toBeUndefined()
    },
  )

  it('is the same world for the same seed', async () => {
    const once = await simulate(scenario, { seed: 7, minutes: 5 })
    const again = await simulate(scenario, { seed: 7, minutes: 5 })
    expect(again).toEqual(once)
  })
})
