/**
 * What goes wrong with servers, store, pages and credentials.
 *
 * Owns: the steps of fault. Those of network and clock come with the engine.
 */
import { step } from '../../src/testing/simulation/index.js'
import { USERS } from './parameters.js'
import type { SurewireWorld } from './world.js'

const WHO = 11
const NODE = 1

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
    world.servers.crash(name)
    if (loses !== 'nothing') forget(world, loses === 'tail' ? 500 : Number.POSITIVE_INFINITY)
    world.later(downMs, () => world.servers.start(name))
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
    world.servers.close(name, options)
    if (startMs === 0) world.servers.start(name)
    else world.later(startMs, () => world.servers.start(name))
  },
  tell: ({ node, drainMs, retryAfterMs, spreadMs, startMs }) =>
    `server ${node} is replaced: ${drainMs} ms to drain, clients away for ${retryAfterMs} + ${spreadMs} ms, the new one after ${startMs} ms`,
})

const storeForgets = step<SurewireWorld, { ms: number | null }>({
  weight: 0.25,
  sort: 'fault',
  draw: (random) => ({ ms: random.pick([random.integer(1, 200), random.integer(1, 5_000), null]) }),
  run: (world, { ms }) => forget(world, ms ?? Number.POSITIVE_INFINITY),
  tell: ({ ms }) => `the store loses ${ms === null ? 'everything' : `the last ${ms} ms`}`,
})

function forget(world: SurewireWorld, ms: number): void {
  const isJoining = world.members.some(({ logs, client }) =>
    ['red', 'blue', 'green'].some(
      (id) => !logs.readers.has(`room/${id}`) && client.room(id).snapshot.status === 'joining',
    ),
  )
  if (isJoining) world.books.sometimes('the store forgot during a join')
  if (world.store.loseTail(ms) > 0) world.books.sometimes('the store lost its tail')
}

/** A HELLO that overtakes another: the connection before it was slow, and was given up as soon as it was open. */
const holdsBack = step<SurewireWorld, { who: number; ms: number }>({
  weight: 0.6,
  sort: 'fault',
  draw: (random) => ({ who: random.integer(0, WHO), ms: random.integer(50, 900) }),
  run: (world, { who, ms }) => {
    const member = world.member(who)
    member.restart(true)
    world.later(0, () => {
      const slow = world.network.links().find(({ id }) => id === member.link?.id)
      slow?.set({ latencyMs: ms, jitterMs: 0 })
      const wait = (left: number): void => {
        if (slow === undefined || slow.state === 'closed' || left === 0) return
        if (slow.state === 'open') member.restart(true)
        else world.later(20, () => wait(left - 1))
      }
      wait(100)
    })
  },
  tell: ({ who, ms }) => `client ${who} dials again while its HELLO takes ${ms} ms`,
})

const storeFails = step<SurewireWorld, { calls: number; when: 'before' | 'after' }>({
  weight: 1,
  sort: 'fault',
  draw: (random) => ({ calls: random.integer(1, 6), when: random.pick(['before', 'after', 'after']) }),
  run: ({ servers: { weather } }, { calls, when }) => {
    weather.failures = calls
    weather.failing = when
  },
  tell: ({ calls, when }) => `the next ${calls} calls of the store fail, ${when} they are done`,
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
  },
  tell: ({ latencyMs }) => `the store takes up to ${latencyMs} ms each way`,
})

const reloads = step<SurewireWorld, { who: number; diskMs: number; loses: number }>({
  weight: 1,
  sort: 'fault',
  draw: (random) => ({
    who: random.integer(0, WHO),
    diskMs: random.pick([0, 0, 5, 40]),
    loses: random.chance(0.1) ? random.integer(1, 5) : 0,
  }),
  run: async (world, { who, diskMs, loses }) => {
    const member = world.member(who)
    member.kill()
    const { disk } = member
    if (loses > 0 && (await disk.loseTail(loses)) > 0)
      world.books.sometimes('a disk lost what had been stored last')
    disk.latencyMs = diskMs
    world.replace(member)
  },
  tell: ({ who, diskMs, loses }) =>
    `page ${who} is reloaded; its disk takes ${diskMs} ms${loses === 0 ? '' : ` and lost the last ${loses} messages`}`,
})

/** So many pages that the world stays small. */
const MAX_PAGES = 8

const duplicates = step<SurewireWorld, { who: number }>({
  weight: 0.3,
  sort: 'fault',
  draw: (random) => ({ who: random.integer(0, WHO) }),
  run: (world, { who }) => {
    if (world.members.length >= MAX_PAGES) return
    const { habits, disk } = world.member(who)
    if ([...disk.kept].length > 0) world.books.sometimes('a page found its outbox locked by another')
    world.open(habits, disk)
  },
  tell: ({ who }) => `page ${who} is duplicated`,
})

const freezes = step<SurewireWorld, { who: number; ms: number }>({
  weight: 0.6,
  sort: 'fault',
  draw: (random) => ({
    who: random.integer(0, WHO),
    ms: random.pick([random.integer(10, 2_000), random.integer(10, 90_000)]),
  }),
  run: (world, { who, ms }) => {
    const member = world.member(who)
    if (member.client.snapshot.status === 'connected')
      world.books.sometimes('a page was frozen with a live connection')
    member.page.freeze()
    world.later(ms, () => member.page.thaw())
  },
  tell: ({ who, ms }) => `page ${who} is frozen for ${ms} ms`,
})

const throttles = step<SurewireWorld, { who: number; ms: number }>({
  weight: 0.4,
  sort: 'fault',
  draw: (random) => ({ who: random.integer(0, WHO), ms: random.pick([0, 0, 1_000, 60_000]) }),
  run: (world, { who, ms }) => world.member(who).page.throttle(ms),
  tell: ({ who, ms }) => `timers of page ${who} are ${ms === 0 ? 'exact' : `run every ${ms} ms only`}`,
})

const signals = step<
  SurewireWorld,
  { who: number; signal: 'online' | 'offline' | 'visible' | 'hidden' | 'resumed' }
>({
  weight: 1,
  draw: (random) => ({
    who: random.integer(0, WHO),
    signal: random.pick(['online', 'offline', 'visible', 'hidden', 'resumed']),
  }),
  run: (world, { who, signal }) => world.member(who).page.signal(signal),
  tell: ({ who, signal }) => `page ${who} is told '${signal}'`,
})

const switchesUser = step<SurewireWorld, { who: number; user: string; live: boolean }>({
  weight: 0.3,
  sort: 'fault',
  draw: (random) => ({ who: random.integer(0, WHO), user: random.pick(USERS), live: random.chance(0.5) }),
  run: (world, { who, user, live }) => {
    const member = world.member(who)
    if (member.user === user) return
    const { queued, inFlight } = member.client.snapshot
    if (queued + inFlight > 0) world.books.sometimes('the user changed with messages in the queue')
    member.user = user
    member.disk.shared = true
    if (live && !member.closing) member.update({ auth: () => member.user })
  },
  tell: ({ who, user }) => `page ${who} belongs to ${user} now`,
})

const renewsToken = step<SurewireWorld, { who: number }>({
  weight: 0.5,
  draw: (random) => ({ who: random.integer(0, WHO) }),
  run: (world, { who }) => {
    const member = world.member(who)
    if (!member.closing) member.update({ auth: () => member.user })
  },
  tell: ({ who }) => `page ${who} gets a new token`,
})

const refusesCredentials = step<SurewireWorld, { user: string; is: 'refused' | 'unavailable'; ms: number }>({
  weight: 0.4,
  sort: 'fault',
  draw: (random) => ({
    user: random.pick(USERS),
    is: random.pick(['refused', 'unavailable']),
    ms: random.integer(100, 10_000),
  }),
  run: (world, { user, is, ms }) => world.servers.trouble(user, is, ms),
  tell: ({ user, is, ms }) => `credentials of ${user} are ${is} for ${ms} ms`,
})

const kicks = step<SurewireWorld, { who: number }>({
  weight: 0.3,
  sort: 'fault',
  draw: (random) => ({ who: random.integer(0, WHO) }),
  run: (world, { who }) => {
    const session = world.member(who).client.snapshot.session?.id
    if (session === undefined) return
    for (const server of world.servers.running) server.kick(session, 'out')
  },
  tell: ({ who }) => `client ${who} is kicked`,
})

export const faultSteps = {
  'crash server': crashes,
  'deploy server': deploys,
  'store forgets': storeForgets,
  'hold back a hello': holdsBack,
  'store fails': storeFails,
  'store stalls': storeStalls,
  'store slows': storeSlows,
  'reload page': reloads,
  'duplicate page': duplicates,
  'freeze page': freezes,
  'throttle page': throttles,
  'signal page': signals,
  'switch user': switchesUser,
  'renew token': renewsToken,
  'refuse credentials': refusesCredentials,
  'kick client': kicks,
} as const
