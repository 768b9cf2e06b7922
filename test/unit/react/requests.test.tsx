import { act } from '@testing-library/react'
import { StrictMode, Suspense, useEffect } from 'react'
import { describe, expect, it, vi } from 'vitest'
import { type UseRequest, useRequest } from '../../../src/react/index.js'
import { ReactWorld } from '../../support/react-world.js'

let request: UseRequest<number, number>

function Doubler({ timeoutMs }: { timeoutMs?: number }) {
  request = useRequest('double', timeoutMs === undefined ? {} : { timeoutMs })
  const { pending, data, error } = request
  return <output>{`${pending ? 'pending' : 'done'} ${data} ${String(error?.message)}`}</output>
}

async function build() {
  const world = new ReactWorld()
  await world.connect()
  const rendered = world.render(<Doubler />)
  return { world, ...rendered, text: () => rendered.container.textContent }
}

describe('useRequest', () => {
  it('goes from pending to the reply, and keeps it while the next is on its way', async () => {
    const { world, text } = await build()
    expect(text()).toBe('done undefined undefined')
    act(() => void request.run(2))
    expect(text()).toBe('pending undefined undefined')
    await world.pass()
    expect(text()).toBe('done 4 undefined')
    act(() => void request.run(3))
    expect(text()).toBe('pending 4 undefined')
    await world.pass()
    expect(text()).toBe('done 6 undefined')
  })

  it('gives the reply to who awaits it', async () => {
    const { world } = await build()
    let reply: Promise<number> | undefined
    act(() => {
      reply = request.run(5)
    })
    await world.pass()
    expect(await reply).toBe(10)
  })

  it('shows why it failed until it is run again, and raises no unhandled rejection', async () => {
    const { world, text } = await build()
    world.network.links()[0]?.cut()
    world.network.refuse()
    act(() => void request.run(2))
    await world.pass(60_000)
    expect(request.error).toMatchObject({ code: 'timeout' })
    expect(request.pending).toBe(false)
    world.network.heal()
    act(() => void request.run(2))
    expect(request.error).toBe(null)
    await world.pass(60_000)
    expect(text()).toBe('done 4 undefined')
  })

  it('counts the latest only, and aborts the one before', async () => {
    const { world, text } = await build()
    let first: Promise<unknown> | undefined
    act(() => {
      first = request.run(1).catch((error: unknown) => error)
    })
    act(() => void request.run(2))
    await world.pass()
    expect(text()).toBe('done 4 undefined')
    expect(await first).toMatchObject({ code: 'aborted' })
  })

  it('gives up on abort, without an error', async () => {
    const { world, text } = await build()
    act(() => void request.run(1))
    act(() => request.abort())
    expect(text()).toBe('done undefined undefined')
    await world.pass(1_000)
    expect(text()).toBe('done undefined undefined')
  })

  it('aborts when its component goes', async () => {
    const { world, unmount } = await build()
    let end: Promise<unknown> | undefined
    act(() => {
      end = request.run(1).catch((error: unknown) => error)
    })
    unmount()
    expect(await end).toMatchObject({ code: 'aborted' })
    await world.pass(1_000)
  })

  it('asks nothing after its component is gone: it rejects as aborted, and sets no state', async () => {
    const { world, unmount } = await build()
    const { run, abort } = request
    unmount()
    const sent = world.client.stats().messagesSent
    expect(await run(1).catch((error: unknown) => error)).toMatchObject({ code: 'aborted' })
    abort()
    await world.pass(1_000)
    expect(world.client.stats().messagesSent).toBe(sent)
  })

  it('begins anew with another client: the old request is aborted, its state gone', async () => {
    const { world, text, rerender } = await build()
    act(() => void request.run(2))
    await world.pass()
    const old = request
    let end: Promise<unknown> | undefined
    act(() => {
      end = request.run(3).catch((error: unknown) => error)
    })
    expect(text()).toBe('pending 4 undefined')
    const first = world.client
    Object.assign(world, { client: world.makeClient() })
    rerender(<Doubler />)
    expect(text()).toBe('done undefined undefined')
    expect(await end).toMatchObject({ code: 'aborted' })
    await world.connect()
    act(() => void request.run(5))
    expect(await old.run(6).catch((error: unknown) => error)).toMatchObject({ code: 'aborted' })
    await world.pass()
    expect(text()).toBe('done 10 undefined')
    Object.assign(world, { client: first })
    rerender(<Doubler />)
    expect(text()).toBe('done undefined undefined')
  })

  it('begins anew with another type', async () => {
    const world = new ReactWorld()
    world.server.onRequest('half', (data) => data / 2)
    await world.connect()
    function Either({ type }: { type: 'double' | 'half' }) {
      request = useRequest(type)
      return <output>{`${request.pending} ${request.data}`}</output>
    }
    const { container, rerender } = world.render(<Either type="double" />)
    act(() => void request.run(2))
    await world.pass()
    expect(container.textContent).toBe('false 4')
    rerender(<Either type="half" />)
    expect(container.textContent).toBe('false undefined')
    act(() => void request.run(2))
    await world.pass()
    expect(container.textContent).toBe('false 1')
    rerender(<Either type="double" />)
    expect(container.textContent).toBe('false undefined')
  })

  it('may be run by an effect of a child, in StrictMode too', async () => {
    const world = new ReactWorld()
    await world.connect()
    function Child({ run }: { run: (data: number) => Promise<number> }) {
      useEffect(() => void run(8), [run])
      return null
    }
    function Parent() {
      const { data, run } = useRequest('double')
      return (
        <>
          <Child run={run} />
          {data}
        </>
      )
    }
    const { container } = world.render(<Parent />, { strict: true })
    await world.pass()
    expect(container.textContent).toBe('16')
  })

  it('works in StrictMode, and with a deadline of its own', async () => {
    const world = new ReactWorld()
    const { container } = world.render(
      <StrictMode>
        <Doubler timeoutMs={1_000} />
      </StrictMode>,
    )
    act(() => void request.run(1))
    await world.pass(1_001)
    expect(request.error).toMatchObject({ code: 'timeout' })
    await world.connect()
    act(() => void request.run(4))
    await world.pass()
    expect(container.textContent).toBe('done 8 undefined')
  })

  describe('in a tree that suspends', () => {
    const never = new Promise<void>(() => undefined)
    function Late({ isLate }: { isLate: boolean }) {
      // How React 18 suspends too.
      // oxlint-disable-next-line typescript/only-throw-error
      if (isLate) throw never
      return null
    }
    const tree = (isLate: boolean) => (
      <Suspense fallback="loading">
        <Doubler />
        <Late isLate={isLate} />
      </Suspense>
    )

    it('aborts when the tree goes before it is back', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      const world = new ReactWorld()
      await world.connect()
      const { rerender, container } = world.render(tree(false))
      let end: unknown
      act(() => void request.run(1).catch((error: unknown) => (end = error)))
      rerender(tree(true))
      act(() => void vi.advanceTimersByTime(1_000))
      expect(container.textContent).toContain('loading')
      rerender(null)
      act(() => void vi.advanceTimersByTime(0))
      await act(() => Promise.resolve())
      expect(end).toMatchObject({ code: 'aborted' })
      expect(vi.getTimerCount()).toBe(0)
    })

    it('gets its answer when the tree is back, in StrictMode too', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      const world = new ReactWorld()
      await world.connect()
      const { rerender, container } = world.render(tree(false), { strict: true })
      act(() => void request.run(1))
      rerender(<StrictMode>{tree(true)}</StrictMode>)
      act(() => void vi.advanceTimersByTime(1_000))
      await world.pass()
      rerender(<StrictMode>{tree(false)}</StrictMode>)
      act(() => void vi.advanceTimersByTime(1_000))
      expect(container.textContent).toBe('done 2 undefined')
    })
  })
})
