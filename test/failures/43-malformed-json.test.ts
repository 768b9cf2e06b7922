import { describe, expect, it } from 'vitest'
import { FrameType } from '../../src/protocol/frames.js'
import { json } from '../../src/serializers/json.js'
import { msgpack } from '../../src/serializers/msgpack.js'
import { seededRandom } from '../../src/testing/seeded-random.js'
import { ClientHarness } from '../support/client-harness.js'
import { entry, gap, joined, USER } from '../support/fake-server-frames.js'
import { inMemory } from '../support/memory.js'
import { producer, requests } from '../support/raw-client.js'

const T = FrameType

/** Closed for what the client sent, not for a defect of ours (1011). */
const REFUSALS = [1002, 1003, 1007, 1008, 1009]

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
const maps = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

const malformed: [string, string][] = [
  ['nothing', ''],
  ['a half batch', '[[6,1,null,"note"'],
  ['no batch', '{"a":1}'],
  ['a number', '7'],
  ['null', 'null'],
  ['frames that are no arrays', '[7,"x",null,{}]'],
  ['two values', '[] []'],
  ['a trailing comma', '[[28],]'],
  ['a lone surrogate in a type', '[[6,1,null,"\\ud800",0],['],
  ['arrays 67 levels deep', nested(67)],
  ['arrays 100,000 levels deep', nested(100_000)],
  ['arrays 100,000 levels deep and never closed', '['.repeat(100_000)],
  ['maps 100,000 levels deep', `[[6,1,null,"note",${maps(100_000)}]]`],
  ['data one level too deep', `[[6,1,null,"note",${nested(65)}]]`],
]

/** Every frame of a client once, as text. */
const conversation = JSON.stringify([
  [T.SEND, 1, 'lobby', 'note', { a: [1, 'b"\\', null, true] }, { echo: false }],
  [T.VOID, 2, 3],
  [T.USE, 1],
  [T.REQUEST, 1, 'ask', ['x'], 1_000],
  [T.CANCEL, 1],
  [T.JOIN, 1, 'lobby', 'epoch', 0, { here: true }],
  [T.PRESENCE, 'lobby', 0, 'update', [{ here: false }]],
  [T.VOLATILE, 'lobby', 'typing', null],
  [T.LEAVE, 2, 'lobby'],
  [T.HANDLED, 0, 0],
  [T.PING, 5],
])

const ALPHABET = '[]{}",:\\0123456789-.eEtrufalsn_x \u0000\u00e9'

/** Changes a few characters of a text. */
function mutate(text: string, seed: number): string {
  const random = seededRandom(seed)
  let changed = text
  for (let times = random.integer(1, 4); times > 0; times--) {
    const at = random.integer(0, changed.length - 1)
    const cut = random.integer(0, 3)
    const put = random.integer(0, 2) === 0 ? '' : (ALPHABET[random.integer(0, ALPHABET.length - 1)] ?? '')
    changed = changed.slice(0, at) + put + changed.slice(at + cut)
  }
  return changed
}

describe('43: JSON that is malformed or nested without end', () => {
  it.each(malformed)(
    'ends the connection at a server, which runs nothing of it and serves on: %s',
    (_, text) => {
      const memory = inMemory()
      const ran: unknown[] = []
      memory.server.on('note', (data) => void ran.push(data))
      for (const isWelcomed of [false, true]) {
        const client = memory.raw()
        if (isWelcomed) client.hello({ producers: [producer('a', { attach: 2 })] })
        client.sendRaw(text)
        expect(REFUSALS).toContain(client.ended?.code)
      }
      expect(ran).toEqual([])
      const other = memory.raw()
      other.hello({ producers: [producer('b')] })
      other.send([T.SEND, 1, null, 'note', 'fine'])
      expect(ran).toEqual(['fine'])
    },
  )

  it('is never a defect of the server, whatever 2,000 mutations of a conversation make of it', () => {
    const errors: string[] = []
    const quiet = (): void => undefined
    const memory = inMemory({
      logger: { debug: quiet, info: quiet, warn: quiet, error: (message) => void errors.push(message) },
    })
    const { server } = memory
    server.on('note', (_, ctx) => ctx.toRoom('lobby').send('said', null))
    server.onRequest('ask', (data) => data)
    const ends = new Set<number>()
    for (let seed = 0; seed < 2_000; seed++) {
      const client = memory.raw()
      client.hello({ producers: [producer(`a${seed}`), requests(`b${seed}`)] })
      client.sendRaw(mutate(conversation, seed))
      if (client.ended === null) client.send([T.BYE])
      if (client.ended !== null) ends.add(client.ended.code)
    }
    expect([...ends].filter((code) => code !== 1000 && !REFUSALS.includes(code))).toEqual([])
    expect(errors).toEqual([])
    expect(server.stats()).toMatchObject({ connections: 0, sessions: 0, feeds: 0, producers: 0 })
  })

  it('is never a defect of the server in MessagePack either', () => {
    const memory = inMemory({ serializers: [json(), msgpack()] })
    memory.server.on('note', () => undefined)
    const random = seededRandom(3)
    const whole = msgpack().encode([
      [T.SEND, 1, null, 'note', { a: [1, 'b', null, true, 2.5] }],
    ]) as Uint8Array
    for (let round = 0; round < 1_000; round++) {
      const client = memory.raw(msgpack())
      client.hello({ producers: [producer(`a${round}`)] })
      const bytes = Uint8Array.from(whole)
      for (let times = random.integer(1, 3); times > 0; times--) {
        bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255)
      }
      client.sendRaw(bytes)
      if (client.ended === null) client.send([T.BYE])
      expect([1000, ...REFUSALS]).toContain(client.ended?.code)
    }
  })

  it.each(malformed)(
    'makes a client start afresh once and then stop, without reading any of it: %s',
    async (_, text) => {
      const harness = new ClientHarness()
      const receipt = harness.client.send('note', 1)
      for (let times = 1; times <= 2; times++) {
        await (times === 1 ? harness.connect() : harness.pass(100))
        harness.end.peer.send(text)
        await harness.pass(100)
      }
      await harness.pass(60_000)
      expect(harness.ends).toHaveLength(2)
      expect(harness.client.snapshot).toMatchObject({ status: 'closed', error: { name: 'ProtocolError' } })
      expect(receipt.state).toBe('written')
    },
  )

  it('never breaks a client, whatever 500 mutations of a conversation make of it', async () => {
    const log = `user/${USER}`
    const text = JSON.stringify([
      entry(log, 1, { a: [1, 'b"\\', null] }),
      [T.SKIP, log, 3],
      gap(log, 4, 5),
      joined(1, 'lobby', 0),
      [T.VOLATILE, null, 'typing', null, null],
      [T.PRESENCE, 'lobby', 1, 'sync', []],
      [T.ACCEPTED, 0, 1],
      [T.PING, 5],
      [T.AWAY, { afterMs: 1, spreadMs: 1, reason: 'deploy' }],
    ])
    for (let seed = 0; seed < 500; seed++) {
      const harness = new ClientHarness()
      const faults: unknown[] = []
      harness.client.lifecycle.on('error', (error) => {
        if (error.code === 'listener_failed') faults.push(error)
      })
      harness.client.send('note', 1)
      await harness.connect()
      harness.end.peer.send(mutate(text, seed))
      await harness.pass()
      expect(faults, `seed ${seed}`).toEqual([])
      let isClosed = false
      void harness.client.close({ drainMs: 0 }).then(() => (isClosed = true))
      await harness.pass()
      expect(isClosed, `seed ${seed}`).toBe(true)
    }
  })

  it('refuses to send what the other side would not take', () => {
    const client = inMemory().client()
    expect(() => client.send('note', JSON.parse(nested(65)))).toThrow(TypeError)
    expect(client.snapshot.queued).toBe(0)
  })
})
