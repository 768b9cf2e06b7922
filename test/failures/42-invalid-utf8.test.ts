import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/index.js'
import { FrameType } from '../../src/protocol/frames.js'
import { cleaning } from '../support/cleaning.js'
import { until } from '../support/ledger.js'
import { producer } from '../support/raw-client.js'
import { scriptedServer } from '../support/scripted-server.js'
import { frameOf, writeBelow } from '../support/socket-bytes.js'
import { PlainSocket, socketServer } from '../support/socket-server.js'

const TEXT = 1
/** `["é` cut in the middle of its last character, then a quote. */
const invalid = Buffer.from([0x5b, 0x22, 0xc3, 0x22, 0x5d])

describe('42: text that is not UTF-8', () => {
  const later = cleaning()

  it('makes a client start afresh once, with nothing lost, and say so', async () => {
    const server = await scriptedServer({
      received: (peer) => {
        if (peer.dial === 1) writeBelow(peer.socket, frameOf(TEXT, invalid))
        else peer.acceptAll()
      },
    })
    later(() => server.close())
    const client = createClient({ url: server.url })
    later(() => client.close({ drainMs: 0 }))
    const errors: string[] = []
    client.lifecycle.on('error', ({ name }) => errors.push(name))
    void client.connect()
    await client.send('note', 'still here')
    expect(server.peers).toHaveLength(2)
    expect(server.peers[0]?.closed).toBe(1007)
    expect(errors).toEqual(['ProtocolError'])
  })

  it('ends a client that gets it again, instead of a reconnect loop', async () => {
    const server = await scriptedServer({
      welcomed: (peer) => writeBelow(peer.socket, frameOf(TEXT, invalid)),
    })
    later(() => server.close())
    const client = createClient({ url: server.url, reconnect: { initialDelayMs: 1, maxDelayMs: 1 } })
    later(() => client.close({ drainMs: 0 }))
    const receipt = client.send('note', 'kept')
    void client.connect()
    await until('the client gives up', () => client.snapshot.status === 'closed', 2_000)
    expect(server.peers).toHaveLength(2)
    expect(client.snapshot.error).toMatchObject({ name: 'ProtocolError' })
    expect(['queued', 'written']).toContain(receipt.state)
  })

  it('ends one connection of a server, which runs nothing of it and serves on', async () => {
    const { server, url, errors } = await socketServer()
    later(() => server.close({ drainMs: 0 }))
    const ran: unknown[] = []
    server.on('note', (data) => void ran.push(data))
    const client = new PlainSocket(url)
    await client.hello({ producers: [producer('a')] })
    const text = Buffer.from(`[[${FrameType.SEND},1,null,"note","?"]]`)
    text[text.indexOf('?')] = 0xff
    writeBelow(client.socket, frameOf(TEXT, text, { masked: true }))
    expect(await client.ended()).toBe(1007)

    const other = new PlainSocket(url)
    await other.hello({ producers: [producer('b')] })
    other.send([FrameType.SEND, 1, null, 'note', 'fine'])
    await until('the message is handled', () => ran.length > 0, 2_000)
    expect(ran).toEqual(['fine'])
    expect(errors).toEqual([])
    other.socket.terminate()
  })
})
