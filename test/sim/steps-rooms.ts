/**
 * Who follows which room, and appears there.
 *
 * Owns: the steps of joining, leaving and presence.
 */
import { step } from '../../src/testing/simulation/index.js'
import { CLOSED_ROOM, ROOMS, WHO } from './parameters.js'
import type { SurewireWorld } from './world.js'

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

export const roomSteps = {
  join: joins,
  'join twice': joinsTwice,
  leave: leaves,
  present: presents,
} as const
