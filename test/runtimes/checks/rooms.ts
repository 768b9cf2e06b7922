/** Rooms and who is in them. */
import { type Check, equal, until } from '../check.js'

const joins: Check = {
  title: 'a room: join, receive, leave, and nothing after that',
  run: async (bench) => {
    const client = await bench.connect()
    const room = client.room(bench.key)
    const found: unknown[] = []
    room.on('said', (data) => void found.push(data))
    await room.join()
    await client.send('say', { room: bench.key, data: 'before' })
    await until('it is received', () => found.length === 1)
    await room.leave()
    await client.send('say', { room: bench.key, data: 'after' })
    equal(await client.request('echo', 1), 1, 'a round trip')
    equal([found, room.snapshot.status], [['before'], 'out'], 'received, status')
  },
}

const history: Check = {
  title: 'a room joined from the start tells what was said before',
  run: async (bench) => {
    const client = await bench.connect()
    for (const data of [1, 2, 3]) await client.send('say', { room: bench.key, data })
    const room = client.room(bench.key)
    const found: unknown[] = []
    room.on('said', (data) => void found.push(data))
    await room.join({ from: 'start' })
    await until('all is received', () => found.length === 3)
    equal(found, [1, 2, 3], 'received')
  },
}

const presence: Check = {
  title: 'presence: both see each other, a change of state, and who left',
  run: async (bench) => {
    const [ada, grace] = [await bench.connect({ auth: 'ada' }), await bench.connect({ auth: 'grace' })]
    const rooms = [ada.room(bench.key), grace.room(bench.key)] as const
    await rooms[0].join({ presence: { mood: 'calm' } })
    await rooms[1].join({ presence: { mood: 'calm' } })
    const moods = (): unknown[] => [...rooms[0].presence.get().values()].map(({ state }) => state)
    await until('ada sees both', () => moods().length === 2)
    rooms[1].presence.update({ mood: 'glad' })
    await until('ada sees the change', () => JSON.stringify(moods()).includes('glad'))
    await grace.close()
    await until('ada is alone', () => moods().length === 1)
  },
}

const cursor: Check = {
  title: 'a room joined anew from its cursor goes on where it stopped',
  run: async (bench) => {
    const client = await bench.connect()
    const room = client.room(bench.key)
    const found: unknown[] = []
    room.on('said', (data) => void found.push(data))
    await room.join({ from: 'start' })
    await client.send('say', { room: bench.key, data: 1 })
    await until('the first is handled', () => room.snapshot.cursor?.offset === 1)
    const from = room.snapshot.cursor ?? 'start'
    await room.leave()
    await client.send('say', { room: bench.key, data: 2 })
    equal((await room.join({ from })).recovered, true, 'recovered')
    await until('the second is received', () => found.length === 2)
    equal(found, [1, 2], 'received')
  },
}

export const roomChecks: readonly Check[] = [joins, history, presence, cursor]
