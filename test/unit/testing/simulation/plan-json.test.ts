import { describe, expect, it } from 'vitest'
import {
  drawPlan,
  networkFaults,
  type Plan,
  planFromJson,
  planToJson,
  runPlan,
  shrinkPlan,
  step,
} from '../../../../src/testing/index.js'
import { counterScenario, CounterWorld } from './counter-world.js'

/** The counter in a world whose start and stride are drawn. */
function drawing(quiet?: { start: number; stride: { by: number } }) {
  return counterScenario({
    build: (context) => {
      const world = new CounterWorld(context)
      const draw = () => ({ start: context.random.integer(100, 200), stride: { by: 1 } })
      const { start, stride } = context.draw('sizes', draw, quiet)
      world.check = () => undefined
      world.add(start + stride.by)
      return world
    },
  })
}

const kept = (change: Record<string, unknown>, scenario = counterScenario()): string => {
  const plan: Plan = { seed: 5n, steps: [{ index: 3, kind: 'add', args: { by: 2 }, pauseMs: 7 }] }
  return JSON.stringify({ ...(JSON.parse(planToJson(scenario, plan)) as object), ...change })
}

describe('a plan as JSON', () => {
  it('is the same plan when it is read, and the same run', async () => {
    const scenario = counterScenario({ steps: { ...counterScenario().steps } })
    const { plan, failure } = await shrinkPlan(scenario, drawPlan(scenario, 2, { minutes: 2 }))
    const read = planFromJson(scenario, planToJson(scenario, plan))
    expect(read).toEqual(plan)
    expect(await runPlan(scenario, read)).toEqual({ ...(await runPlan(scenario, plan)) })
    expect((await runPlan(scenario, read)).failure?.message).toBe(failure.message)
  })

  it('holds the weather, whose bandwidth may be without a bound, and every other number', () => {
    const base = counterScenario()
    const scenario = { ...base, steps: { ...base.steps, weather: networkFaults['change weather'] as never } }
    const args = { bytesPerSecond: Infinity, least: -Infinity, odd: [Number.NaN, -0, 0.1], gone: undefined }
    const steps = [{ index: 0, kind: 'weather', args, pauseMs: 0 }]
    const text = planToJson(scenario, { seed: 2n ** 63n, steps })
    expect(text).toContain('"$number": "Infinity"')
    const read = planFromJson(scenario, text)
    expect(read.seed).toBe(2n ** 63n)
    const { gone: _gone, ...rest } = args
    expect(read.steps[0]?.args).toStrictEqual(rest)
  })

  it('refuses arguments that are no plain data', () => {
    const plan = (args: unknown): Plan => ({ seed: 1n, steps: [{ index: 4, kind: 'add', args, pauseMs: 0 }] })
    expect(() => planToJson(counterScenario(), plan({ at: new Date(0) }))).toThrow(
      'step #4 (add) holds object',
    )
    expect(() => planToJson(counterScenario(), plan([() => 1]))).toThrow('step #4 (add) holds function')
    expect(() => planToJson(counterScenario(), plan({ $number: 1 }))).toThrow('a key "$number"')
  })

  it('refuses a step that the scenario has no more, and says which', () => {
    const steps = [{ index: 9, kind: 'fly', args: null, pauseMs: 0 }]
    expect(() => planFromJson(counterScenario(), kept({ steps }))).toThrow(
      "step #9: scenario counter has no step 'fly' any more",
    )
    const inherited = [{ index: 9, kind: 'toString', args: null, pauseMs: 0 }]
    expect(() => planFromJson(counterScenario(), kept({ steps: inherited }))).toThrow("no step 'toString'")
  })

  it.each<[change: Record<string, unknown>, says: string]>([
    [{ format: 'notes' }, '"format"'],
    [{ version: 2 }, 'version 2, not 1'],
    [{ scenario: 'chat' }, 'of scenario chat, not of counter'],
    [{ seed: 5 }, '"seed"'],
    [{ seed: 'five' }, '"seed"'],
    [{ drawn: [] }, '"drawn"'],
    [{ steps: {} }, '"steps"'],
    [{ steps: [null] }, 'step 0 is not an object'],
    [{ steps: [{ kind: 'add', pauseMs: 0 }] }, 'lacks "index" or "kind"'],
    [{ steps: [{ index: 1, kind: 'add' }] }, 'step #1 (add) lacks "pauseMs"'],
    [{ steps: [{ index: 1, kind: 'add', pauseMs: 0, args: { $number: '7' } }] }, 'stands for 7'],
  ])('refuses %j', (change, says) => {
    expect(() => planFromJson(counterScenario(), kept(change))).toThrow(says)
  })

  it('refuses what is no JSON, or no object', () => {
    expect(() => planFromJson(counterScenario(), 'plan')).toThrow(SyntaxError)
    expect(() => planFromJson(counterScenario(), 'null')).toThrow('no plan')
  })
})

describe('a step that got an argument since', () => {
  const add = (quiet?: { by?: number; times?: { of: number; more: number } }) =>
    step<CounterWorld, { by: number; times: { of: number; more: number } }>({
      draw: () => ({ by: 1, times: { of: 1, more: 1 } }),
      run: () => undefined,
      tell: () => 'adds',
      ...(quiet === undefined ? {} : { quiet }),
    })
  const argsOf = (args: unknown, quiet?: Parameters<typeof add>[0]): unknown => {
    const scenario = counterScenario({ steps: { add: add(quiet) } })
    const steps = [{ index: 0, kind: 'add', args, pauseMs: 0 }]
    return planFromJson(scenario, kept({ steps })).steps[0]?.args
  }

  it('is given its quiet value, at every depth, and keeps what the plan says', () => {
    expect(argsOf({ by: 4 }, { times: { of: 0, more: 2 } })).toEqual({ by: 4, times: { of: 0, more: 2 } })
    expect(argsOf({ by: 4, times: { of: 9 } }, { by: 8, times: { of: 0, more: 2 } })).toEqual({
      by: 4,
      times: { of: 9, more: 2 },
    })
  })

  it('is given it where there was no argument at all', () => {
    expect(argsOf(null, { by: 3 })).toEqual({ by: 3 })
    expect(argsOf(undefined, { by: 3 })).toEqual({ by: 3 })
    expect(argsOf(null)).toBeNull()
    expect(argsOf({ by: 4 })).toEqual({ by: 4 })
  })
})

describe('what a world draws by name', () => {
  const at = async (plan: Plan, quiet?: { start: number; stride: { by: number } }): Promise<number> =>
    (await runPlan(drawing(quiet), plan)).counts['added'] ?? 0

  it('is in the report, and a plan with it needs no draw any more', async () => {
    const { drawn, counts } = await runPlan(drawing(), { seed: 6n, steps: [] })
    expect(drawn).toEqual({ sizes: { start: (counts['added'] ?? 0) - 1, stride: { by: 1 } } })
    expect(await at({ seed: 6n, drawn, steps: [] })).toBe(counts['added'])
    expect(await at({ seed: 6n, drawn: { sizes: { start: 1, stride: { by: 4 } } }, steps: [] })).toBe(5)
  })

  it('is drawn from the seed in a plan that was never kept, whatever is quiet', async () => {
    const quiet = { start: 0, stride: { by: 10 } }
    expect(await at({ seed: 6n, steps: [] }, quiet)).toBe(await at({ seed: 6n, steps: [] }))
  })

  it('is quiet where a kept plan lacks it, all of it or a part', async () => {
    const quiet = { start: 20, stride: { by: 10 } }
    expect(await at({ seed: 6n, drawn: {}, steps: [] }, quiet)).toBe(30)
    expect(await at({ seed: 6n, drawn: { sizes: { start: 2 } }, steps: [] }, quiet)).toBe(12)
    expect(await at({ seed: 6n, drawn: { sizes: { stride: {} } }, steps: [] }, quiet)).toBe(30)
  })

  it('is drawn where a kept plan lacks it, if nothing is quiet', async () => {
    expect(await at({ seed: 6n, drawn: {}, steps: [] })).toBe(await at({ seed: 6n, steps: [] }))
  })

  it('is part of a plan that was cut short, and stays in one that is cut shorter', async () => {
    const base = drawing()
    const scenario = counterScenario({
      build: (context) => {
        const world = base.build(context)
        world.check = () => {
          throw new Error('never')
        }
        return world
      },
    })
    const drawn = { sizes: { start: 1, stride: { by: 2 } } }
    const steps = [{ index: 0, kind: 'wait', args: null, pauseMs: 0 }]
    expect((await shrinkPlan(scenario, { seed: 6n, drawn, steps })).plan).toEqual({ seed: 6n, drawn, steps })
    const { plan } = await shrinkPlan(scenario, { seed: 6n, steps })
    expect(Object.keys(plan.drawn ?? {})).toEqual(['sizes'])
  })
})
