import { act, render } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { usePresence, useRoom } from '../../../src/react/index.js'
import { ReactWorld } from '../../support/react-world.js'

function Room({ id, name }: { id: string; name?: string }) {
  const { status, members } = useRoom(id, name === undefined ? {} : { presence: { name } })
  return <output>{`${id} ${status} ${members}`}</output>
}

/** The leave after the last component waits for the next task. */
const letGo = (): void => act(() => void vi.advanceTimersByTime(0))

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})

describe('useRoom', () => {
  it('joins once for many components, in StrictMode too, and leaves after the last', async () => {
    const world = new ReactWorld()
    await world.connect()
    const room = world.client.room('a')
    const join = vi.spyOn(room, 'join')
    const leave = vi.spyOn(room, 'leave')
    const { rerender, container } = world.render([<Room key="1" id="a" />, <Room key="2" id="a" />], {
      strict: true,
    })
    letGo()
    await world.pass()
    expect(container.textContent).toBe('a joined 0a joined 0')
    expect(join).toHaveBeenCalledTimes(1)
    rerender([<Room key="1" id="a" />])
    letGo()
    expect(leave).not.toHaveBeenCalled()
    rerender([])
    letGo()
    await world.pass()
    expect(leave).toHaveBeenCalledTimes(1)
    expect(room.snapshot.status).toBe('out')
  })

  it('leaves the old room and joins the new one when its id changes', async () => {
    const world = new ReactWorld()
    await world.connect()
    const { rerender, container } = world.render(<Room id="a" name="Ada" />)
    await world.pass()
    expect(container.textContent).toBe('a joined 1')
    rerender(<Room id="b" name="Ada" />)
    letGo()
    await world.pass()
    expect(container.textContent).toBe('b joined 1')
    expect(await world.server.presence('a')).toEqual([])
    expect(await world.server.presence('b')).toHaveLength(1)
  })

  it('ends in the right room however quickly the id changes back and forth', async () => {
    const world = new ReactWorld()
    await world.connect()
    const { rerender, container } = world.render(<Room id="a" name="Ada" />)
    for (let turn = 1; turn <= 21; turn++) {
      rerender(<Room id={turn % 2 === 0 ? 'a' : 'b'} name="Ada" />)
      if (turn % 3 === 0) letGo()
      if (turn % 5 === 0) await world.pass()
    }
    letGo()
    await world.pass()
    expect(container.textContent).toBe('b joined 1')
    expect(world.client.room('a').snapshot.status).toBe('out')
    expect(await world.server.presence('a')).toEqual([])
  })

  it('waits for a connection, and is there again after a loss', async () => {
    const world = new ReactWorld()
    const { container } = world.render(<Room id="a" />)
    expect(container.textContent).toBe('a joining 0')
    await world.connect()
    expect(container.textContent).toBe('a joined 0')
    act(() => world.network.links()[0]?.cut())
    await world.pass(1_000)
    await world.server.toRoom('a').send('line', 'hello')
    await world.pass()
    expect(container.textContent).toBe('a joined 0')
    expect(world.client.room('a').snapshot.cursor?.offset).toBe(1)
  })

  it('does not leave a room that was joined before', async () => {
    const world = new ReactWorld()
    await world.connect()
    void world.client.room('a').join()
    await world.pass()
    const { unmount } = world.render(<Room id="a" />)
    unmount()
    letGo()
    await world.pass()
    expect(world.client.room('a').snapshot.status).toBe('joined')
  })

  it('leaves what a component joined, although the room was joined and left by hand before', async () => {
    const world = new ReactWorld()
    await world.connect()
    const room = world.client.room('a')
    void room.join()
    await world.pass()
    const { rerender } = world.render([<Room key="1" id="a" />])
    act(() => void room.leave())
    await world.pass()
    rerender([<Room key="1" id="a" />, <Room key="2" id="a" />])
    await world.pass()
    expect(room.snapshot.status).toBe('joined')
    rerender([<Room key="1" id="a" />])
    letGo()
    expect(room.snapshot.status).toBe('joined')
    rerender([])
    letGo()
    await world.pass()
    expect(room.snapshot.status).toBe('out')
  })

  it('leaves what a component joined, although it was joined by hand as well', async () => {
    const world = new ReactWorld()
    await world.connect()
    const { unmount } = world.render(<Room id="a" />)
    void world.client.room('a').join()
    await world.pass()
    unmount()
    letGo()
    await world.pass()
    expect(world.client.room('a').snapshot.status).toBe('out')
  })

  it('stays out of what was left by hand, until another component wants in', async () => {
    const world = new ReactWorld()
    await world.connect()
    const { rerender, container } = world.render([<Room key="1" id="a" />])
    await world.pass()
    act(() => void world.client.room('a').leave())
    await world.pass()
    expect(container.textContent).toBe('a out 0')
    rerender([<Room key="1" id="a" />, <Room key="2" id="a" />])
    await world.pass()
    expect(container.textContent).toBe('a joined 0a joined 0')
  })

  it('leaves the room of the old client and joins that of the new one when the client changes', async () => {
    const world = new ReactWorld()
    await world.connect()
    const other = world.makeClient()
    const { rerender, container } = render(<Room id="a" />, { wrapper: world.Around })
    await world.pass()
    const old = world.client
    Object.assign(world, { client: other })
    rerender(<Room id="a" />)
    void other.connect()
    letGo()
    await world.pass()
    expect(container.textContent).toBe('a joined 0')
    expect(old.room('a').snapshot.status).toBe('out')
    expect(other.room('a').snapshot.status).toBe('joined')
  })

  it('ends up where it should in StrictMode, with ids that change, and leaves all of them', async () => {
    const world = new ReactWorld()
    await world.connect()
    const { rerender, unmount } = world.render([<Room key="1" id="a" />], { strict: true })
    for (const id of ['b', 'a', 'c', 'a', 'b']) rerender([<Room key="1" id={id} />, <Room key={id} id="a" />])
    letGo()
    await world.pass()
    const statuses = () => ['a', 'b', 'c'].map((id) => world.client.room(id).snapshot.status)
    expect(statuses()).toEqual(['joined', 'joined', 'out'])
    unmount()
    letGo()
    await world.pass()
    expect(statuses()).toEqual(['out', 'out', 'out'])
  })

  it('joins anew when a client that gave up is connected again', async () => {
    const world = new ReactWorld()
    const client = world.makeClient({ reconnect: { maxAttempts: 1 } })
    Object.assign(world, { client })
    world.network.refuse()
    const { container } = world.render(<Room id="a" />)
    await world.connect()
    await world.pass(60_000)
    expect(client.snapshot.status).toBe('closed')
    world.network.heal()
    await world.connect()
    expect(container.textContent).toBe('a joined 0')
  })

  it('tells of a refusal', async () => {
    const world = new ReactWorld({ authorize: () => false })
    await world.connect()
    function Refused() {
      const { status, error } = useRoom('secret')
      return <output>{`${status} ${String(error?.code)}`}</output>
    }
    const { container } = world.render(<Refused />)
    await world.pass()
    expect(container.textContent).toBe('out forbidden')
  })

  it('renders again for nothing but what it returns: not for messages', async () => {
    const world = new ReactWorld()
    await world.connect()
    let renders = 0
    function Counted() {
      renders++
      useRoom('a')
      return null
    }
    world.render(<Counted />)
    world.client.room('a').on('line', () => undefined)
    await world.pass()
    renders = 0
    for (let index = 0; index < 100; index++) void world.server.toRoom('a').send('line', String(index))
    await world.pass()
    expect(world.client.room('a').snapshot.cursor?.offset).toBe(100)
    expect(renders).toBe(0)
  })
})

describe('many rooms', () => {
  const statusOf = (world: ReactWorld) => (id: string) => world.client.room(id).snapshot.status

  it('does not lose the room that is being rendered when many others were looked at', async () => {
    const world = new ReactWorld()
    await world.connect()
    for (let index = 0; index < 999; index++) world.client.room(`other ${index}`)
    const rooms = () => [<Room key="x" id="x" />, <Room key="y" id="y" />]
    const { rerender, container } = world.render(rooms())
    await world.pass()
    rerender(rooms())
    letGo()
    await world.pass()
    expect(container.textContent).toBe('x joined 0y joined 0')
    expect(['x', 'y'].map(statusOf(world))).toEqual(['joined', 'joined'])
  })

  it('joins every room of a long list, and stays', async () => {
    const world = new ReactWorld({ limits: { maxRooms: 2_000 } })
    await world.connect()
    const ids = Array.from({ length: 1_500 }, (_, index) => `room ${index}`)
    const list = () => ids.map((id) => <Room key={id} id={id} />)
    const { rerender } = world.render(list())
    await world.pass()
    rerender(list())
    letGo()
    await world.pass()
    expect(ids.map(statusOf(world)).filter((status) => status !== 'joined')).toEqual([])
  })
})

describe('usePresence', () => {
  it('shows who comes, changes and goes, and says so of this session', async () => {
    const world = new ReactWorld()
    await world.connect()
    let say = (_state: object): void => undefined
    function Names() {
      useRoom('a', { presence: { name: 'Ada' } })
      const { members, update } = usePresence('a')
      say = update
      const names = [...members.values()].map(({ state }) => (state as { name: string }).name)
      return <output>{names.toSorted().join(', ')}</output>
    }
    const { container } = world.render(<Names />)
    await world.pass()
    expect(container.textContent).toBe('Ada')
    const other = world.makeClient()
    void other.connect()
    void other.room('a').join({ presence: { name: 'Bob' } })
    await world.pass(1_000)
    expect(container.textContent).toBe('Ada, Bob')
    act(() => say({ name: 'Countess' }))
    await world.pass(1_000)
    expect(container.textContent).toBe('Bob, Countess')
    void other.room('a').leave()
    await world.pass(1_000)
    expect(container.textContent).toBe('Countess')
  })
})
