/** <Activity>: a tree that is hidden keeps its state and has no effects. React 18 has none: vitest.config.ts. */
import { act } from '@testing-library/react'
import * as React from 'react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useConnect, useConnection, useMessage, useRequest, useRoom } from '../../../src/react/index.js'
import { ReactWorld } from '../../support/react-world.js'

const { Activity } = React

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})

describe('a tree that is hidden', () => {
  it('lets go of connection and room, hears nothing, and has all of it back when it is shown again', async () => {
    const world = new ReactWorld()
    const heard: number[] = []
    let ask = (): void => undefined
    function Page() {
      useConnect(true, { lingerMs: 10 })
      const status = useConnection((connection) => connection.status)
      const { status: room } = useRoom('a')
      useMessage('news', (item) => void heard.push(item))
      const { run, data } = useRequest('double')
      ask = () => void run(2)
      return <output>{`${status} ${room} ${data}`}</output>
    }
    const page = (mode: 'visible' | 'hidden') => (
      <Activity mode={mode}>
        <Page />
      </Activity>
    )
    const { container, rerender } = world.render(page('visible'))
    await world.pass(1)
    act(() => ask())
    await world.pass(1)
    expect(container.textContent).toBe('connected joined 4')
    rerender(page('hidden'))
    await world.server.toAll().send('news', 1)
    await world.pass(1)
    act(() => void vi.advanceTimersByTime(10))
    expect(world.client.snapshot.status).toBe('idle')
    expect(world.client.room('a').snapshot.status).toBe('out')
    rerender(page('visible'))
    await world.pass(1)
    await world.server.toAll().send('news', 2)
    await world.pass(1)
    expect(container.textContent).toBe('connected joined 4')
    expect(heard).toEqual([2])
  })

  it('still gets the answer to what it asked before', async () => {
    const world = new ReactWorld()
    await world.connect()
    let ask = (): void => undefined
    function Asker() {
      const { run, data } = useRequest('double')
      ask = () => void run(2)
      return <output>{String(data)}</output>
    }
    const page = (mode: 'visible' | 'hidden') => (
      <Activity mode={mode}>
        <Asker />
      </Activity>
    )
    const { container, rerender } = world.render(page('visible'))
    act(() => ask())
    rerender(page('hidden'))
    act(() => void vi.advanceTimersByTime(1_000))
    await world.pass()
    rerender(page('visible'))
    expect(container.textContent).toBe('4')
  })
})
