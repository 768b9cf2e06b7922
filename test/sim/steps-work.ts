/**
 * What applications do: sending, asking, joining, leaving, publishing.
 *
 * Owns: the steps of work. Arguments are plain data, drawn without knowing the world.
 */
import type { SeededRandom } from '../../src/testing/index.js'
import { step } from '../../src/testing/simulation/index.js'
import { type HANDLED, REQUESTS } from './handlers.js'
import { CLOSED_ROOM, ROOMS, USERS } from './parameters.js'
import type { SurewireWorld } from './world.js'

const WHO = 11

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
    world.context.count('messages')
    if (args.cancelMs === null) continue
    const cancel = (): void => void (abort === null ? receipt.cancel() : abort.abort())
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

const publishes = step<
  SurewireWorld,
  {
    node: number
    to: 'room' | 'user' | 'session' | 'all'
    room: string
    user: string
    who: number
    count: number
    some: boolean
  }
>({
  weight: 8,
  draw: (random) => ({
    node: random.integer(0, 1),
    to: random.pick(['room', 'room', 'user', 'user', 'session', 'all']),
    room: random.pick(ROOMS),
    user: random.pick(USERS),
    who: random.integer(0, WHO),
    count: random.chance(0.03) ? 60 : random.integer(1, 6),
    some: random.chance(0.3),
  }),
  run: (world, { node, to, room, user, who, count, some }) => {
    const server = world.servers.at(world.node(node))
    if (server === undefined) return
    const session = world.member(who).client.snapshot.session?.id
    for (let left = count; left > 0; left--) {
      world.context.count('messages')
      void sendFrom(server, { to, room, user, session, some }).catch(() => undefined)
    }
  },
  tell: ({ node, to, room, user, count }) =>
    `server ${node} sends ${count} to ${{ room: `room ${room}`, user: `user ${user}`, session: 'a session', all: 'all' }[to]}`,
})

type Server = NonNullable<ReturnType<SurewireWorld['servers']['at']>>

/** A server that is going refuses; what it took is in the log. */
async function sendFrom(
  server: Server,
  {
    to,
    room,
    user,
    session,
    some,
  }: { to: string; room: string; user: string; session: string | undefined; some: boolean },
): Promise<unknown> {
  switch (to) {
    case 'room':
      return server
        .toRoom(room)
        .send('news', { to: `room/${room}` }, some && session !== undefined ? { except: session } : {})
    case 'user':
      return server.toUser(user).send('news', { to: `user/${user}` }, some ? { devices: ['mobile'] } : {})
    case 'session':
      return session === undefined
        ? null
        : server.toSession(session).send('news', { to: `session/${session}` })
    default:
      return server.toAll().send('news', { to: 'all' })
  }
}

const joins = step<
  SurewireWorld,
  { who: number; room: string; from: 'now' | 'start' | 'before' | null; present: boolean }
>({
  weight: 6,
  draw: (random) => ({
    who: random.integer(0, WHO),
    room: random.pick([...ROOMS, ...ROOMS, ...ROOMS, CLOSED_ROOM]),
    from: random.pick(['now', 'start', 'before', null]),
    present: random.chance(0.4),
  }),
  run: (world, { who, room, from, present }) => {
    const member = world.member(who)
    const cursor = member.client.room(room).snapshot.cursor
    const start = from === 'before' ? (cursor ?? 'start') : from
    member.join(room, {
      ...(start === null ? {} : { from: start }),
      ...(present ? { presence: { mood: who } } : {}),
    })
  },
  tell: ({ who, room, from, present }) =>
    `client ${who} joins room ${room} from ${from ?? 'wherever'}${present ? ', visibly' : ''}`,
})

/** The answer to the first is on its way when the second is asked. */
const joinsTwice = step<SurewireWorld, { who: number; room: string; leaves: boolean; afterMs: number }>({
  weight: 1,
  draw: (random) => ({
    who: random.integer(0, WHO),
    room: random.pick(ROOMS),
    leaves: random.chance(0.5),
    afterMs: random.pick([0, 1, random.integer(1, 60)]),
  }),
  run: (world, { who, room, leaves: isLeft, afterMs }) => {
    const member = world.member(who)
    const { cursor } = member.client.room(room).snapshot
    member.join(room, { from: 'now' })
    world.later(afterMs, () => {
      if (isLeft) member.leave(room)
      member.join(room, { from: cursor ?? 'start' })
    })
  },
  tell: ({ who, room, leaves: isLeft, afterMs }) =>
    `client ${who} joins room ${room}${isLeft ? ', leaves it' : ''} and joins it again after ${afterMs} ms`,
})

const leaves = step<SurewireWorld, { who: number; room: string }>({
  weight: 2,
  draw: (random) => ({ who: random.integer(0, WHO), room: random.pick(ROOMS) }),
  run: (world, { who, room }) => world.member(who).leave(room),
  tell: ({ who, room }) => `client ${who} leaves room ${room}`,
})

const presents = step<SurewireWorld, { who: number; room: string; mood: number }>({
  weight: 2,
  draw: (random) => ({ who: random.integer(0, WHO), room: random.pick(ROOMS), mood: random.integer(0, 9) }),
  run: (world, { who, room, mood }) => {
    const member = world.member(who)
    if (member.client.room(room).snapshot.status === 'out') return
    member.present.add(room)
    member.client.room(room).presence.update({ mood })
  },
  tell: ({ who, room }) => `client ${who} appears in room ${room}`,
})

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

export const workSteps = {
  send: sends,
  'send to room': sendsToRoom,
  'send volatile': sendsVolatile,
  request: requests,
  publish: publishes,
  join: joins,
  'join twice': joinsTwice,
  leave: leaves,
  present: presents,
  'disconnect for a while': toggles,
  restart: restarts,
  revive: revives,
  'close client': closes,
} as const
