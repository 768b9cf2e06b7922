/**
 * What goes wrong with the store.
 *
 * Owns: the steps of a store that forgets, fails, stalls and is slow.
 */
import { step } from '../../src/testing/simulation/index.js'
import { ROOMS } from './parameters.js'
import type { StoreFailure } from './store-port.js'
import type { SurewireWorld } from './world.js'

const storeForgets = step<SurewireWorld, { ms: number | null }>({
  weight: 0.25,
  sort: 'fault',
  draw: (random) => ({ ms: random.pick([random.integer(1, 200), random.integer(1, 5_000), null]) }),
  run: (world, { ms }) => forget(world, ms ?? Number.POSITIVE_INFINITY),
  tell: ({ ms }) => `the store loses ${ms === null ? 'everything' : `the last ${ms} ms`}`,
})

/** Returns whether there was anything to lose. */
export function forget(world: SurewireWorld, ms: number): boolean {
  const isJoining = world.members.some(({ logs, client }) =>
    ROOMS.some((id) => !logs.readers.has(`room/${id}`) && client.room(id).snapshot.status === 'joining'),
  )
  if (isJoining) world.books.sometimes('the store forgot during a join')
  const isLost = world.store.loseTail(ms) > 0
  if (isLost) world.books.sometimes('the store lost its tail')
  return isLost
}

const storeFails = step<SurewireWorld, { calls: number; when: StoreFailure }>({
  weight: 1,
  sort: 'fault',
  draw: (random) => ({
    calls: random.integer(1, 6),
    when: random.pick(['before', 'before', 'after', 'after', 'unanswered']),
  }),
  run: ({ servers: { weather } }, { calls, when }) => {
    weather.failures = calls
    weather.failing = when
  },
  tell: ({ calls, when }) =>
    when === 'unanswered'
      ? `the next ${calls} calls of the store are done, and never answered`
      : `the next ${calls} calls of the store fail, ${when} they are done`,
})

const storeStalls = step<SurewireWorld, { ms: number }>({
  weight: 0.4,
  sort: 'fault',
  draw: (random) => ({ ms: random.integer(50, 8_000) }),
  run: ({ servers: { weather }, clock }, { ms }) => {
    weather.stalledUntil = clock.now() + ms
  },
  tell: ({ ms }) => `the store stalls for ${ms} ms`,
})

const storeSlows = step<SurewireWorld, { latencyMs: number }>({
  weight: 0.4,
  sort: 'fault',
  draw: (random) => ({ latencyMs: random.pick([0, 0, 5, 60]) }),
  run: ({ servers: { weather } }, { latencyMs }) => {
    weather.latencyMs = latencyMs
    return latencyMs > 0
  },
  tell: ({ latencyMs }) => `the store takes up to ${latencyMs} ms each way`,
})

export const forgettingSteps = { 'store forgets': storeForgets } as const

export const storeSteps = {
  'store fails': storeFails,
  'store stalls': storeStalls,
  'store slows': storeSlows,
} as const
