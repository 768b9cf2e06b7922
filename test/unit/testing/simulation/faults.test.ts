import { describe, expect, it } from 'vitest'
import {
  clockFaults,
  createTestNetwork,
  createTestServer,
  type FaultyWorld,
  manualClock,
  networkFaults,
  type Step,
  seededRandom,
} from '../../../../src/testing/index.js'

/** One open link, and what its two ends learn. */
function openLink() {
  const clock = manualClock()
  const network = createTestNetwork({ seed: 1, clock })
  const server = createTestServer({ network })
  const learned: string[] = []
  const open = () =>
    network.transport().open(
      { url: server.url, protocols: ['surewire.1.json'] },
      {
        opened: () => learned.push('opened'),
        received: () => undefined,
        closed: (code) => learned.push(`closed ${code}`),
        failed: () => learned.push('failed'),
      },
    )
  open()
  clock.advance(0)
  const world: FaultyWorld = { network, clock }
  return { world, learned, open }
}

const happen = (step: Step<FaultyWorld> | undefined, world: FaultyWorld, seed = 1): void => {
  const args = step?.draw(seededRandom(seed))
  expect(JSON.stringify(args)).toBeDefined()
  expect(step?.tell(args)).toMatch(/\w/)
  void step?.run(world, args)
}

describe('ready-made faults', () => {
  it('cut a link', () => {
    const { world, learned } = openLink()
    expect(world.network.links()[0]?.state).toBe('open')
    happen(networkFaults['cut link'], world)
    expect(world.network.stats.cuts).toBe(1)
    world.clock.advance(60_000)
    expect(learned[0]).toBe('opened')
  })

  it('stall links and let them flow again', () => {
    const { world } = openLink()
    happen(networkFaults['stall link'], world)
    expect(world.network.stats.stalls).toBe(1)
    happen(networkFaults['heal links'], world)
  })

  it('change the weather, and clear it', () => {
    const { world, open, learned } = openLink()
    const refusals = Array.from({ length: 30 }, (_, seed) => {
      happen(networkFaults['change weather'], world, seed)
      open()
      world.clock.advance(1_000)
      return learned.at(-1)
    })
    expect(refusals).toContain('failed')
    happen(networkFaults['clear weather'], world)
    const failures = learned.filter((what) => what === 'failed').length
    const opened = learned.filter((what) => what === 'opened').length
    for (let dials = 0; dials < 20; dials++) open()
    world.clock.advance(1_000)
    expect(learned.filter((what) => what === 'failed')).toHaveLength(failures)
    expect(learned.filter((what) => what === 'opened')).toHaveLength(opened + 20)
  })

  it('let the machine sleep, move the wall clock, make timers coarse', () => {
    const { world } = openLink()
    const before = world.clock.wall()
    for (const kind of ['sleep', 'set wall clock', 'throttle timers']) happen(clockFaults[kind], world)
    expect(world.clock.wall()).not.toBe(before)
  })

  it('do nothing where there is nothing to disturb', () => {
    const clock = manualClock()
    const world = { clock, network: createTestNetwork({ seed: 1, clock }) }
    for (const step of Object.values({ ...networkFaults, ...clockFaults })) happen(step, world)
    expect(world.network.stats.cuts).toBe(0)
  })
})
