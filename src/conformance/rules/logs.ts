/** Checks of the rules about logs: offsets, cursors, gaps, and what is for others. */
import { FrameType } from '../../protocol/frames.js'
import { holds, same } from '../failure.js'
import { type Kit, producer } from '../kit.js'
import { rulesOf } from '../rule.js'

const { ENTRY, SKIP, GAP, SEND, JOIN, JOINED } = FrameType

/** Entries of a log that the fixtures keep. */
const HISTORY = 64

/** Puts so many entries into a room. */
async function fill(kit: Kit, room: string, count: number): Promise<void> {
  await (await kit.desk()).say('kit.fill', { room, count })
}

/** The room's present epoch. */
async function epochOf(kit: Kit, room: string): Promise<string> {
  const { peer } = await kit.guest()
  peer.send([JOIN, 1, room])
  const joined = await peer.find(JOINED)
  peer.drop()
  return joined[3]
}

export const logs = rulesOf('core', {
  'LOG-1': async (kit) => {
    const room = kit.name('room')
    const { peer } = await kit.reader(room)
    await fill(kit, room, 20)
    const found = (await peer.findAll(ENTRY, 20)).map((entry) => [entry[2], (entry[4] as unknown[])[0]])
    const expected = Array.from({ length: 20 }, (_, n) => [n + 1, n + 1])
    same(found, expected, 'offsets and data')
  },

  'LOG-2': async (kit) => {
    const room = kit.name('room')
    const one = await kit.reader(room)
    const other = await kit.reader(room)
    await (await kit.desk()).say('kit.tell', { room, type: 'news', data: { deep: ['data'] } })
    same(await one.peer.find(ENTRY), await other.peer.find(ENTRY), 'the entry of one and of the other')
  },

  'LOG-3': async (kit) => {
    const room = kit.name('room')
    await fill(kit, room, 5)
    const epoch = await epochOf(kit, room)
    const { peer, welcome } = await kit.guest({ cursors: { [`room/${room}`]: [epoch, 2] } })
    same(welcome.logs[`room/${room}`], [epoch, 2], 'the position in WELCOME')
    const offsets = (await peer.findAll(ENTRY, 3)).map((entry) => entry[2])
    same(offsets, [3, 4, 5], 'the offsets that are delivered')
    const present = await kit.guest({ cursors: { [`room/${room}`]: ['', 4] } })
    same(present.welcome.logs[`room/${room}`], [epoch, 4], 'the position for the present epoch')
  },

  'LOG-4': async (kit) => {
    const room = kit.name('room')
    await fill(kit, room, 1)
    const epoch = await epochOf(kit, room)
    const { peer } = await kit.guest({ cursors: { [`room/${room}`]: [epoch, 1] } })
    same(await peer.barrier(), [], 'what comes at the head')
    await fill(kit, room, 1)
    same((await peer.next(ENTRY))[2], 2, 'the offset of the next entry')
  },

  'LOG-5': async (kit) => {
    const room = kit.name('room')
    await fill(kit, room, 1)
    const { peer, welcome } = await kit.guest({ cursors: { [`room/${room}`]: ['another epoch', 7] } })
    const [epoch, offset] = welcome.logs[`room/${room}`] ?? []
    holds(epoch !== 'another epoch', 'WELCOME should name the present epoch')
    same(offset, 0, 'the offset in WELCOME')
    same((await peer.next(GAP)).slice(1, 6), [`room/${room}`, epoch, 8, null, 'epoch'], 'the GAP')
    same((await peer.next(ENTRY)).slice(1, 3), [`room/${room}`, 1], 'the first entry')
  },

  'LOG-6': async (kit) => {
    const room = kit.name('room')
    await fill(kit, room, 1)
    const epoch = await epochOf(kit, room)
    const { peer, welcome } = await kit.guest({ cursors: { [`room/${room}`]: [epoch, 5] } })
    const named = welcome.logs[`room/${room}`]
    same(named?.[1], 0, 'the offset in WELCOME')
    same((await peer.next(GAP)).slice(1, 6), [`room/${room}`, named?.[0], 6, null, 'epoch'], 'the GAP')
    same((await peer.next(ENTRY))[2], 1, 'the offset of the first entry')
  },

  'LOG-7': async (kit) => {
    const room = kit.name('room')
    await fill(kit, room, HISTORY + 10)
    const epoch = await epochOf(kit, room)
    const { peer, welcome } = await kit.guest({ cursors: { [`room/${room}`]: [epoch, 2] } })
    same(welcome.logs[`room/${room}`], [epoch, 2], 'the position in WELCOME')
    same(await peer.next(GAP), [GAP, `room/${room}`, epoch, 3, 10, 'history'], 'the GAP')
    const offsets = (await peer.findAll(ENTRY, HISTORY)).map((entry) => entry[2])
    const expected = Array.from({ length: HISTORY }, (_, n) => n + 11)
    same(offsets, expected, 'the offsets that are delivered')
    same(await peer.barrier(), [], 'what comes after the last')
  },

  'LOG-8': async (kit) => {
    const room = kit.name('room')
    await fill(kit, room, HISTORY + 2)
    const { peer, welcome } = await kit.guest({ cursors: { [`room/${room}`]: ['another epoch', 1] } })
    const epoch = welcome.logs[`room/${room}`]?.[0]
    same((await peer.next(GAP)).slice(1, 5), [`room/${room}`, epoch, 2, null], 'the first GAP')
    same((await peer.next(GAP)).slice(1, 5), [`room/${room}`, epoch, 1, 2], 'the second GAP')
    same((await peer.next(ENTRY))[2], 3, 'the offset of the first entry')
  },

  'LOG-9': async (kit) => {
    const room = kit.name('room')
    const desk = await kit.desk()
    const one = await kit.reader(room)
    const other = await kit.reader(room)
    const except = one.welcome.session.id
    await desk.say('kit.tell', { room, type: 'secret', data: 1, except })
    await desk.say('kit.tell', { room, type: 'news', data: 2 })
    same(await one.peer.next(SKIP), [SKIP, `room/${room}`, 1], 'what comes in its place')
    same((await one.peer.next(ENTRY)).slice(2, 5), [2, 'news', 2], 'the next entry')
    same((await other.peer.next(ENTRY)).slice(2, 5), [1, 'secret', 1], 'the entry for the other')
  },

  'LOG-10': async (kit) => {
    const room = kit.name('room')
    const desk = await kit.desk()
    const { peer, welcome } = await kit.reader(room, { pingMs: 250 })
    await desk.say('kit.tell', { room, type: 'secret', data: 1, except: welcome.session.id })
    const before = peer.pings.length
    await peer.wait(() => peer.pings.length > before, 'a PING')
    same(peer.unread, [[SKIP, `room/${room}`, 1]], 'what came before the PING')
  },

  'LOG-11': async (kit) => {
    const room = kit.name('room')
    const other = await kit.reader(room)
    const { peer } = await kit.reader(room, { producers: [producer(kit.name('a'))] })
    peer.send([SEND, 1, room, 'chat', 'hi', { echo: false }], [SEND, 2, room, 'chat', 'all'])
    const heard = (await other.peer.findAll(ENTRY, 2)).map((entry) => entry[4])
    same(heard, ['hi', 'all'], 'what the other hears')
    same(await peer.find(SKIP), [SKIP, `room/${room}`, 1], 'what the sender gets in its place')
    same((await peer.find(ENTRY))[4], 'all', 'what the sender hears')
  },

  'LOG-12': async (kit) => {
    const desk = await kit.desk()
    const phone = await kit.guest({ device: { kind: 'mobile' } })
    const laptop = await kit.guest()
    const stranger = await kit.guest({ auth: kit.name('eve') })
    for (const { peer } of [phone, laptop, stranger]) peer.hearsAll = true
    await desk.say('kit.tell-user', { user: kit.user, type: 'note', data: 1 })
    await desk.say('kit.tell-all', { type: 'news', data: 2 })
    const heard = async ({ peer }: typeof phone, count: number) =>
      (await peer.findAll(ENTRY, count)).map((entry) => `${entry[1]} ${String(entry[4])}`).toSorted()
    const both = ['all 2', `user/${kit.user} 1`]
    same(await heard(phone, 2), both, 'what the first connection of the user hears')
    same(await heard(laptop, 2), both, 'what the second one hears')
    same(await heard(stranger, 1), ['all 2'], 'what a stranger hears')
  },

  'LOG-13': async (kit) => {
    const log = `user/${kit.user}`
    await (await kit.desk()).say('kit.tell-user', { user: kit.user, type: 'note', data: 'earlier' })
    const late = await kit.guest()
    same(late.welcome.logs[log]?.[1], 1, 'where the log starts without a cursor')
    const early = await kit.guest({ cursors: { user: ['', 0] } })
    same(early.welcome.logs[log]?.[1], 0, 'where it starts for the cursor user')
    same((await early.peer.next(ENTRY)).slice(1, 5), [log, 1, 'note', 'earlier'], 'the entry')
    same(await late.peer.barrier(), [], 'what the other gets')
  },

  'LOG-14': async (kit) => {
    const { peer, welcome } = await kit.guest()
    const { id, key } = welcome.session
    const log = `session/${id}`
    peer.drop()
    await (await kit.desk()).say('kit.tell-session', { session: id, type: 'note', data: 'while away' })
    const again = await kit.guest({
      session: { id, key, attach: 2 },
      cursors: { [log]: welcome.logs[log] ?? ['', 0] },
    })
    same(again.welcome.session.resumed, true, 'resumed')
    same((await again.peer.next(ENTRY)).slice(1, 5), [log, 1, 'note', 'while away'], 'the entry')
  },
})
