/**
 * What goes wrong with servers.
 *
 * Owns: the steps of processes that crash, or are replaced in order.
 */
import { step } from '../../src/testing/simulation/index.js'
import { NODES } from './parameters.js'
import { forget } from './steps-store.js'
import type { SurewireWorld } from './world.js'

const NODE = NODES.length - 1

const crashes = step<
  SurewireWorld,
  { node: number; downMs: number; loses: 'nothing' | 'tail' | 'everything' }
>({
  weight: 1.2,
  sort: 'fault',
  draw: (random) => ({
    node: random.integer(0, NODE),
    downMs: random.integer(0, 4_000),
    loses: random.pick(['nothing', 'nothing', 'tail', 'everything']),
  }),
  run: (world, { node, downMs, loses }) => {
    const name = world.node(node)
    const wasRunning = world.servers.crash(name)
    if (loses !== 'nothing') forget(world, loses === 'tail' ? 500 : Number.POSITIVE_INFINITY)
    world.later(downMs, () => world.servers.start(name))
    return wasRunning
  },
  tell: ({ node, downMs, loses }) => `server ${node} crashes for ${downMs} ms; the store loses ${loses}`,
})

const deploys = step<
  SurewireWorld,
  { node: number; drainMs: number; retryAfterMs: number; spreadMs: number; startMs: number }
>({
  weight: 0.8,
  sort: 'fault',
  draw: (random) => ({
    node: random.integer(0, NODE),
    drainMs: random.pick([0, 200, 3_000]),
    retryAfterMs: random.pick([0, 0, 1_000]),
    spreadMs: random.pick([0, 500, 3_000]),
    startMs: random.pick([0, 0, random.integer(0, 3_000)]),
  }),
  run: (world, { node, startMs, ...options }) => {
    const name = world.node(node)
    const wasRunning = world.servers.close(name, options)
    if (startMs === 0) world.servers.start(name)
    else world.later(startMs, () => world.servers.start(name))
    return wasRunning
  },
  tell: ({ node, drainMs, retryAfterMs, spreadMs, startMs }) =>
    `server ${node} is replaced: ${drainMs} ms to drain, clients away for ${retryAfterMs} + ${spreadMs} ms, the new one after ${startMs} ms`,
})

export const serverSteps = {
  'crash server': crashes,
  'deploy server': deploys,
} as const
