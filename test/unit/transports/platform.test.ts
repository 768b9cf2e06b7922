import { expect, it, vi } from 'vitest'

vi.mock('#platform', () => import('../../../src/transports/platform.web.js'))

const { webSocket } = await import('../../../src/transports/websocket.js')
const { ConfigError } = await import('../../../src/protocol/errors.js')

const ignore = (): void => undefined

/** A class that behaves like `ws`, where the platform can't know it. */
class NodeLikeSocket {
  readyState = 0
  terminate(): void {}
  on(): void {}
  addEventListener(): void {}
  close(): void {}
}

it('a browser refuses headers, whatever class is given: it has nothing that could send them', async () => {
  const failed = await new Promise<Error>((resolve) => {
    webSocket({ WebSocket: NodeLikeSocket, headers: { a: 'b' } }).open(
      { url: 'ws://example.test/', protocols: [] },
      { opened: ignore, received: ignore, closed: ignore, failed: resolve },
    )
  })
  expect(failed).toBeInstanceOf(ConfigError)
  expect(failed).toMatchObject({ field: 'headers' })
})

it('a platform without a WebSocket of its own asks for one', async () => {
  vi.stubGlobal('WebSocket', undefined)
  const failed = await new Promise<Error>((resolve) => {
    webSocket().open(
      { url: 'ws://example.test/', protocols: [] },
      { opened: ignore, received: ignore, closed: ignore, failed: resolve },
    )
  })
  vi.unstubAllGlobals()
  expect(failed).toMatchObject({ name: 'ConfigError', field: 'WebSocket' })
})
