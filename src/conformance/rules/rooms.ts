/** Checks of the rules about rooms, presence and volatile messages. */
import { FrameType, type Member } from '../../protocol/frames.js'
import { holds, same } from '../failure.js'
import { type Guest, type Kit, producer } from '../kit.js'
import { rulesOf } from '../rule.js'

const { ENTRY, GAP, JOIN, JOINED, LEAVE, LEFT, SEND, REJECTED, PRESENCE, VOLATILE, BYE } = FrameType

/** Rooms that the fixtures let one connection follow. */
const MAX_ROOMS = 64

async function fill(kit: Kit, room: string, count: number): Promise<void> {
  await (await kit.desk()).say('kit.fill', { room, count })
}

/** Joins a room as a member of its own user; hears of the others. */
async function member(
  kit: Kit,
  room: string,
  state: unknown,
): Promise<Guest & { members: readonly Member[] }> {
  const guest = await kit.guest({ auth: kit.name('member') })
  guest.peer.hearsPresence = true
  guest.peer.send([JOIN, 1, room, null, null, state])
  const [, , , , , listed] = await guest.peer.find(JOINED)
  const all = await guest.peer.barrier()
  const sync = all.find((frame) => frame[0] === PRESENCE && frame[3] === 'sync')
  const members = sync?.[0] === PRESENCE ? sync[4] : (listed ?? [])
  return { ...guest, members }
}

const userOf = ({ welcome }: Guest): string => welcome.user.id

export const rooms = [
  ...rulesOf('core', {
    'ROOM-1': async (kit) => {
      const room = kit.name('room')
      await fill(kit, room, 1)
      const { peer } = await kit.guest()
      peer.send([JOIN, 1, room])
      same((await peer.next(JOINED))[4], 1, 'the offset in JOINED')
      await fill(kit, room, 1)
      same((await peer.next(ENTRY))[2], 2, 'the offset of the first entry')
    },

    'ROOM-2': async (kit) => {
      const room = kit.name('room')
      await fill(kit, room, 3)
      const { peer } = await kit.guest()
      peer.send([JOIN, 1, room, null, 1])
      same((await peer.next(JOINED))[4], 1, 'the offset in JOINED')
      same(
        (await peer.findAll(ENTRY, 2)).map((entry) => entry[2]),
        [2, 3],
        'the offsets that are delivered',
      )
    },

    'ROOM-3': async (kit) => {
      const room = kit.name('room')
      await fill(kit, room, 1)
      const { peer } = await kit.guest()
      peer.send([JOIN, 1, room, 'another epoch', 3])
      const [, , , epoch, offset] = await peer.next(JOINED)
      same(offset, 0, 'the offset in JOINED')
      same((await peer.next(GAP)).slice(1, 5), [`room/${room}`, epoch, 4, null], 'the GAP')
      same((await peer.next(ENTRY))[2], 1, 'the offset of the first entry')
    },

    'ROOM-4': async (kit) => {
      const room = kit.name('room')
      const { peer } = await kit.reader(room)
      await fill(kit, room, 3)
      await peer.findAll(ENTRY, 3)
      peer.send([JOIN, 2, room, null, 1])
      same((await peer.next(JOINED)).slice(1, 5).toSpliced(2, 1), [2, room, 1], 'JOINED')
      same(
        (await peer.findAll(ENTRY, 2)).map((entry) => entry[2]),
        [2, 3],
        'the offsets that are delivered',
      )
    },

    'ROOM-5': async (kit) => {
      const room = kit.name('room')
      const { peer } = await kit.reader(room)
      peer.send([LEAVE, 2, room])
      same(await peer.next(LEFT), [LEFT, 2, room, 'asked'], 'the answer')
      await fill(kit, room, 1)
      same(await peer.barrier(), [], 'what comes afterwards')
      peer.send([LEAVE, 3, kit.name('elsewhere')])
      same((await peer.next(LEFT))[1], 3, 'the number of the answer for a room that was not followed')
    },

    'ROOM-6': async (kit) => {
      const room = kit.name('forbidden')
      const { peer } = await kit.guest()
      peer.send([JOIN, 1, room])
      same(await peer.next(LEFT), [LEFT, 1, room, 'forbidden'], 'the answer')
    },

    'ROOM-7': async (kit) => {
      const [secret, lobby] = [kit.name('forbidden'), kit.name('room')]
      const { peer, welcome } = await kit.guest({
        cursors: { [`room/${secret}`]: ['', 0], [`room/${lobby}`]: ['', 0] },
      })
      const named = [secret, lobby].map((room) => Object.hasOwn(welcome.logs, `room/${room}`))
      same(named, [false, true], 'whether WELCOME names the forbidden and the allowed room')
      same(await peer.find(LEFT), [LEFT, 0, secret, 'forbidden'], 'what follows')
    },

    'ROOM-8': async (kit) => {
      const [secret, lobby] = [kit.name('forbidden'), kit.name('room')]
      const reader = await kit.reader(lobby)
      const { peer } = await kit.guest({ producers: [producer(kit.name('a'))] })
      peer.send([SEND, 1, lobby, 'chat', 'hi'], [SEND, 2, secret, 'chat', 'hi'])
      same((await peer.find(REJECTED)).slice(1, 4), [0, 2, 'forbidden'], 'the refusal')
      await peer.accepted(2)
      same((await reader.peer.next(ENTRY)).slice(1, 5), [`room/${lobby}`, 1, 'chat', 'hi'], 'the entry')
    },

    'ROOM-9': async (kit) => {
      const [room, id] = [kit.name('room'), kit.name('a')]
      const { peer } = await kit.reader(room, { producers: [producer(id)] })
      peer.send([SEND, 1, room, 'chat', 'hi'])
      const meta = (await peer.find(ENTRY))[5]
      same([meta.id, meta.from], [`${id}.1`, kit.user], 'id and sender')
    },
  }),
  ...rulesOf('option', {
    'ROOM-10': async (kit) => {
      const { peer } = await kit.guest()
      const names = Array.from({ length: MAX_ROOMS + 1 }, () => kit.name('room'))
      peer.send(...names.map((room, n) => [JOIN, n + 1, room]))
      await peer.findAll(JOINED, MAX_ROOMS)
      same(await peer.find(LEFT), [LEFT, MAX_ROOMS + 1, names.at(-1), 'too_many_rooms'], 'the answer')
    },
  }),
]

export const presence = rulesOf('option', {
  'PRES-1': async (kit) => {
    const room = kit.name('room')
    const ada = await member(kit, room, { mood: 'calm' })
    const bob = await member(kit, room, { mood: 'busy' })
    const [, named, , kind, members] = await ada.peer.find(PRESENCE, (frame) => frame[3] !== 'sync')
    same([named, kind], [room, 'join'], 'what the others hear')
    same(
      members.map(({ userId, state }) => [userId, state]),
      [[userOf(bob), { mood: 'busy' }]],
      'the member',
    )
    same(
      bob.members.map(({ userId }) => userId).toSorted(),
      [userOf(ada), userOf(bob)].toSorted(),
      'all members',
    )
  },

  'PRES-2': async (kit) => {
    const room = kit.name('room')
    const ada = await member(kit, room, { n: 1 })
    const bob = await member(kit, room, { n: 1 })
    const before = (await ada.peer.find(PRESENCE, (frame) => frame[3] === 'join'))[2]
    bob.peer.send([PRESENCE, room, 0, 'update', [{ n: 2 }]])
    const [, , version, kind, members] = await ada.peer.find(PRESENCE)
    same(
      [kind, members.map(({ userId, state }) => [userId, state])],
      ['update', [[userOf(bob), { n: 2 }]]],
      'it',
    )
    holds(version > before, `the version should grow from ${before}, not to ${version}`)
  },

  'PRES-3': async (kit) => {
    const room = kit.name('room')
    const ada = await member(kit, room, {})
    const ways = [[LEAVE, 2, room], [BYE], [PRESENCE, room, 0, 'leave', []]]
    for (const way of ways) {
      const bob = await member(kit, room, {})
      bob.peer.send(way)
      const [, , , , members] = await ada.peer.find(PRESENCE, (frame) => frame[3] === 'leave')
      same(
        members.map(({ userId }) => userId),
        [userOf(bob)],
        `who leaves by ${FrameType[way[0] as number]}`,
      )
    }
  },

  'PRES-4': async (kit) => {
    const room = kit.name('room')
    const ada = await member(kit, room, {})
    const bob = await member(kit, room, {})
    const { id, key } = bob.welcome.session
    bob.peer.drop()
    const again = await kit.guest({
      auth: userOf(bob),
      session: { id, key, attach: 2 },
      cursors: { [`room/${room}`]: ['', 0] },
    })
    again.peer.send([PRESENCE, room, 0, 'update', [{}]])
    await kit.pass(800)
    const kinds = (await ada.peer.barrier()).map((frame) => (frame[0] === PRESENCE ? frame[3] : null))
    holds(!kinds.includes('leave'), 'a member that comes back should not leave')
    again.peer.drop()
    await ada.peer.find(PRESENCE, (frame) => frame[3] === 'leave')
  },

  'PRES-5': async (kit) => {
    const room = kit.name('room')
    const ada = await member(kit, room, {})
    const eve = await kit.guest()
    eve.peer.send([PRESENCE, room, 0, 'update', [{ n: 2 }]])
    await eve.peer.barrier()
    same(await ada.peer.barrier(), [], 'what the members hear of it')
  },

  'VOL-1': async (kit) => {
    const room = kit.name('room')
    const ada = await kit.reader(room)
    const bob = await kit.reader(room)
    ada.peer.send([VOLATILE, room, 'typing', true])
    same((await bob.peer.find(VOLATILE)).slice(1, 4), [room, 'typing', true], 'what the others hear')
    same(await ada.peer.barrier(), [], 'what the sender hears')
    const { peer } = await kit.guest()
    peer.send([JOIN, 1, room, null, 0])
    await peer.find(JOINED)
    same(await peer.barrier(), [], 'what is kept of it')
  },

  'VOL-2': async (kit) => {
    const room = kit.name('room')
    const ada = await kit.guest()
    const bob = await kit.reader(room)
    ada.peer.send([VOLATILE, room, 'typing', true, 'somebody else'])
    same((await bob.peer.find(VOLATILE))[4], kit.user, 'the sender')
  },

  'VOL-3': async (kit) => {
    const { peer } = await kit.guest()
    peer.send([VOLATILE, kit.name('forbidden'), 'typing', true])
    same(await peer.barrier(), [], 'what comes back')
  },
})
