/** As on a server: nothing of a browser, and the page hydrated afterwards. */
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { act } from '@testing-library/react'
import type { ReactElement } from 'react'
import { hydrateRoot } from 'react-dom/client'
import { type PipeableStream, renderToPipeableStream, renderToString } from 'react-dom/server'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { collectGarbage } from '../../support/collect-garbage.js'
import { Page } from '../../support/react-page.js'
import { ReactWorld } from '../../support/react-world.js'

function stream(element: ReactElement): Promise<string> {
  return new Promise((resolve, reject) => {
    const result: PipeableStream = renderToPipeableStream(element, {
      onShellReady: () => resolve(text(result.pipe(new PassThrough()))),
      onError: reject,
    })
  })
}

/** A server's copy of the page, for React lets a context be rendered in one place only. */
function onServer() {
  vi.resetModules()
  return import('../../support/react-page.js')
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('rendering on a server', () => {
  it('streams a page that suspends, without a WebSocket in sight', async () => {
    for (const name of ['WebSocket', 'window', 'document']) vi.stubGlobal(name, undefined)
    const open = vi.fn<() => never>(() => {
      throw new Error('no sockets on servers')
    })
    const server = await onServer()
    const options = { url: 'wss://example.com/ws', transports: [{ name: 'none', open }] }
    const html = await stream(<server.LatePage options={options} />)
    expect(html).toContain('loading')
    expect(html).toContain('idle out 0 false')
    expect(html).toContain('role="status"')
    expect(open).not.toHaveBeenCalled()
  })

  it('leaves nothing behind, however many pages are rendered, for however many rooms', async () => {
    const server = await onServer()
    const world = new ReactWorld()
    const before = process.listenerCount('SIGTERM')
    const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const grown: number[] = []
    const rooms: WeakRef<object>[] = []
    const room = world.client.room.bind(world.client)
    Object.assign(world.client, {
      room: (id: string) => {
        const looked = room(id)
        rooms.push(new WeakRef(looked))
        return looked
      },
    })
    for (let round = 0; round < 3; round++) {
      for (let page = 0; page < 500; page++) {
        const options = { url: 'wss://example.com/ws', closeOnSignals: true }
        renderToString(<server.Page options={options} />)
        renderToString(<server.Page client={world.client} room={`room ${round} ${page}`} />)
      }
      grown.push(process.listenerCount('SIGTERM') - before)
    }
    expect(grown).toEqual([0, 0, 0])
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length).toBe(timers)
    await collectGarbage()
    expect(rooms.length).toBeGreaterThanOrEqual(1_500)
    // React itself may hold the last.
    expect(rooms.filter((looked) => looked.deref() !== undefined).length).toBeLessThan(20)
  })

  it('shows nobody what the client of another request knows: a shared client looks idle', async () => {
    const world = new ReactWorld()
    await world.connect()
    void world.client.room('a').join({ presence: {} })
    await world.pass()
    expect(world.client.room('a').snapshot.members).toBe(1)
    const server = await onServer()
    expect(renderToString(<server.Page client={world.client} />)).toContain('idle out 0 false')
  })

  it('hydrates without a mismatch, then shows how things are', async () => {
    const world = new ReactWorld()
    const server = await onServer()
    const container = document.createElement('div')
    container.innerHTML = renderToString(<server.Page client={world.client} />)
    document.body.append(container)
    await world.connect()
    const onRecoverableError = vi.fn<(error: unknown) => void>()
    const root = await act(async () =>
      hydrateRoot(container, <Page client={world.client} />, { onRecoverableError }),
    )
    await world.pass(10)
    expect(container.textContent).toContain('connected joined 0 false')
    expect(onRecoverableError).not.toHaveBeenCalled()
    act(() => root.unmount())
  })
})
