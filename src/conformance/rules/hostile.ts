/** Checks of the rules about hostile input. After each the server has to serve on. */
import { CloseCode } from '../../protocol/close-codes.js'
import { FrameType } from '../../protocol/frames.js'
import { oneOf, same } from '../failure.js'
import { type Kit, producer } from '../kit.js'
import { helloOf, type Peer, show } from '../peer.js'
import { rulesOf } from '../rule.js'

const { HELLO, SEND, VOID, HANDLED, JOIN, JOINED, USE, ATTACH, CANCEL, LEAVE } = FrameType
const { PING, AUTH, VOLATILE, PRESENCE, REJECTED, WELCOME, ACCEPTED } = FrameType
const { PROTOCOL_ERROR, UNSUPPORTED_DATA, INVALID_PAYLOAD, TOO_LARGE } = CloseCode

const HOSTILE_NUMBERS: readonly unknown[] = [-1, 0, 1.5, 2 ** 53, '1', null, {}, [1]]

const HOSTILE_FRAMES: readonly (readonly unknown[])[] = [
  [VOID, 3, 1],
  [VOID, 0, 0],
  [VOID, 1, 2 ** 53],
  [HANDLED, -1, 0],
  [HANDLED, 0],
  [HANDLED, 0.5, 0],
  [JOIN, 0, 'lobby'],
  [JOIN, 1],
  [JOIN, 1, ''],
  [JOIN, 1, 'x'.repeat(600)],
  [JOIN, 1, 'lobby', null, -1],
  [USE, -1],
  [USE, '0'],
  [ATTACH, 1],
  [ATTACH, 1, { ...producer('b'), kind: 'both' }],
  [ATTACH, 1, producer('b', { floor: 5, written: 4 })],
  [CANCEL, 0],
  [LEAVE, 1],
  [PING, 'now'],
  [AUTH],
  [VOLATILE, 'lobby'],
  [PRESENCE],
  [SEND, 1, null],
  [SEND, 1, null, 7, 0],
  [SEND, 1, null, 'kit.note', 0, 'meta'],
  [],
  ['SEND', 1],
  [-1],
  [WELCOME, {}],
  [ACCEPTED, 0, 1],
  [FrameType.CHUNK],
]

const tooManyCursors = (): Record<string, readonly [string, number]> =>
  Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`room/${n}`, ['', 0] as const]))

const HOSTILE_HELLOS: readonly unknown[] = [
  null,
  [],
  { ...helloOf({}), producers: null },
  { ...helloOf({}), producers: [null] },
  { ...helloOf({}), window: { messages: 0, bytes: 0 } },
  { ...helloOf({}), window: 1 },
  { ...helloOf({}), cursors: { all: ['e', -1] } },
  { ...helloOf({}), cursors: { all: 'e' } },
  { ...helloOf({}), session: { id: 's', attach: 1 } },
  { ...helloOf({}), session: { id: 's', key: 'k', attach: 0 } },
  { ...helloOf({}), pingMs: -1 },
  helloOf({ producers: [producer('a'), producer('a')] }),
  helloOf({ producers: Array.from({ length: 1_000 }, (_, n) => producer(`p${n}`)) }),
  helloOf({ cursors: tooManyCursors() }),
  helloOf({ auth: 'x'.repeat(3_000_000) }),
]

/** The connection has to end with one of these codes, and the server to serve on. */
async function ends(kit: Kit, peer: Peer, codes: readonly number[], what: string): Promise<void> {
  oneOf((await peer.closing()).code, codes, `the close code after ${what}`)
  const other = await kit.guest()
  same(await other.peer.barrier(), [], 'what somebody else hears')
  other.peer.drop()
}

/** A batch with one SEND whose data are arrays in arrays. */
function nested(kit: Kit, levels: number, seq: number): string | Uint8Array {
  if (kit.codec.name === 'json') {
    return `[[${SEND},${seq},null,"chat",${'['.repeat(levels)}${']'.repeat(levels)}]]`
  }
  const head = [0x91, 0x95, SEND, seq, 0xc0, 0xa4, ...new TextEncoder().encode('chat')]
  return new Uint8Array([...head, ...Array.from({ length: levels - 1 }, () => 0x91), 0x90])
}

export const hostile = rulesOf('core', {
  'HOST-1': async (kit) => {
    const key = kit.name('key')
    for (const seq of HOSTILE_NUMBERS) {
      const { peer } = await kit.guest({ producers: [producer(kit.name('a'))] })
      peer.send([SEND, seq, null, 'kit.note', { key }])
      await ends(kit, peer, [PROTOCOL_ERROR, INVALID_PAYLOAD], `the number ${JSON.stringify(seq)}`)
    }
    same(await (await kit.desk()).noted(key), [], 'the runs')
  },

  'HOST-2': async (kit) => {
    for (const frame of HOSTILE_FRAMES) {
      const { peer } = await kit.guest({ producers: [producer(kit.name('a'))] })
      peer.send(frame)
      await ends(kit, peer, [PROTOCOL_ERROR, INVALID_PAYLOAD], show(frame))
    }
    if (kit.codec.name !== 'json') return // Encoders of MessagePack refuse to say it.
    const { peer } = await kit.guest({ producers: [producer(kit.name('a'))] })
    peer.sendRaw(`[[${SEND},1,null,"chat",{"__proto__":{"polluted":true}}]]`)
    await ends(kit, peer, [PROTOCOL_ERROR, INVALID_PAYLOAD], 'the key __proto__')
  },

  'HOST-3': async (kit) => {
    for (const [index, hello] of HOSTILE_HELLOS.entries()) {
      const peer = await kit.connect()
      peer.send([HELLO, hello])
      await ends(kit, peer, [PROTOCOL_ERROR, INVALID_PAYLOAD, TOO_LARGE], `hostile HELLO ${index + 1}`)
    }
  },

  'HOST-4': async (kit) => {
    const { welcome } = await kit.guest({
      cursors: { 'planet/mars': ['e', 1], constructor: ['e', 1] as const, room: ['e', 1] },
    })
    same(Object.keys(welcome.logs).length, 4, 'the number of logs')
  },

  'HOST-5': async (kit) => {
    for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
      // A producer's id cannot be chosen at will here: it may be in use since an earlier run.
      const { peer } = await kit.guest({ producers: [producer(`${name}${kit.name('')}`)] })
      peer.send([JOIN, 1, name], [SEND, 1, null, 'kit.note', { key: `${name}${kit.name('')}` }])
      same((await peer.find(JOINED))[2], name, 'the room')
      await peer.accepted(1)
      peer.drop()
    }
  },

  'HOST-6': async (kit) => {
    const { peer } = await kit.guest({ producers: [producer(kit.name('a'))] })
    const names = ['toString', '__proto__', 'constructor', '__init__', '__class__']
    peer.send(...names.map((name, n) => [SEND, n + 1, null, name, 0]))
    for (const name of names) same((await peer.find(REJECTED))[3], 'unknown_type', `the refusal of ${name}`)
  },

  'HOST-7': async (kit) => {
    const { peer, welcome } = await kit.guest({ producers: [producer(kit.name('a'))] })
    peer.send([SEND, 1, null, 'kit.note', { key: 'x'.repeat(welcome.maxFrame) }])
    same((await peer.closing()).code, TOO_LARGE, 'the close code')
  },

  'HOST-8': async (kit) => {
    const { peer } = await kit.guest()
    peer.sendRaw(kit.codec.name === 'json' ? new Uint8Array([0x90]) : '[]')
    await ends(kit, peer, [UNSUPPORTED_DATA], 'data of the wrong kind')
  },

  'HOST-9': async (kit) => {
    const { peer } = await kit.guest()
    peer.sendRaw(kit.codec.name === 'json' ? '[[6,1' : new Uint8Array([0xdd, 0xff, 0xff, 0xff, 0xff]))
    await ends(kit, peer, [INVALID_PAYLOAD], 'data that cannot be decoded')
  },

  'HOST-10': async (kit) => {
    const { peer } = await kit.guest()
    peer.sendRaw(kit.codec.encode({ not: 'a batch' }))
    await ends(kit, peer, [PROTOCOL_ERROR], 'a message that is no batch')
  },

  'HOST-11': async (kit) => {
    const { peer } = await kit.guest({ producers: [producer(kit.name('a'))] })
    peer.sendRaw(nested(kit, 64, 1))
    await peer.accepted(1)
    for (const [levels, seq] of [
      [65, 2],
      [5_000, 2],
    ] as const) {
      const deep = await kit.guest({ producers: [producer(kit.name('a'), { floor: 1, written: 1 })] })
      deep.peer.sendRaw(nested(kit, levels, seq))
      await ends(kit, deep.peer, [PROTOCOL_ERROR, INVALID_PAYLOAD], `${levels} levels of data`)
    }
  },

  'HOST-12': async (kit) => {
    const { peer } = await kit.guest()
    peer.sendRaw(kit.codec.encode([]))
    same(await peer.barrier(), [], 'what comes back')
  },
})
