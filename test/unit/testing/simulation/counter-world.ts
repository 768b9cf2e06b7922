/**
 * A small world for tests of the engine: a counter that must not be 3 after an odd step, and a ball on a network.
 */
import {
  type Scenario,
  type SimulatedWorld,
  type SimulationContext,
  step,
  Violation,
} from '../../../../src/testing/index.js'

export class CounterWorld implements SimulatedWorld {
  total = 0
  rested = false

  constructor(readonly context: SimulationContext) {}

  add(by: number): void {
    this.total += by
    this.context.count('added', by)
    this.context.note(`total ${this.total}`)
    if (by === 2) this.context.sometimes('added two')
  }

  check(): void {
    if (this.total >= 3) throw new Violation('below three', `the total is ${this.total}`)
  }

  rest(): Promise<void> {
    this.rested = true
    return Promise.resolve()
  }
}

/** Breaks once three units were added; `wait` does nothing. */
export function counterScenario(
  overrides: Partial<Scenario<CounterWorld>> = {},
): Scenario<CounterWorld> & { built: CounterWorld[] } {
  const built: CounterWorld[] = []
  return {
    built,
    name: 'counter',
    build: (context) => {
      const world = new CounterWorld(context)
      built.push(world)
      return world
    },
    steps: {
      add: step<CounterWorld, { by: number }>({
        weight: 1,
        draw: (random) => ({ by: random.integer(1, 2) }),
        run: (world, { by }) => world.add(by),
        tell: ({ by }) => `adds ${by}`,
      }),
      wait: step<CounterWorld, null>({
        weight: 10,
        draw: () => null,
        run: () => undefined,
        tell: () => 'waits',
      }),
      glitch: step<CounterWorld, null>({
        weight: 2,
        sort: 'fault',
        draw: () => null,
        run: () => undefined,
        tell: () => 'a glitch',
      }),
    },
    ...overrides,
  }
}
