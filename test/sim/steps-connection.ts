/**
 * What applications do with the connection of a client: off and on, anew, closed.
 */
import { step } from '../../src/testing/simulation/index.js'
import { WHO } from './parameters.js'
import type { SurewireWorld } from './world.js'

const toggles = step<SurewireWorld, { who: number; forMs: number }>({
  weight: 1,
  draw: (random) => ({ who: random.integer(0, WHO), forMs: random.integer(0, 10_000) }),
  run: (world, { who, forMs }) => {
    const member = world.member(who)
    member.disconnect()
    world.later(forMs, () => member.connect())
  },
  tell: ({ who, forMs }) => `client ${who} disconnects for ${forMs} ms`,
})

const restarts = step<SurewireWorld, { who: number; force: boolean }>({
  weight: 0.7,
  draw: (random) => ({ who: random.integer(0, WHO), force: random.chance(0.5) }),
  run: (world, { who, force }) => world.member(who).restart(force),
  tell: ({ who }) => `client ${who} is restarted`,
})

const revives = step<SurewireWorld, null>({
  weight: 3,
  draw: () => null,
  run: (world) => {
    for (const member of world.members) if (member.client.snapshot.status === 'closed') member.connect()
  },
  tell: () => 'whoever gave up connects again',
})

const closes = step<SurewireWorld, { who: number; drainMs: number; nextMs: number }>({
  weight: 0.6,
  draw: (random) => ({
    who: random.integer(0, WHO),
    drainMs: random.pick([0, 1_000]),
    nextMs: random.integer(0, 4_000),
  }),
  run: (world, { who, drainMs, nextMs }) => {
    const member = world.member(who)
    member.close(drainMs)
    world.later(nextMs, () => world.replace(member))
  },
  tell: ({ who, drainMs, nextMs }) =>
    `client ${who} is closed (${drainMs} ms to drain); the next page opens after ${nextMs} ms`,
})

export const connectionSteps = {
  'disconnect for a while': toggles,
  restart: restarts,
  revive: revives,
  'close client': closes,
} as const
