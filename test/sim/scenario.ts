/**
 * The scenario 'surewire': production clients and servers in a world that means them no good.
 *
 * Owns: the table of steps and their weights.
 */
import { clockFaults, networkFaults, type Scenario, type Step } from '../../src/testing/simulation/index.js'
import { SITUATIONS } from './situations.js'
import { connectionSteps } from './steps-connection.js'
import { dialSteps, pageSteps } from './steps-pages.js'
import { peopleSteps } from './steps-people.js'
import { publishingSteps } from './steps-publishing.js'
import { roomSteps } from './steps-rooms.js'
import { sendingSteps } from './steps-sending.js'
import { serverSteps } from './steps-servers.js'
import { forgettingSteps, storeSteps } from './steps-store.js'
import { SurewireWorld } from './world.js'

function scaled(
  steps: Readonly<Record<string, Step<SurewireWorld>>>,
  factor: number,
): Record<string, Step<SurewireWorld>> {
  return Object.fromEntries(
    Object.entries(steps).map(([name, one]) => [name, { ...one, weight: one.weight * factor }]),
  )
}

// Timers that are coarse for everybody would coarsen the network as well: pages have their own.
const { 'throttle timers': _everybody, ...sharedClock } = clockFaults

/** Whoever waits may wake early or late when the clock has jumped, and counts from there. */
function excusing(steps: Readonly<Record<string, Step<SurewireWorld>>>): Record<string, Step<SurewireWorld>> {
  return Object.fromEntries(
    Object.entries(steps).map(([name, one]) => [
      name,
      {
        ...one,
        run: (world: SurewireWorld, args: unknown) => {
          const effect = one.run(world, args)
          for (const member of [...world.members, ...world.former]) member.clockJumped()
          return effect
        },
      },
    ]),
  )
}

export const scenario: Scenario<SurewireWorld> = {
  name: 'surewire',
  build: (context) => new SurewireWorld(context),
  steps: {
    ...sendingSteps,
    ...publishingSteps,
    ...roomSteps,
    ...connectionSteps,
    ...scaled(networkFaults, 0.35),
    ...excusing(scaled(sharedClock, 0.4)),
    ...serverSteps,
    ...forgettingSteps,
    ...dialSteps,
    ...storeSteps,
    ...pageSteps,
    ...peopleSteps,
  },
  sometimes: SITUATIONS,
}
