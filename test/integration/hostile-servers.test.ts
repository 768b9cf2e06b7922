import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Client, createClient, type SurewireError } from '../../src/index.js'
import { FrameType, type Hello } from '../../src/protocol/frames.js'
import { cleaning } from '../support/cleaning.js'
import { accepted, entry, gap, joined, state, USER, welcomeOf } from '../support/fake-server-frames.js'
import { until } from '../support/ledger.js'
import { helloOf } from '../support/raw-client.js'
import {
  type Script,
  type ScriptedPeer,
  type ScriptedServer,
  scriptedServer,
} from '../support/scripted-server.js'

const T = FrameType
const LOG = `user/${USER}`
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)

interface ClientAttack {
  readonly name: string
  /** After WELCOME, on every connection. */
  readonly act: (peer: ScriptedPeer) => void
  /** Code of the close that the client sends. */
  readonly close: number
  /** Code of the client's error. */
  readonly code: string
}

const text = (name: string, data: string, close: number, code: string): ClientAttack => ({
  name,
  act: (peer) => peer.socket.send(data),
  close,
  code,
})
const frames = (name: string, code: string, ...said: readonly (readonly unknown[])[]): ClientAttack => ({
  name,
  act: (peer) => peer.send(...said),
  close: 1002,
  code,
})
/** An entry with something in place of its data, as text. */
const entryWith = (data: string): string => JSON.stringify([entry(LOG, 1, '?')]).replace('"?"', data)

const ATTACKS: readonly ClientAttack[] = [
  text('malformed JSON', '[[12,"user', 1007, 'malformed'),
  text('no batch', '{"a":1}', 1002, 'malformed'),
  text('arrays without end', '['.repeat(100_000), 1002, 'too_deep'),
  text('data nested too deeply', entryWith(nested(65)), 1002, 'too_deep'),
  text('the key __proto__', entryWith('{"__proto__":{"polluted":true}}'), 1002, 'forbidden_key'),
  text(
    'the key __proto__, escaped',
    entryWith('{"\\u005f_proto__":{"polluted":true}}'),
    1002,
    'forbidden_key',
  ),
  text('a number that is none', `[[${T.ACCEPTED},0,NaN]]`, 1007, 'malformed'),
  {
    name: 'binary garbage',
    act: ({ socket }) => socket.send(Buffer.from([0xc1, 0xff, 0x00, 0x80])),
    close: 1003,
    code: 'wrong_kind',
  },
  frames('a frame of a client', 'unknown_frame', [T.SEND, 1, null, 'said', 0]),
  frames('a reserved frame', 'unknown_frame', [T.CHUNK, 1]),
  frames('a frame of type __proto__', 'unknown_frame', ['__proto__', 1]),
  frames('a second WELCOME', 'unexpected_frame', [T.WELCOME, welcomeOf(helloOf())]),
  frames('an acknowledgement of the unsent', 'acknowledged_unsent', accepted(0, 2)),
  frames('an acknowledgement of number −1', 'malformed', accepted(0, -1)),
  frames('an acknowledgement of number 2^53', 'malformed', accepted(0, 2 ** 53)),
  frames('an acknowledgement for a producer that is not attached', 'unknown_producer', accepted(3, 1)),
  frames('an offset that jumps', 'offset_jump', entry(LOG, 5)),
  frames('an offset −1', 'malformed', entry(LOG, -1)),
  frames('an offset 2^53', 'malformed', entry(LOG, 2 ** 53)),
  frames('a gap that does not join on', 'offset_jump', gap(LOG, 5, 9)),
  frames('a gap backwards', 'malformed', gap(LOG, 5, 2)),
  frames('an answer to an ATTACH that was not asked', 'unexpected_frame', [T.ATTACHED, 5, state(0)]),
  frames('a room of no name', 'malformed', joined(1, '', 0)),
]
/** What is wrong with a WELCOME, and the code of the client's error. */
const WELCOMES: readonly [string, string, (hello: Hello) => unknown][] = [
  ['null', 'malformed', () => null],
  ['a user without an id', 'malformed', (hello) => ({ ...welcomeOf(hello), user: {} })],
  [
    'a session without a key',
    'malformed',
    (hello) => ({ ...welcomeOf(hello), session: { id: 's', resumed: false } }),
  ],
  [
    'a window of nothing',
    'malformed',
    (hello) => ({ ...welcomeOf(hello), window: { messages: 0, bytes: 0 } }),
  ],
  ['a window of −1', 'malformed', (hello) => ({ ...welcomeOf(hello), window: { messages: -1, bytes: -1 } })],
  ['an offset of 2^53', 'malformed', (hello) => ({ ...welcomeOf(hello), logs: { all: ['e', 2 ** 53] } })],
  [
    'an answer for a producer that was not offered',
    'malformed',
    (hello) => ({
      ...welcomeOf(hello),
      producers: [...welcomeOf(hello).producers, state(0), state(0), state(0)],
    }),
  ],
  [
    'a last number that was never written',
    'acknowledged_unsent',
    (hello) => ({ ...welcomeOf(hello), producers: hello.producers.map(() => state(77)) }),
  ],
  [
    'less in hand than committed',
    'malformed',
    (hello) => ({ ...welcomeOf(hello), producers: hello.producers.map(() => state(5, { held: 1 })) }),
  ],
]

describe('a server that attacks its client', () => {
  const later = cleaning()
  const rejections: unknown[] = []
  const onRejection = (reason: unknown): void => void rejections.push(reason)
  beforeEach(() => void process.on('unhandledRejection', onRejection))
  afterEach(async () => {
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', onRejection)
    const [unhandled] = rejections.splice(0)
    if (unhandled !== undefined) throw new Error('a rejection was not handled', { cause: unhandled })
  })

  interface Victim {
    readonly server: ScriptedServer
    readonly client: Client
    readonly heard: unknown[]
    readonly errors: SurewireError[]
  }

  /** A client with a message, a handler and a room, on a server that follows a script. */
  async function victim(script: Script): Promise<Victim> {
    const server = await scriptedServer(script)
    later(() => server.close())
    const client = createClient({
      url: server.url,
      reconnect: { initialDelayMs: 1, maxDelayMs: 1 },
    })
    later(() => client.close({ drainMs: 0 }))
    const heard: unknown[] = []
    const errors: SurewireError[] = []
    client.on('said', (data) => void heard.push(data))
    client.lifecycle.on('error', (error) => void errors.push(error))
    return { server, client, heard, errors }
  }

  const gaveUp = ({ client }: Victim): Promise<void> =>
    until('the client gives up', () => client.snapshot.status === 'closed', 3_000)

  it.each(ATTACKS)(
    'is left, tried once more and then left for good, and nothing of it is believed: $name',
    async ({ act, close, code }) => {
      const prototypeKeys = Reflect.ownKeys(Object.prototype)
      const all = await victim({ welcomed: act })
      const { server, client, heard, errors } = all
      const receipt = client.send('note', 'kept')
      void client.connect().catch(() => undefined)
      await gaveUp(all)
      await until('both connections ended', () => server.peers.every(({ closed }) => closed !== null), 2_000)
      expect(server.peers.map(({ closed }) => closed)).toEqual([close, close])
      expect(server.peers.map(({ hello }) => hello?.session)).toEqual([undefined, undefined])
      expect(errors.map((error) => [error.name, error.code])).toEqual([
        ['ProtocolError', code],
        ['ProtocolError', code],
      ])
      expect(client.snapshot.error).toBe(errors[1])
      expect(['queued', 'written']).toContain(receipt.state)
      expect(heard).toEqual([])
      expect(Reflect.ownKeys(Object.prototype)).toEqual(prototypeKeys)
    },
  )

  it.each(WELCOMES)(
    'is left, tried once more and then left for good after a WELCOME with %s',
    async (_, code, welcome) => {
      const all = await victim({ welcome })
      const receipt = all.client.send('note', 'kept')
      await expect(all.client.connect()).rejects.toMatchObject({ name: 'ProtocolError', code })
      await gaveUp(all)
      expect(all.server.peers).toHaveLength(2)
      expect(all.errors.map((error) => error.code)).toEqual([code, code])
      expect(['queued', 'written']).toContain(receipt.state)
    },
  )

  it('that lets the window shrink is obeyed from then on, and nothing is lost, repeated or out of order', async () => {
    const MESSAGES = 100
    const got = new Set<unknown>()
    const most: number[] = []
    const all = await victim({
      welcome: (hello) => ({
        ...welcomeOf(hello),
        window: { messages: most.push(0) === 1 ? 50 : 5, bytes: 4_194_304 },
      }),
      received: (peer, batch) => {
        const sends = batch.filter((frame) => frame[0] === T.SEND)
        most[peer.dial - 1] = Math.max(most[peer.dial - 1] ?? 0, sends.length)
        if (peer.dial === 1) return peer.socket.terminate()
        for (const frame of sends) got.add(frame[4])
        peer.acceptAll()
      },
    })
    const receipts = Array.from({ length: MESSAGES }, (_, data) => all.client.send('note', data))
    void all.client.connect()
    await Promise.all(receipts)
    expect([...got]).toEqual(Array.from({ length: MESSAGES }, (_, data) => data))
    expect(most[0]).toBe(50)
    // What was written before it shrank is written again, whatever the window is now.
    expect(all.server.peers).toHaveLength(2)
    expect(all.errors).toEqual([])
  })

  it('with 10,000 PINGs, volatile messages, unknown frames and entries of other logs at once is answered and forgotten', async () => {
    const FLOOD = 10_000
    const flood = (frame: (n: number) => readonly unknown[]) =>
      Array.from({ length: FLOOD }, (_, n) => frame(n))
    const all = await victim({
      welcomed: (peer) => {
        peer.send(...flood((n) => [T.PING, n]))
        peer.send(...flood(() => [T.VOLATILE, 'a room of others', 'said', 'volatile']))
        peer.send(...flood(() => [64, 'from a later version']))
        peer.send(...flood((n) => [T.PRESENCE, `room ${n}`, n, 'sync', []]))
        peer.send(...flood((n) => [T.LEFT, n, `room ${n}`, 'asked']))
        peer.send(entry(LOG, 1, 'the end'))
      },
      received: (peer) => peer.acceptAll(),
    })
    const first = all.client.send('note', 'early')
    void all.client.connect()
    await until('the last entry is handled', () => all.heard.length > 0, 5_000)
    await first
    await all.client.send('note', 'still here')
    expect(all.heard).toEqual(['the end'])
    expect(all.errors).toEqual([])
    expect(all.server.peers).toHaveLength(1)
    expect(all.server.peers[0]?.frames.filter((frame) => frame[0] === T.PONG)).toHaveLength(FLOOD)
  })
})
