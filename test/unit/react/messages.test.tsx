import { act } from '@testing-library/react'
import { Component, type ReactNode, startTransition, useState } from 'react'
import { describe, expect, it, vi } from 'vitest'
import { useConnection, useMessage, useRoom } from '../../../src/react/index.js'
import { ReactWorld } from '../../support/react-world.js'

describe('useMessage', () => {
  it('sees each of 1,000 messages of one batch, in order, and renders a few times at most', async () => {
    const world = new ReactWorld()
    await world.connect()
    let renders = 0
    const heard: number[] = []
    function News() {
      const [items, setItems] = useState<number[]>([])
      useMessage('news', (item) => {
        heard.push(item)
        setItems((before) => [...before, item])
      })
      renders++
      return <output>{items.length}</output>
    }
    const { container } = world.render(<News />)
    const expected = Array.from({ length: 1_000 }, (_, index) => index)
    const before = world.network.stats.down.messages
    for (const item of expected) void world.server.toAll().send('news', item)
    await world.pass()
    expect(heard).toEqual(expected)
    expect(container.textContent).toBe('1000')
    expect(world.network.stats.down.messages - before).toBe(1)
    expect(renders).toBeLessThan(5)
  })

  it('calls the handler of the latest render', async () => {
    const world = new ReactWorld()
    await world.connect()
    const heard: string[] = []
    function News({ name }: { name: string }) {
      useMessage('news', (item) => void heard.push(`${name} ${item}`))
      return null
    }
    const { rerender } = world.render(<News name="first" />)
    await world.server.toAll().send('news', 1)
    await world.pass()
    rerender(<News name="second" />)
    await world.server.toAll().send('news', 2)
    await world.pass()
    expect(heard).toEqual(['first 1', 'second 2'])
  })

  it('hears each message once in StrictMode, and none after it is gone', async () => {
    const world = new ReactWorld()
    await world.connect()
    const heard: number[] = []
    function News() {
      useMessage('news', (item) => void heard.push(item))
      return null
    }
    const { unmount } = world.render(<News />, { strict: true })
    await world.server.toAll().send('news', 1)
    await world.pass()
    unmount()
    await world.server.toAll().send('news', 2)
    await world.pass()
    expect(heard).toEqual([1])
  })

  it('waits for what the handler returns before the next message', async () => {
    const world = new ReactWorld()
    await world.connect()
    const heard: number[] = []
    let finish = (): void => undefined
    function News() {
      useMessage('news', (item) => {
        heard.push(item)
        return new Promise<void>((resolve) => {
          finish = resolve
        })
      })
      return null
    }
    world.render(<News />)
    void world.server.toAll().send('news', 1)
    void world.server.toAll().send('news', 2)
    await world.pass()
    expect(heard).toEqual([1])
    finish()
    await world.pass()
    expect(heard).toEqual([1, 2])
  })

  it('leaves a handler that throws to the lifecycle, and hears on', async () => {
    const world = new ReactWorld()
    await world.connect()
    const heard: number[] = []
    function News() {
      useMessage('news', (item) => {
        if (item === 1) throw new Error('no ones here')
        heard.push(item)
      })
      return <output>shown</output>
    }
    const { container } = world.render(<News />)
    void world.server.toAll().send('news', 1)
    void world.server.toAll().send('news', 2)
    await world.pass()
    expect(world.errors).toEqual(['a message handler failed: no ones here'])
    expect(heard).toEqual([2])
    expect(container.textContent).toBe('shown')
  })

  it('is no longer subscribed when a message made its component fail to render', async () => {
    const world = new ReactWorld()
    await world.connect()
    const handler = vi.fn<(item: number) => void>()
    function News() {
      const [item, setItem] = useState(0)
      useMessage('news', (next) => {
        handler(next)
        setItem(next)
      })
      if (item === 1) throw new Error('cannot show ones')
      return <output>{item}</output>
    }
    const { container } = world.render(
      <Boundary>
        <News />
      </Boundary>,
    )
    // React tells of it as well, which is as it should be; React 18 also by an event, which jsdom would print.
    const complaints = vi.mocked(console.error)
    window.addEventListener('error', quieten)
    await world.server.toAll().send('news', 1)
    await world.pass()
    window.removeEventListener('error', quieten)
    complaints.mockClear()
    await world.server.toAll().send('news', 2)
    await world.pass()
    expect(container.textContent).toBe('failed: cannot show ones')
    expect(handler.mock.calls).toEqual([[1]])
  })

  it('hears the room it is given, and another one after that changed', async () => {
    const world = new ReactWorld()
    await world.connect()
    const heard: string[] = []
    function Lines({ room }: { room: string }) {
      useRoom(room)
      useMessage('line', (line) => void heard.push(`${room}: ${line}`), { room })
      return null
    }
    const { rerender } = world.render(<Lines room="a" />)
    await world.pass()
    await world.server.toRoom('a').send('line', 'one')
    await world.server.toRoom('b').send('line', 'not for us')
    await world.pass()
    rerender(<Lines room="b" />)
    await world.pass(1)
    await world.server.toRoom('a').send('line', 'no longer')
    await world.server.toRoom('b').send('line', 'two')
    await world.pass()
    expect(heard).toEqual(['a: one', 'b: two'])
  })
})

describe('useConnection', () => {
  it('renders a component that selects the status not once while 1,000 messages and pings pass', async () => {
    const world = new ReactWorld()
    world.server.on('note', () => undefined)
    await world.connect()
    let renders = 0
    let wholes = 0
    const heard: number[] = []
    function Status() {
      renders++
      return <output>{useConnection(({ status }) => status)}</output>
    }
    function Pair() {
      renders++
      const { status, error } = useConnection(({ status: now, error: why }) => ({ status: now, error: why }))
      return <output>{`${status} ${String(error)}`}</output>
    }
    function Whole() {
      wholes++
      useConnection()
      useMessage('news', (item) => void heard.push(item))
      return null
    }
    const { container } = world.render(
      <>
        <Status />
        <Pair />
        <Whole />
      </>,
    )
    await world.pass()
    renders = 0
    wholes = 0
    for (let index = 0; index < 1_000; index++) {
      void world.client.send('note', index)
      void world.server.toAll().send('news', index)
      if (index % 100 === 99) await world.pass(5)
    }
    const before = world.network.stats.down.messages
    await world.pass(120_000)
    expect(world.network.stats.down.messages - before).toBeGreaterThan(3) // pings
    expect(heard).toHaveLength(1_000)
    expect(renders).toBe(0)
    expect(wholes).toBeGreaterThan(0)
    expect(container.textContent).toBe('connectedconnected null')
  })

  it('takes a selector that makes something new each time, however deep', async () => {
    const world = new ReactWorld()
    world.server.on('note', () => undefined)
    let renders = 0
    function Deep() {
      renders++
      const { deep } = useConnection((connection) => ({ deep: { status: connection.status } }))
      return <output>{deep.status}</output>
    }
    const { container } = world.render(<Deep />, { strict: true })
    await world.connect()
    expect(container.textContent).toBe('connected')
    expect(renders).toBeLessThan(20)
  })

  it('renders who selects the session not once while messages pass', async () => {
    const world = new ReactWorld()
    world.server.on('note', () => undefined)
    await world.connect()
    let renders = 0
    function Session() {
      renders++
      const { session } = useConnection(({ status, session: whole }) => ({ status, session: whole }))
      return <output>{String(session?.resumed)}</output>
    }
    const { container } = world.render(<Session />)
    await world.pass()
    renders = 0
    for (let index = 0; index < 100; index++) {
      void world.client.send('note', index)
      if (index % 10 === 9) await world.pass(5)
    }
    expect(renders).toBe(0)
    expect(container.textContent).toBe('false')
  })

  it('shows the same everywhere, although the connection changes amid a concurrent render', async () => {
    const world = new ReactWorld()
    const Status = () => <output>{useConnection(({ status }) => status)} </output>
    let change = (): void => undefined
    function Between() {
      change()
      return null
    }
    let show = (): void => undefined
    function Page() {
      const [shown, setShown] = useState(false)
      show = () => startTransition(() => setShown(true))
      return shown ? (
        <>
          <Status />
          <Between />
          <Status />
        </>
      ) : null
    }
    const { container } = world.render(<Page />)
    change = () => {
      change = () => undefined
      void world.client.connect()
    }
    await act(async () => show())
    expect(container.textContent).toBe('connecting connecting ')
  })

  it('follows the connection through a loss', async () => {
    const world = new ReactWorld()
    world.network.set({ latencyMs: 20 })
    const seen: string[] = []
    function Status() {
      seen.push(useConnection(({ status }) => status))
      return null
    }
    world.render(<Status />)
    await world.connect()
    await world.pass(100)
    act(() => world.network.links()[0]?.cut())
    await world.pass()
    await world.pass(1_000)
    expect(seen).toEqual(['idle', 'connecting', 'connected', 'reconnecting', 'connected'])
  })
})

const quieten = (event: Event): void => event.preventDefault()

class Boundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null }
  static getDerivedStateFromError(error: Error) {
    return { error }
  }
  override render(): ReactNode {
    const { error } = this.state
    return error === null ? this.props.children : `failed: ${error.message}`
  }
}
