import { expect, it, vi } from 'vitest'
import { FakeSocket, rig } from './fake-socket.js'

const platform = vi.hoisted(() => ({ WebSocket: undefined as unknown }))
vi.mock('#platform', () => ({ defaultWebSocket: () => platform.WebSocket, extras: null }))

it('says what is missing on a platform without a WebSocket, and takes one that comes later', async () => {
  const { log, clock, dialled } = rig({ WebSocket: undefined as never, minReconnectionDelay: 100 })
  await clock.advanceAsync(0)
  expect(log[0]).toBe('error this platform has no WebSocket; pass one @0')
  platform.WebSocket = FakeSocket
  await clock.advanceAsync(100)
  expect((await dialled()).url).toBe('ws://host/path')
})
