import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { webSocket } from '../../src/index.js'
import { until } from '../support/ledger.js'
import { throughProxy } from '../support/through-proxy.js'

const sockets: WebSocket[] = []

class WatchedWebSocket extends WebSocket {
  constructor(...all: ConstructorParameters<typeof WebSocket>) {
    super(...all)
    sockets.push(this)
  }
}

describe('13: a closing handshake that is never answered, for which browsers wait a minute', () => {
  it('holds up nothing: the next connection is there at once, and the old socket is cut soon', async () => {
    const { client, proxy, anotherProxy } = await throughProxy(0, {
      client: {
        transports: [webSocket({ WebSocket: WatchedWebSocket })],
        heartbeat: { intervalMs: 60_000, timeoutMs: 60_000 },
      },
    })
    const other = await anotherProxy()
    const codes: number[] = []
    client.lifecycle.on('close', ({ code }) => codes.push(code))
    proxy.blackhole()

    const start = performance.now()
    client.update({ url: other.url })
    expect(client.snapshot.status).toBe('reconnecting')
    expect(codes).toEqual([4001])
    await client.connect()
    expect(performance.now() - start).toBeLessThan(1_000)
    expect(client.snapshot.session).toMatchObject({ resumed: true })
    expect((await client.send('warm-up', null)).outcome).toBe('accepted')

    const [old] = sockets
    expect(old?.readyState).toBe(WebSocket.CLOSING)
    await until('the old socket is cut', () => old?.readyState === WebSocket.CLOSED, 3_000)
  })
})
