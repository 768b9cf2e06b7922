/**
 * Faults that every world on a test network can suffer.
 *
 * Owns: ready-made steps that disturb network and clock.
 * Does not own: servers, pages and stores; a scenario knows those better.
 */
import type { ManualClock } from '../manual-clock.js'
import type { Direction, LinkFaults, TestLink, TestNetwork } from '../network-types.js'
import type { SeededRandom } from '../seeded-random.js'
import { step } from './step.js'
import type { Step } from './types.js'

/** What a world needs for these faults to happen to it. */
export interface FaultyWorld {
  readonly network: TestNetwork<ManualClock>
  readonly clock: ManualClock
}

/** Picks among the open links; `pick` from 0 to 1. */
interface OneLink {
  pick: number
}

const DIRECTIONS: readonly (Direction | 'both')[] = ['up', 'down', 'both']

function linkOf({ network }: FaultyWorld, { pick }: OneLink): TestLink | undefined {
  const links = network.links()
  return links[Math.floor(pick * links.length)]
}

/** Never, at once, or some time later. */
function drawNotice(random: SeededRandom): number | null {
  const ms = random.integer(0, 3_000)
  return random.pick([0, ms, ms, null])
}

const cutsLink = step<
  FaultyWorld,
  OneLink & { clientAfterMs: number | null; serverAfterMs: number | null; deliver: 'none' | 'some' }
>({
  weight: 8,
  sort: 'fault',
  draw: (random) => ({
    pick: random.next(),
    clientAfterMs: drawNotice(random),
    serverAfterMs: drawNotice(random),
    deliver: random.pick(['none', 'some']),
  }),
  run: (world, { deliver, clientAfterMs, serverAfterMs, ...one }) => {
    const link = linkOf(world, one)
    const wasUp = link?.state === 'open'
    link?.cut({ deliver, clientAfterMs, serverAfterMs })
    return wasUp
  },
  tell: ({ clientAfterMs, serverAfterMs, deliver }) =>
    `a link is cut; of what is under way ${deliver === 'some' ? 'some arrives' : 'nothing arrives'}; ` +
    `the client learns ${told(clientAfterMs)}, the server ${told(serverAfterMs)}`,
})

function told(afterMs: number | null): string {
  if (afterMs === null) return 'never'
  return afterMs === 0 ? 'at once' : `after ${afterMs} ms`
}

const stallsLink = step<FaultyWorld, OneLink & { direction: Direction | 'both' }>({
  weight: 4,
  sort: 'fault',
  draw: (random) => ({ pick: random.next(), direction: random.pick(DIRECTIONS) }),
  run: (world, args) => {
    const link = linkOf(world, args)
    link?.stall(args.direction)
    return link?.state === 'open'
  },
  tell: ({ direction }) => `a link stalls (${direction})`,
})

const healsLinks = step<FaultyWorld, null>({
  weight: 3,
  draw: () => null,
  run: ({ network }) => {
    for (const link of network.links()) link.heal()
  },
  tell: () => 'stalled links flow again',
})

const changesWeather = step<FaultyWorld, Partial<LinkFaults>>({
  weight: 1,
  sort: 'fault',
  draw: (random) => ({
    latencyMs: random.integer(0, 120),
    jitterMs: random.integer(0, 200),
    bytesPerSecond: random.pick([Infinity, Infinity, 20_000]),
    cutChance: random.pick([0, 0.002, 0.02]),
    cutNoticeMs: [0, random.integer(0, 4_000)],
    stallChance: random.pick([0, 0, 0.01]),
    stallMs: [100, 8_000],
    refuseChance: random.pick([0, 0, 0.3]),
    hangChance: random.pick([0, 0, 0.2]),
    lateEvents: random.chance(0.5),
  }),
  run: ({ network }, faults) => network.set(faults),
  tell: ({ latencyMs, jitterMs, cutChance, refuseChance, hangChance }) =>
    `the weather changes: latency ${latencyMs} ms, jitter ${jitterMs} ms, cuts ${cutChance}, ` +
    `refusals ${refuseChance}, hanging dials ${hangChance}`,
})

const clearsWeather = step<FaultyWorld, null>({
  weight: 1,
  draw: () => null,
  run: ({ network }) => {
    network.heal()
    network.set({ latencyMs: 5, jitterMs: 0, bytesPerSecond: Infinity })
  },
  tell: () => 'the network is calm',
})

const sleeps = step<FaultyWorld, { ms: number; monotonic: boolean }>({
  weight: 0.5,
  sort: 'fault',
  draw: (random) => ({ ms: random.integer(100, 90_000), monotonic: random.chance(0.5) }),
  run: ({ clock }, { ms, monotonic }) => clock.sleep(ms, { monotonic }),
  tell: ({ ms, monotonic }) =>
    `the machine sleeps for ${ms} ms${monotonic ? '' : ', and its clock does not count it'}`,
})

const setsWallClock = step<FaultyWorld, { byMs: number }>({
  weight: 0.5,
  sort: 'fault',
  draw: (random) => ({ byMs: random.integer(-86_400_000, 86_400_000) }),
  run: ({ clock }, { byMs }) => clock.setWall(clock.wall() + byMs),
  tell: ({ byMs }) => `somebody moves the wall clock by ${byMs} ms`,
})

const throttlesTimers = step<FaultyWorld, { ms: number }>({
  weight: 0.3,
  sort: 'fault',
  draw: (random) => ({ ms: random.pick([0, 0, 1_000, 60_000]) }),
  run: ({ clock }, { ms }) => {
    clock.throttle(ms)
    return ms > 0
  },
  tell: ({ ms }) => (ms === 0 ? 'timers are exact' : `timers run every ${ms} ms only`),
})

/**
 * Ready-made faults of network and clock, for a scenario's table of steps.
 *
 * @example
 * const scenario: Scenario<World> = { name: 'chat', build, steps: { ...networkFaults, ...clockFaults, send } };
 */
export const networkFaults: Readonly<Record<string, Step<FaultyWorld>>> = {
  'cut link': cutsLink,
  'stall link': stallsLink,
  'heal links': healsLinks,
  'change weather': changesWeather,
  'clear weather': clearsWeather,
}

/** Faults of the clock that all parts of a world share. */
export const clockFaults: Readonly<Record<string, Step<FaultyWorld>>> = {
  sleep: sleeps,
  'set wall clock': setsWallClock,
  'throttle timers': throttlesTimers,
}
