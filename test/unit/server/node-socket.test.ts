import type http from 'node:http'
import type * as ws from 'ws'
import { describe, expect, it } from 'vitest'
import { NodeSocket } from '../../../src/server/node-socket.js'
import { receivedBy } from '../../support/received-frames.js'

/** As much of a socket of `ws` as is needed to send: what goes out is read by the receiver of `ws`. */
class FakeSocket {
  readonly protocol = 'surewire.1.json'
  readyState = 1
  readonly framed: Buffer[] = []
  readonly sent: unknown[] = []
  readonly _sender: { sendFrame(frame: readonly Buffer[]): void } | undefined

  constructor(hasSender = true) {
    // oxlint-disable-next-line no-underscore-dangle -- as `ws` calls it
    if (hasSender) this._sender = { sendFrame: (frame) => this.framed.push(...frame) }
  }

  send(data: unknown): void {
    this.sent.push(data)
  }
}

const over = (socket: FakeSocket): NodeSocket =>
  new NodeSocket(socket as unknown as ws.WebSocket, {} as http.IncomingMessage)

describe('a socket of ws sends each message as one frame in one buffer', () => {
  it.each([1, 125, 126, 65_535, 65_536, 300_000])('of %d bytes, text and binary', async (bytes) => {
    const socket = new FakeSocket()
    const text = 'x'.repeat(bytes)
    const binary = new Uint8Array(bytes).fill(7)
    over(socket).send(text)
    over(socket).send(binary)
    expect(socket.framed).toHaveLength(2)
    const [first, second] = await receivedBy('client', socket.framed)
    expect([first?.[0].toString() === text, first?.[1]]).toEqual([true, false])
    expect([second?.[0].equals(binary), second?.[1]]).toEqual([true, true])
  })

  it('whose length counts bytes, not characters, and half a character as the one that replaces it', async () => {
    const socket = new FakeSocket()
    over(socket).send('ä€😀'.repeat(20))
    over(socket).send('a\ud800b')
    const messages = await receivedBy('client', socket.framed)
    expect(messages.map(([data]) => data.toString())).toEqual(['ä€😀'.repeat(20), 'a\ufffdb'])
  })

  it('that is made once for many sockets', () => {
    const [one, other] = [new FakeSocket(), new FakeSocket()]
    over(one).send('for all')
    over(other).send('for all')
    expect(other.framed[0]).toBe(one.framed[0])
  })
})

describe('a socket of ws sends the ordinary way', () => {
  it('when it is closing, because ws knows what is to become of it then', () => {
    const socket = new FakeSocket()
    socket.readyState = 2
    over(socket).send('late')
    expect([socket.framed, socket.sent]).toEqual([[], ['late']])
  })

  it('when the version of ws has no such sender', () => {
    const socket = new FakeSocket(false)
    over(socket).send('text')
    expect(socket.sent).toEqual(['text'])
  })
})
