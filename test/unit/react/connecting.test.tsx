import { act, render } from '@testing-library/react'
import { StrictMode, useState } from 'react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Client, ClientOptions } from '../../../src/client/types.js'
import {
  SurewireProvider,
  useClient,
  useConnect,
  useConnection,
  useMessage,
  usePresence,
  useRequest,
  useRoom,
} from '../../../src/react/index.js'
import type { reactContract } from '../../support/react-contract.js'
import { ReactWorld } from '../../support/react-world.js'

const LINGER_MS = 5_000

function Connected({ enabled = true, lingerMs }: { enabled?: boolean; lingerMs?: number }) {
  useConnect(enabled, lingerMs === undefined ? {} : { lingerMs })
  return null
}

/** The time of this machine, which lingering goes by. */
const linger = (ms: number): void => act(() => void vi.advanceTimersByTime(ms))

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})

describe('a hook outside of a provider', () => {
  const hooks: Record<string, () => void> = {
    useClient: () => void useClient(),
    useConnect: () => useConnect(),
    useConnection: () => void useConnection(),
    useMessage: () => useMessage('news', () => undefined),
    usePresence: () => void usePresence('a'),
    useRequest: () => void useRequest('double'),
    useRoom: () => void useRoom('a'),
  }

  it.each(Object.entries(hooks))('says what is missing: %s', (_name, useHook) => {
    let told: unknown
    function Lost() {
      try {
        useHook()
      } catch (error) {
        told = error
      }
      return null
    }
    render(<Lost />)
    expect(told).toMatchObject({
      code: 'no_provider',
      message: 'surewire needs a <SurewireProvider> around this component',
    })
  })
})

describe('useConnect', () => {
  it('connects once for many components, in StrictMode too', async () => {
    const world = new ReactWorld()
    world.render(
      <>
        <Connected />
        <Connected />
      </>,
      { strict: true },
    )
    await world.pass(100)
    linger(60_000)
    await world.pass(100)
    expect(world.client.snapshot.status).toBe('connected')
    expect(world.network.stats.dials).toBe(1)
  })

  it('lets go of the connection some time after the last component let go of it', async () => {
    const world = new ReactWorld()
    const { rerender } = world.render([<Connected key="a" />, <Connected key="b" />])
    await world.pass()
    rerender([<Connected key="a" />])
    linger(LINGER_MS)
    expect(world.client.snapshot.status).toBe('connected')
    rerender([])
    linger(LINGER_MS - 1)
    expect(world.client.snapshot.status).toBe('connected')
    linger(1)
    expect(world.client.snapshot.status).toBe('idle')
  })

  it('keeps the connection from page to page', async () => {
    const world = new ReactWorld()
    const { rerender } = world.render(<Connected key="first page" />)
    await world.pass()
    rerender(<Connected key="second page" />)
    rerender([])
    linger(LINGER_MS - 1)
    rerender(<Connected key="third page" />)
    linger(60_000)
    await world.pass()
    expect(world.client.snapshot.status).toBe('connected')
    expect(world.network.stats.dials).toBe(1)
  })

  it('makes one connection however quickly `enabled` flips, and ends as it says last', async () => {
    const world = new ReactWorld()
    const { rerender } = world.render(<Connected enabled={false} />)
    expect(world.client.snapshot.status).toBe('idle')
    for (let flip = 1; flip <= 51; flip++) rerender(<Connected enabled={flip % 2 === 1} />)
    linger(60_000)
    await world.pass()
    expect(world.client.snapshot.status).toBe('connected')
    for (let flip = 1; flip <= 51; flip++) rerender(<Connected enabled={flip % 2 === 0} />)
    linger(LINGER_MS)
    expect(world.client.snapshot.status).toBe('idle')
    expect(world.network.stats.dials).toBe(1)
  })

  it('lasts until the last linger is over, whoever let go last', async () => {
    const world = new ReactWorld()
    const patient = <Connected key="patient" lingerMs={60_000} />
    const { rerender } = world.render([patient, <Connected key="hasty" lingerMs={0} />])
    await world.pass()
    rerender([<Connected key="hasty" lingerMs={0} />])
    linger(10_000)
    rerender([])
    linger(49_999)
    expect(world.client.snapshot.status).toBe('connected')
    linger(1)
    expect(world.client.snapshot.status).toBe('idle')
  })

  it('goes by the linger of the latest render, even of one that waited for ever', async () => {
    const world = new ReactWorld()
    const { rerender } = world.render(<Connected lingerMs={Infinity} />)
    await world.pass()
    rerender(<Connected lingerMs={100} />)
    rerender([])
    linger(100)
    expect(world.client.snapshot.status).toBe('idle')
  })

  it('goes by the linger of the render that says it is not enabled any more', async () => {
    const world = new ReactWorld()
    const { rerender } = world.render(<Connected lingerMs={Infinity} />)
    await world.pass()
    rerender(<Connected enabled={false} lingerMs={10} />)
    linger(9)
    expect(world.client.snapshot.status).toBe('connected')
    linger(1)
    expect(world.client.snapshot.status).toBe('idle')
  })

  it('keeps for ever what waits longer than a timer can', async () => {
    const world = new ReactWorld()
    const { rerender } = world.render(<Connected lingerMs={2_147_483_648} />)
    await world.pass()
    rerender([])
    linger(1_000)
    expect(vi.getTimerCount()).toBe(0)
    expect(world.client.snapshot.status).toBe('connected')
  })

  it.each([-1, Number.NaN, '5'])('refuses a linger of %s, and names the field', (lingerMs) => {
    const world = new ReactWorld()
    let told: unknown
    function Wrong() {
      try {
        useConnect(true, { lingerMs: lingerMs as number })
      } catch (error) {
        told = error
      }
      return null
    }
    world.render(<Wrong />)
    expect(told).toMatchObject({ code: 'config_invalid', field: 'lingerMs' })
    expect(world.client.snapshot.status).toBe('idle')
  })

  it('leaves no timer behind once every linger is over', async () => {
    const world = new ReactWorld()
    const { rerender } = world.render(<Connected />)
    for (let flip = 0; flip < 100; flip++) rerender(<Connected enabled={flip % 2 === 0} />)
    rerender([])
    linger(LINGER_MS)
    expect(vi.getTimerCount()).toBe(0)
    expect(world.client.snapshot.status).toBe('idle')
  })

  it('lingers as long as it is told, for ever included', async () => {
    const world = new ReactWorld()
    const { rerender } = world.render(<Connected lingerMs={10} />)
    await world.pass()
    rerender([])
    linger(10)
    expect(world.client.snapshot.status).toBe('idle')
    rerender(<Connected lingerMs={Infinity} />)
    await world.pass()
    rerender([])
    linger(1_000_000)
    expect(world.client.snapshot.status).toBe('connected')
  })

  it('does not let go of a connection that was there before', async () => {
    const world = new ReactWorld()
    await world.connect()
    const { unmount } = world.render(<Connected />)
    unmount()
    linger(LINGER_MS)
    expect(world.client.snapshot.status).toBe('connected')
  })

  it('leaves a connection closed that a person disconnected, until the next page', async () => {
    const world = new ReactWorld()
    const { rerender } = world.render(<Connected />)
    await world.pass()
    await act(() => world.client.disconnect())
    rerender(<Connected />)
    await world.pass(10_000)
    expect(world.client.snapshot.status).toBe('idle')
    rerender([])
    linger(LINGER_MS)
    rerender(<Connected />)
    await world.pass()
    expect(world.client.snapshot.status).toBe('connected')
  })
})

describe('a provider with options', () => {
  type Options = ClientOptions<typeof reactContract>
  const optionsIn = (world: ReactWorld): Options => ({
    url: world.server.url,
    transports: [world.network.transport()],
  })

  function App({ onClient }: { onClient?: (client: Client<typeof reactContract>) => void }) {
    useConnect()
    onClient?.(useClient())
    return null
  }

  it('makes one client and one socket in StrictMode, and closes it after it is gone', async () => {
    const world = new ReactWorld()
    const options = optionsIn(world)
    const clients = new Set<Client<typeof reactContract>>()
    const { unmount } = render(
      <StrictMode>
        <SurewireProvider options={options}>
          <App onClient={(client) => clients.add(client)} />
        </SurewireProvider>
      </StrictMode>,
    )
    linger(0)
    await world.pass(10)
    linger(0)
    const [client] = clients
    expect(clients.size).toBe(1)
    expect(world.network.stats.dials).toBe(1)
    unmount()
    linger(0)
    await world.pass(2_000)
    expect(client?.snapshot.status).toBe('closed')
    linger(60_000)
    expect(world.network.stats.dials).toBe(1)
  })

  it('makes one client of options written inline, however often it renders', async () => {
    const world = new ReactWorld()
    const clients = new Set<Client<typeof reactContract>>()
    let renderAgain = (): void => undefined
    function Page() {
      const [count, setCount] = useState(0)
      renderAgain = () => setCount(count + 1)
      return (
        <SurewireProvider options={optionsIn(world)}>
          <App onClient={(client) => clients.add(client)} />
        </SurewireProvider>
      )
    }
    render(
      <StrictMode>
        <Page />
      </StrictMode>,
    )
    for (let again = 0; again < 10; again++) act(() => renderAgain())
    linger(60_000)
    await world.pass(10)
    expect(clients.size).toBe(1)
    expect(world.network.stats.dials).toBe(1)
  })

  it('finds the same client again when it is mounted anew at once, as by a hot reload', async () => {
    const world = new ReactWorld()
    const options = optionsIn(world)
    const clients = new Set<Client<typeof reactContract>>()
    const page = (key: string) => (
      <SurewireProvider key={key} options={options}>
        <App onClient={(client) => clients.add(client)} />
      </SurewireProvider>
    )
    const { rerender } = render(page('before'))
    await world.pass(10)
    rerender(page('after'))
    linger(60_000)
    await world.pass(10)
    expect(clients.size).toBe(1)
    expect(world.network.stats.dials).toBe(1)
    expect([...clients][0]?.snapshot.status).toBe('connected')
  })

  it('makes another client when it comes back after its client was closed', async () => {
    const world = new ReactWorld()
    const options = optionsIn(world)
    const heard: number[] = []
    function News() {
      useConnect()
      useMessage('news', (item) => void heard.push(item))
      return null
    }
    const page = (
      <SurewireProvider options={options}>
        <News />
      </SurewireProvider>
    )
    const { rerender } = render(page)
    await world.pass(10)
    rerender(<p />)
    linger(LINGER_MS)
    await world.pass(2_000)
    rerender(page)
    await world.pass(10)
    await world.server.toAll().send('news', 7)
    await world.pass(10)
    expect(heard).toEqual([7])
    expect(world.network.stats.dials).toBe(2)
  })
})
