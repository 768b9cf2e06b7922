import { describe, expect, it, vi } from 'vitest'
import type { Client } from '../../../src/client/types.js'
import { toEventTarget } from '../../../src/vanilla/index.js'
import { createTestServer } from '../../../src/testing/server.js'
import { createTestClient } from '../../../src/testing/client.js'
import { createTestNetwork } from '../../../src/testing/network.js'
import { manualClock } from '../../../src/testing/manual-clock.js'

function world() {
  const clock = manualClock()
  const network = createTestNetwork({ clock })
  const server = createTestServer({ network })
  const client: Client = createTestClient({ network, url: server.url })
  return { clock, network, server, client, target: toEventTarget(client) }
}

describe('toEventTarget', () => {
  it('tells lifecycle events, with what a listener of the client would get', async () => {
    const { clock, client, target } = world()
    const told: unknown[] = []
    target.addEventListener('status', ({ detail }) => {
      told.push([detail.status, detail.previous, detail.cause.code])
    })
    target.addEventListener('open', ({ detail }) => told.push(detail.resumed))
    const plain: unknown[] = []
    client.lifecycle.on('status', (status, previous, cause) => plain.push([status, previous, cause.code]))
    void client.connect()
    await clock.advanceAsync(100)
    expect(told).toEqual([plain[0], plain[1], false])
    expect(told[1]).toEqual(['connected', 'connecting', expect.any(String)])
  })

  it('tells messages by their type, once however many listen', async () => {
    const { clock, server, client, target } = world()
    const on = vi.spyOn(client, 'on')
    const first = vi.fn<(data: unknown) => void>()
    const second = vi.fn<(data: unknown) => void>()
    target.addEventListener('message:chat', ({ detail }) => first([detail.type, detail.data]))
    target.addEventListener('message:chat', ({ detail }) => second(detail.data))
    expect(on).toHaveBeenCalledTimes(1)
    void client.connect()
    await clock.advanceAsync(100)
    void server.toAll().send('chat', 'hello')
    await clock.advanceAsync(100)
    expect(first.mock.calls).toEqual([[['chat', 'hello']]])
    expect(second.mock.calls).toEqual([['hello']])
  })

  it('obeys the options of the platform and removeEventListener', () => {
    const { client, target } = world()
    const once = vi.fn<() => void>()
    const removed = vi.fn<() => void>()
    const aborted = vi.fn<() => void>()
    const controller = new AbortController()
    target.addEventListener('status', once, { once: true })
    target.addEventListener('status', removed)
    target.addEventListener('status', aborted, { signal: controller.signal })
    target.removeEventListener('status', removed)
    controller.abort()
    void client.connect()
    void client.disconnect()
    expect([once, removed, aborted].map(({ mock }) => mock.calls.length)).toEqual([1, 0, 0])
  })

  it('asks the client for nothing that nobody listens to', () => {
    const { client } = world()
    const on = vi.spyOn(client.lifecycle, 'on')
    const target = toEventTarget(client)
    expect(on).not.toHaveBeenCalled()
    target.addEventListener('gap', () => undefined)
    target.addEventListener('gap', () => undefined)
    expect(on.mock.calls.map(([event]) => event)).toEqual(['gap'])
  })
})
