import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createClient, webSocket } from '../../src/index.js'
import { cleaning } from '../support/cleaning.js'
import { until } from '../support/ledger.js'
import { scriptedServer } from '../support/scripted-server.js'
import { frameOf, writeBelow } from '../support/socket-bytes.js'
import { PlainSocket, socketServer } from '../support/socket-server.js'

const TEXT = 1
const MIB = 1024 * 1024

/** An empty batch in a hundred thousand times as many spaces; harmless but for its size. */
function bomb(bytes: number): Buffer {
  const text = Buffer.alloc(bytes, ' ')
  text.write('[')
  text.write(']', bytes - 1)
  const packed = deflateRawSync(text, { finishFlush: 2 /* Z_SYNC_FLUSH, RFC 7692 section 7.2.1 */ })
  return packed.subarray(0, packed.length - 4)
}

describe('47: a message of a few kilobytes that unpacks to many megabytes', () => {
  const later = cleaning()

  it('is not unpacked by a client beyond its limit: it starts afresh once, then gives up', async () => {
    const packed = bomb(48 * MIB)
    expect(packed.length).toBeLessThan(100_000)
    let agreed = ''
    const server = await scriptedServer({
      options: { perMessageDeflate: true },
      welcomed: ({ socket }) => {
        agreed = socket.extensions
        writeBelow(socket, frameOf(TEXT, packed, { compressed: true }))
      },
    })
    later(() => server.close())
    const client = createClient({
      url: server.url,
      transports: [webSocket({ maxMessageBytes: MIB })],
      reconnect: { initialDelayMs: 1, maxDelayMs: 1 },
    })
    later(() => client.close({ drainMs: 0 }))
    void client.connect()
    await until('the client gives up', () => client.snapshot.status === 'closed', 3_000)
    expect(agreed).toContain('permessage-deflate')
    expect(server.peers).toHaveLength(2)
    expect(client.snapshot.error).toMatchObject({ name: 'ProtocolError' })
    expect(client.stats().bytesReceived).toBeLessThan(MIB)
  })

  it('is refused without a limit of the application, too', async () => {
    const packed = bomb(17 * MIB)
    const server = await scriptedServer({
      options: { perMessageDeflate: true },
      welcomed: ({ socket }) => writeBelow(socket, frameOf(TEXT, packed, { compressed: true })),
    })
    later(() => server.close())
    const client = createClient({ url: server.url, reconnect: { initialDelayMs: 1, maxDelayMs: 1 } })
    later(() => client.close({ drainMs: 0 }))
    void client.connect()
    await until('the client gives up', () => client.snapshot.status === 'closed', 3_000)
    expect(client.stats().bytesReceived).toBeLessThan(MIB)
  })

  it('never gets to a server, which agrees to no compression', async () => {
    const { server, url } = await socketServer()
    later(() => server.close({ drainMs: 0 }))
    const client = new PlainSocket(url, 'surewire.1.json', { perMessageDeflate: true })
    await client.hello()
    expect(client.socket.extensions).toBe('')
    writeBelow(client.socket, frameOf(TEXT, bomb(48 * MIB), { masked: true, compressed: true }))
    expect(await client.ended()).toBe(1002)
    expect(server.stats()).toMatchObject({ connections: 0, messagesIn: 0 })
    expect(server.stats().bytesIn).toBeLessThan(10_000)
  })
})
