/**
 * What applications send and ask.
 *
 * Owns: the steps of messages and requests on their way up.
 */
import type { SeededRandom } from '../../src/testing/index.js'
import { step } from '../../src/testing/simulation/index.js'
import { type HANDLED, REQUESTS } from './handlers.js'
import { CLOSED_ROOM, ROOMS, WHO } from './parameters.js'
import type { SurewireWorld } from './world.js'

interface Sending {
  who: number
  count: number
  room: string | null
  type: string
  ms: number
  priority: 'high' | 'normal' | 'low'
  ttlMs: number | null
  replaces: string | null
  cancelMs: number | null
  bySignal: boolean
  echo: boolean
}

function drawSending(random: SeededRandom, room: string | null, types: readonly string[]): Sending {
  return {
    who: random.integer(0, WHO),
    count: random.integer(1, 8),
    room,
    type: random.pick(types),
    ms: random.chance(0.1) ? random.integer(1, 6_000) : random.integer(0, 300),
    priority: random.pick(['high', 'normal', 'normal', 'low']),
    ttlMs: random.chance(0.1) ? random.integer(0, 2_000) : null,
    replaces: random.chance(0.1) ? random.pick(['a', 'b']) : null,
    cancelMs: random.chance(0.1) ? random.pick([0, random.integer(1, 500)]) : null,
    bySignal: random.chance(0.5),
    echo: random.chance(0.7),
  }
}

function send(world: SurewireWorld, args: Sending): void {
  const member = world.member(args.who)
  for (let count = args.count; count > 0; count--) {
    const abort = args.cancelMs !== null && args.bySignal ? new AbortController() : null
    const receipt = member.send(args.room, args.type, args.ms, {
      priority: args.priority,
      ...(args.ttlMs === null ? {} : { ttlMs: args.ttlMs }),
      ...(args.replaces === null ? {} : { replaces: args.replaces }),
      ...(args.room === null ? {} : { echo: args.echo }),
      ...(abort === null ? {} : { signal: abort.signal }),
    })
    world.context.count('sent')
    if (args.cancelMs === null) continue
    const cancel = (): void => (abort === null ? member.cancel(receipt) : abort.abort())
    if (args.cancelMs === 0) cancel()
    else world.later(args.cancelMs, cancel)
  }
}

const tellSending = ({ who, count, room, type, priority, ttlMs, replaces, cancelMs }: Sending): string =>
  `client ${who} sends ${count} × '${type}'${room === null ? '' : ` to room ${room}`} (${priority}` +
  `${ttlMs === null ? '' : `, for ${ttlMs} ms`}${replaces === null ? '' : `, replacing '${replaces}'`}` +
  `${cancelMs === null ? '' : `, taken back after ${cancelMs} ms`})`

const SENT_TYPES = [
  'plain',
  'plain',
  'plain',
  'fan',
  'fan',
  'slow',
  'fail',
  'late',
  'odd',
] as const satisfies readonly ((typeof HANDLED)[number] | 'odd')[]

const sends = step<SurewireWorld, Sending>({
  weight: 26,
  draw: (random) => drawSending(random, null, SENT_TYPES),
  run: send,
  tell: tellSending,
})

const sendsToRoom = step<SurewireWorld, Sending>({
  weight: 12,
  draw: (random) => drawSending(random, random.pick([...ROOMS, ...ROOMS, CLOSED_ROOM]), ['chat', 'raw']),
  run: send,
  tell: tellSending,
})

const sendsVolatile = step<SurewireWorld, { who: number; room: string }>({
  weight: 2,
  draw: (random) => ({ who: random.integer(0, WHO), room: random.pick(ROOMS) }),
  run: (world, { who, room }) => {
    world.member(who).send(room, 'note', 0, { volatile: true })
    world.context.count('volatile messages')
  },
  tell: ({ who, room }) => `client ${who} sends a volatile message to room ${room}`,
})

const requests = step<
  SurewireWorld,
  { who: number; type: string; count: number; ms: number; timeoutMs: number; abortMs: number | null }
>({
  weight: 8,
  draw: (random) => ({
    who: random.integer(0, WHO),
    type: random.pick([...REQUESTS, 'slow-echo', 'odd']),
    count: random.integer(1, 4),
    ms: random.integer(0, 4_000),
    timeoutMs: random.integer(100, 20_000),
    abortMs: random.chance(0.25) ? random.integer(0, 3_000) : null,
  }),
  run: (world, { who, type, count, ms, timeoutMs, abortMs }) => {
    const member = world.member(who)
    for (let left = count; left > 0; left--) {
      const abort = abortMs === null ? null : new AbortController()
      void member.request(type, ms, { timeoutMs, ...(abort === null ? {} : { signal: abort.signal }) })
      world.context.count('requests')
      if (abort !== null) world.later(abortMs ?? 0, () => abort.abort())
    }
  },
  tell: ({ who, type, count, timeoutMs, abortMs }) =>
    `client ${who} asks ${count} × '${type}', for ${timeoutMs} ms${abortMs === null ? '' : `, and gives up after ${abortMs} ms`}`,
})

export const sendingSteps = {
  send: sends,
  'send to room': sendsToRoom,
  'send volatile': sendsVolatile,
  request: requests,
} as const
