/**
 * What servers send of their own accord.
 *
 * Owns: the steps of messages on their way down.
 */
import { step } from '../../src/testing/simulation/index.js'
import { ROOMS, USERS, WHO } from './parameters.js'
import { checkGiven } from './books-defects.js'
import type { SurewireWorld } from './world.js'

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
    volatile: boolean
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
    volatile: random.chance(0.1),
  }),
  run: (world, { node, to, room, user, who, count, some, volatile }) => {
    const server = world.servers.at(world.node(node))
    if (server === undefined) return
    const session = world.member(who).client.snapshot.session?.id
    if (to === 'room' && volatile) return sendVolatile(world, server, room)
    for (let left = count; left > 0; left--) {
      world.context.count('published')
      void sendFrom(server, { to, room, user, session, some }).catch((error: unknown) =>
        world.books.guard(() => checkGiven('a server', 'publish', error)),
      )
    }
  },
  tell: ({ node, to, room, user, count }) =>
    `server ${node} sends ${count} to ${{ room: `room ${room}`, user: `user ${user}`, session: 'a session', all: 'all' }[to]}`,
})

type Server = NonNullable<ReturnType<SurewireWorld['servers']['at']>>

function sendVolatile(world: SurewireWorld, server: Server, room: string): void {
  const tag = world.books.newTag()
  world.books.volatiles.sent(tag)
  world.context.count('volatile messages')
  void server.toRoom(room).send('news', { to: `room/${room}`, tag }, { volatile: true })
}

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

export const publishingSteps = { publish: publishes } as const
