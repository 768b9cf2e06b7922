/**
 * Who somebody is, and whether the server lets them.
 *
 * Owns: the steps of users, credentials and sessions that are ended.
 */
import { step } from '../../src/testing/simulation/index.js'
import { USERS, WHO } from './parameters.js'
import type { SurewireWorld } from './world.js'

const switchesUser = step<SurewireWorld, { who: number; user: string; live: boolean }>({
  weight: 0.3,
  sort: 'fault',
  draw: (random) => ({ who: random.integer(0, WHO), user: random.pick(USERS), live: random.chance(0.5) }),
  run: (world, { who, user, live }) => {
    const member = world.member(who)
    if (member.user === user || world.parameters.anonymous) return false
    member.user = user
    if (live && !member.closing) member.renewToken()
    return true
  },
  tell: ({ who, user }) => `page ${who} belongs to ${user} now`,
})

const renewsToken = step<SurewireWorld, { who: number }>({
  weight: 0.5,
  draw: (random) => ({ who: random.integer(0, WHO) }),
  run: (world, { who }) => {
    const member = world.member(who)
    if (!member.closing) member.renewToken()
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
  run: (world, { user, is, ms }) => {
    world.servers.trouble(user, is, ms)
    return !world.parameters.anonymous && world.members.some((member) => member.user === user)
  },
  tell: ({ user, is, ms }) => `credentials of ${user} are ${is} for ${ms} ms`,
})

const kicks = step<SurewireWorld, { who: number }>({
  weight: 0.3,
  sort: 'fault',
  draw: (random) => ({ who: random.integer(0, WHO) }),
  run: (world, { who }) => {
    const { status, session } = world.member(who).client.snapshot
    if (session === null) return false
    for (const server of world.servers.running) server.kick(session.id, 'out')
    return status === 'connected'
  },
  tell: ({ who }) => `client ${who} is kicked`,
})

export const peopleSteps = {
  'switch user': switchesUser,
  'renew token': renewsToken,
  'refuse credentials': refusesCredentials,
  'kick client': kicks,
} as const
