import { act, fireEvent } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ConnectionStatus, type ConnectionStatusProps } from '../../../src/react/index.js'
import { ReactWorld } from '../../support/react-world.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
})

/** The longest wait before a retry, without jitter, so that a countdown is known. */
const WAIT_MS = 10_000

function build(props: ConnectionStatusProps = {}, options: Parameters<ReactWorld['makeClient']>[0] = {}) {
  const world = new ReactWorld()
  const reconnect = { initialDelayMs: WAIT_MS, jitter: 'none' } as const
  Object.assign(world, { client: world.makeClient({ reconnect, ...options }) })
  vi.setSystemTime(world.network.clock.wall())
  const rendered = world.render(<ConnectionStatus {...props} />)
  const press = async (name: string) => {
    fireEvent.click(rendered.getByRole('button', { name }))
    await world.pass()
  }
  return { world, press, ...rendered }
}

/** Both clocks: the client's and the browser's. */
async function passOnBoth(world: ReactWorld, ms: number) {
  await world.pass(ms)
  act(() => void vi.advanceTimersByTime(ms))
}

describe('<ConnectionStatus/>', () => {
  it('connects and disconnects', async () => {
    const { world, press, getByRole } = build()
    expect(getByRole('status').textContent).toBe('Disconnected')
    await press('Connect')
    expect(world.client.snapshot.status).toBe('connected')
    expect(getByRole('status').textContent).toBe('Connected')
    expect(getByRole('button', { name: 'Connect' }).getAttribute('aria-disabled')).toBe('true')
    expect(getByRole('button', { name: 'Disconnect' }).getAttribute('aria-disabled')).toBe('false')
    await press('Disconnect')
    expect(world.client.snapshot.status).toBe('idle')
    expect(getByRole('status').textContent).toBe('Disconnected')
  })

  it('does nothing when a button is pressed that is off', async () => {
    const { world, press } = build()
    const connect = vi.spyOn(world.client, 'connect')
    const disconnect = vi.spyOn(world.client, 'disconnect')
    await press('Disconnect')
    expect(disconnect).not.toHaveBeenCalled()
    await press('Connect')
    await press('Connect')
    expect(connect).toHaveBeenCalledTimes(1)
    await press('Disconnect')
    await press('Disconnect')
    expect(disconnect).toHaveBeenCalledTimes(1)
  })

  it('counts the seconds to the next attempt, and retries at once when asked', async () => {
    const { world, press, getByRole, queryByRole } = build()
    await press('Connect')
    world.network.refuse()
    act(() => world.network.links()[0]?.cut())
    await world.pass()
    expect(getByRole('status').textContent).toBe('Reconnecting')
    expect(getByRole('timer').textContent).toBe('next attempt in 10 s')
    await passOnBoth(world, 1_000)
    expect(getByRole('timer').textContent).toBe('next attempt in 9 s')
    await passOnBoth(world, 3_500)
    expect(getByRole('timer').textContent).toBe('next attempt in 6 s')
    world.network.heal()
    await press('Retry now')
    expect(world.client.snapshot.status).toBe('connected')
    expect(queryByRole('timer')).toBe(null)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('can be told to stop retrying', async () => {
    const { world, press, getByRole } = build()
    world.network.refuse()
    await press('Connect')
    await press('Disconnect')
    expect(getByRole('status').textContent).toBe('Disconnected')
    await passOnBoth(world, 60_000)
    expect(world.network.stats.dials).toBe(1)
  })

  it('says how many messages wait', async () => {
    const { world, container } = build()
    world.server.on('note', () => undefined)
    act(() => {
      for (let index = 0; index < 3; index++) void world.client.send('note', index)
    })
    await world.pass()
    expect(container.textContent).toContain('3 waiting')
    await world.connect()
    expect(container.textContent).not.toContain('waiting')
  })

  it('offers nothing after close(), which is final', async () => {
    const { world, getByRole, queryByRole, container } = build()
    await act(() => world.client.close())
    expect(getByRole('status').textContent).toBe('Closed')
    expect(queryByRole('button')).toBe(null)
    expect(container.firstElementChild?.getAttribute('data-status')).toBe('closed')
  })

  it('tells everybody why the connection ended by itself, and connects again', async () => {
    const { world, press, getByRole } = build({}, { reconnect: false })
    world.network.refuse()
    await press('Connect')
    const { error } = world.client.snapshot
    expect(getByRole('status').textContent).toBe(`Closed: ${error?.message}`)
    world.network.heal()
    await press('Connect')
    expect(getByRole('status').textContent).toBe('Connected')
  })

  it('says the reason in other words', async () => {
    const labels = { closed: 'Ende', reason: ({ code }: { code: string }) => `[${code}]` }
    const { world, press, getByRole } = build({ labels }, { reconnect: false })
    world.network.refuse()
    await press('Connect')
    expect(getByRole('status').textContent).toBe(`Ende: [${world.client.snapshot.error?.code}]`)
  })

  it('keeps the focus on the button that was pressed, whatever it says then', async () => {
    const { world, press, getByRole } = build()
    world.network.refuse()
    const [connect, disconnect] = ['Connect', 'Disconnect'].map((name) => getByRole('button', { name }))
    connect?.focus()
    await press('Connect')
    expect(connect?.textContent).toBe('Retry now')
    world.network.heal()
    await press('Retry now')
    expect(connect?.textContent).toBe('Connect')
    expect(document.activeElement).toBe(connect)
    disconnect?.focus()
    await press('Disconnect')
    expect(document.activeElement).toBe(disconnect)
  })

  it('does not render while messages are under way', async () => {
    const renders = vi.fn<(seconds: number) => string>(() => '')
    const { world } = build({
      labels: {
        get connected() {
          renders(0)
          return 'Connected'
        },
      },
    })
    world.server.on('note', () => undefined)
    world.network.set({ latencyMs: 20 })
    await world.connect()
    await world.pass(100)
    renders.mockClear()
    const changes = { queued: 0, inFlight: 0 }
    let last = world.client.snapshot
    world.client.subscribe(() => {
      const { queued, inFlight } = world.client.snapshot
      if (queued !== last.queued) changes.queued++
      if (inFlight !== last.inFlight) changes.inFlight++
      last = world.client.snapshot
    })
    for (let index = 0; index < 1_000; index++) {
      void world.client.send('note', index)
      if (index % 100 === 99) await world.pass(50)
    }
    expect(changes.inFlight).toBeGreaterThan(changes.queued)
    expect(renders.mock.calls.length).toBeLessThanOrEqual(changes.queued)
  })

  it('lets screen readers hear the status, and neither the seconds nor the dot', async () => {
    const { world, press, getByRole, container } = build()
    world.network.refuse()
    await press('Connect')
    const live = container.querySelectorAll('[aria-live]')
    expect([...live]).toEqual([getByRole('status')])
    expect(live[0]?.getAttribute('aria-live')).toBe('polite')
    expect(getByRole('status').contains(getByRole('timer'))).toBe(false)
    expect(container.querySelector('[aria-hidden=true]')?.textContent).toBe('●')
  })

  it('takes other words, a class of the page, and its look from CSS variables alone', async () => {
    const { container, getByRole } = build({
      className: 'mine',
      labels: { idle: 'Getrennt', connect: 'Verbinden' },
    })
    expect(getByRole('status').textContent).toBe('Getrennt')
    expect(getByRole('button', { name: 'Verbinden' }).textContent).toBe('Verbinden')
    expect(container.firstElementChild?.className).toBe('mine')
    const styles = [...container.querySelectorAll('[style]')].map((element) => element.getAttribute('style'))
    expect(styles.join()).not.toMatch(/#[0-9a-f]{3}|rgb|\d(px|rem)/)
  })
})
