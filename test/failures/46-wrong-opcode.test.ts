import { describe, expect, it } from 'vitest'
import { createClient, json } from '../../src/index.js'
import { FrameType } from '../../src/protocol/frames.js'
import { msgpack } from '../../src/serializers/msgpack.js'
import { cleaning } from '../support/cleaning.js'
import { until } from '../support/ledger.js'
import { helloOf, producer } from '../support/raw-client.js'
import { type ScriptedPeer, scriptedServer } from '../support/scripted-server.js'
import { frameOf, writeBelow } from '../support/socket-bytes.js'
import { PlainSocket, socketServer } from '../support/socket-server.js'

const BINARY = 2
/** Opcodes 3 to 7 and 11 to 15 are reserved (RFC 6455 section 5.2). */
const RESERVED = 3
const CONTINUATION = 0

const entry = JSON.stringify([
  [FrameType.ENTRY, 'user/user-1', 1, 'said', 'smuggled', { id: 'm', from: null, at: 0 }],
])

describe('46: a message with the wrong opcode', () => {
  const later = cleaning()

  const toClient: [string, (peer: ScriptedPeer) => void][] = [
    ['binary where text was agreed on', ({ socket }) => socket.send(Buffer.from(entry), { binary: true })],
    ['a reserved opcode', ({ socket }) => writeBelow(socket, frameOf(RESERVED, Buffer.from(entry)))],
    [
      'a continuation of nothing',
      ({ socket }) => writeBelow(socket, frameOf(CONTINUATION, Buffer.from(entry))),
    ],
    ['a masked frame', ({ socket }) => writeBelow(socket, frameOf(1, Buffer.from(entry), { masked: true }))],
  ]
  it.each(toClient)(
    'is a violation to a client: %s is not read, and ends it the second time',
    async (_, send) => {
      const server = await scriptedServer({ welcomed: send })
      later(() => server.close())
      const client = createClient({ url: server.url, reconnect: { initialDelayMs: 1, maxDelayMs: 1 } })
      later(() => client.close({ drainMs: 0 }))
      const seen: unknown[] = []
      client.on('said', (data) => void seen.push(data))
      void client.connect()
      await until('the client gives up', () => client.snapshot.status === 'closed', 2_000)
      expect(server.peers).toHaveLength(2)
      expect(client.snapshot.error).toMatchObject({ name: 'ProtocolError' })
      expect(seen).toEqual([])
    },
  )

  const send = [[FrameType.SEND, 1, null, 'note', 'smuggled']]
  const hello = [[FrameType.HELLO, helloOf({ producers: [producer('a')] })]]
  const toServer: [string, string, number, (client: PlainSocket) => void][] = [
    [
      'binary in JSON',
      'json',
      1003,
      ({ socket }) => socket.send(Buffer.from(JSON.stringify(send)), { binary: true }),
    ],
    ['text in MessagePack', 'msgpack', 1003, ({ socket }) => socket.send(JSON.stringify(send))],
    [
      'a reserved opcode',
      'json',
      1002,
      ({ socket }) =>
        writeBelow(socket, frameOf(RESERVED, Buffer.from(JSON.stringify(send)), { masked: true })),
    ],
    [
      'an unmasked frame',
      'json',
      1002,
      ({ socket }) => writeBelow(socket, frameOf(BINARY, Buffer.from(JSON.stringify(send)))),
    ],
  ]
  it.each(toServer)(
    'ends the connection at a server, which runs nothing of it: %s',
    async (_, codec, code, act) => {
      const { server, url, errors } = await socketServer({ serializers: [json(), msgpack()] })
      later(() => server.close({ drainMs: 0 }))
      const ran: unknown[] = []
      server.on('note', (data) => void ran.push(data))
      const client = new PlainSocket(url, `surewire.1.${codec}`)
      await client.open()
      const serializer = codec === 'json' ? json() : msgpack()
      client.socket.send(serializer.encode(hello))
      act(client)
      expect(await client.ended()).toBe(code)
      expect(ran).toEqual([])
      expect(errors).toEqual([])
      expect(server.stats().connections).toBe(0)
    },
  )
})
