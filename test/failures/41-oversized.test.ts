import { describe, expect, it } from 'vitest'
import { createClient, webSocket } from '../../src/index.js'
import { FrameType } from '../../src/protocol/frames.js'
import { cleaning } from '../support/cleaning.js'
import { entry } from '../support/fake-server-frames.js'
import { until } from '../support/ledger.js'
import { inMemory } from '../support/memory.js'
import { scriptedServer } from '../support/scripted-server.js'

/** What the proxy on the way takes; the server knows nothing of it. */
const PROXY_TAKES = 3_000

describe('41: a message is too large for the other side, or for something on the way', () => {
  const later = cleaning()

  it('up: the one that a 1009 follows is refused by name, all others are accepted, and there is no loop', async () => {
    const got: unknown[] = []
    const server = await scriptedServer({
      received: (peer, frames, bytes) => {
        if (bytes > PROXY_TAKES) return peer.socket.close(1009, 'too big')
        for (const frame of frames) if (frame[0] === FrameType.SEND) got.push(frame[4])
        peer.acceptAll()
      },
    })
    later(() => server.close())
    const client = createClient({ url: server.url, reconnect: { initialDelayMs: 5, maxDelayMs: 5 } })
    later(() => client.close({ drainMs: 0 }))
    const large = 'x'.repeat(PROXY_TAKES)
    const receipts = ['a', 'b', large, 'c', 'd', large, 'e'].map((data) => client.send('note', data))
    void client.connect()
    let ends: string[] = []
    void Promise.all(receipts.map(({ settled }) => settled)).then((all) => {
      ends = all.map(({ outcome, code }) => (code === null ? outcome : `${outcome}: ${code}`))
    })
    await until('every receipt is settled', () => ends.length > 0, 3_000)
    const refused = 'rejected: too_large'
    expect(ends).toEqual(['accepted', 'accepted', refused, 'accepted', 'accepted', refused, 'accepted'])
    expect(got.filter((data) => data !== large)).toEqual(['a', 'b', 'c', 'd', 'e'])
    // One close for all of them together, then one for each of the two.
    expect(server.peers.length).toBeLessThanOrEqual(4)
    expect(client.snapshot.status).toBe('connected')
  })

  it('up: what the server says it does not take is never written', async () => {
    const memory = inMemory({ limits: { maxFrameBytes: 10_000 } })
    memory.server.on('note', () => undefined)
    const client = memory.client()
    void client.connect()
    await memory.pass(10)
    const large = client.send('note', 'x'.repeat(10_000))
    const small = client.send('note', 'x')
    await memory.pass(10)
    expect(await large.settled).toMatchObject({ outcome: 'rejected', code: 'too_large' })
    expect(small.state).toBe('accepted')
    expect(client.stats()).toMatchObject({ reconnects: 0, messagesSent: 1 })
  })

  it('down: a client that is sent more than it takes starts afresh once, then gives up', async () => {
    const server = await scriptedServer({
      welcomed: (peer) => peer.send(entry('user/user-1', 1, 'x'.repeat(100_000))),
    })
    later(() => server.close())
    const client = createClient({
      url: server.url,
      transports: [webSocket({ maxMessageBytes: 50_000 })],
      reconnect: { initialDelayMs: 1, maxDelayMs: 1 },
    })
    later(() => client.close({ drainMs: 0 }))
    const seen: unknown[] = []
    client.on('said', (data) => void seen.push(data))
    void client.connect()
    await until('the client gives up', () => client.snapshot.status === 'closed', 2_000)
    expect(server.peers).toHaveLength(2)
    expect(client.snapshot.error?.name).toBe('ProtocolError')
    expect(seen).toEqual([])
  })

  it('down: our server names a gap in place of an entry that its client does not take, and goes on', () => {
    const { server, raw, clock } = inMemory()
    const client = raw()
    client.hello({ maxFrame: 5_000 })
    client.send([FrameType.JOIN, 1, 'lobby'])
    for (const data of ['a', 'x'.repeat(6_000), 'b']) void server.toRoom('lobby').send('n', data)
    clock.advance(10)
    expect(client.all(FrameType.ENTRY).map((frame) => [frame[2], frame[4]])).toEqual([
      [1, 'a'],
      [3, 'b'],
    ])
    expect(client.all(FrameType.GAP)).toMatchObject([
      [FrameType.GAP, 'room/lobby', expect.any(String), 2, 2, 'too_large'],
    ])
    expect(client.ended).toBe(null)
  })
})
