import { act } from '@testing-library/react'
import { StrictMode } from 'react'
import { describe, expect, it } from 'vitest'
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
})
