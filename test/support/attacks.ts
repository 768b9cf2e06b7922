/**
 * Attacks on a server, each with how its connection has to end.
 *
 * Owns: the table. The limits it counts on are {@link ATTACKED_LIMITS}; handlers: `note` returns at once and tells the
 * room `lobby`, `stuck` never returns.
 */
import { FrameType } from '../../src/protocol/frames.js'
import type { Attacker } from './attacker.js'
import { helloOf, producer } from './raw-client.js'

const T = FrameType

/** Small ones, so that an attack on them is quick. */
export const ATTACKED_LIMITS = {
  maxFrameBytes: 200_000,
  maxHelloBytes: 20_000,
  maxInFlight: 64,
  maxProducers: 4,
  controlFramesPerSecond: 100,
  helloMs: 500,
  handlerMs: 20,
  sessionMs: 100,
  producerMs: 200,
}

export interface ServerAttack {
  readonly name: string
  readonly codec?: 'json' | 'msgpack'
  /** `false`: it does not say HELLO first. */
  readonly hello?: false
  readonly act: (attacker: Attacker) => void | Promise<void>
  readonly code: number
  readonly fail: string | null
}

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
const many = (count: number, frame: readonly unknown[]) => Array.from({ length: count }, () => frame)
const note = (seq: unknown) => [T.SEND, seq, null, 'note', 0]

type Garbage = readonly [name: string, data: string | Uint8Array, code: number, fail: string]

function garbage(all: readonly Garbage[]): ServerAttack[] {
  return all.map(([name, data, code, fail]) => ({ name, act: (attacker) => attacker.raw(data), code, fail }))
}

/** Messages that are no batch of frames, said instead of HELLO or after it. */
const GARBAGE: readonly ServerAttack[] = garbage([
  ['malformed JSON', '[[6,1,nul', 1007, 'malformed'],
  ['NaN', `[[${T.SEND},NaN,null,"note",0]]`, 1007, 'malformed'],
  ['no batch', '{"a":1}', 1002, 'malformed'],
  ['arrays without end', '['.repeat(15_000), 1002, 'too_deep'],
  ['data nested too deeply', `[[${T.SEND},1,null,"note",${nested(65)}]]`, 1002, 'too_deep'],
  ['the key __proto__', `[[${T.SEND},1,null,"note",{"__proto__":{"x":1}}]]`, 1002, 'forbidden_key'],
  [
    'the key __proto__, escaped',
    `[[${T.SEND},1,null,"note",{"\\u005f_proto__":{"x":1}}]]`,
    1002,
    'forbidden_key',
  ],
  ['binary garbage', new Uint8Array([0xc1, 0xff, 0x00, 0x80]), 1003, 'wrong_kind'],
]).flatMap((attack) => [
  attack,
  { ...attack, name: `${attack.name}, instead of HELLO`, hello: false as const },
])

const IN_MESSAGEPACK: readonly ServerAttack[] = garbage([
  ['garbage', new Uint8Array([0xc1, 0xff, 0x00]), 1007, 'malformed'],
  [
    'an array of 4,294,967,295 elements that never come',
    new Uint8Array([0xdd, 255, 255, 255, 255]),
    1007,
    'malformed',
  ],
  ['arrays without end', new Uint8Array(15_000).fill(0x91), 1002, 'too_deep'],
  ['text', '[]', 1003, 'wrong_kind'],
]).map((attack) => ({ ...attack, name: `in MessagePack, ${attack.name}`, codec: 'msgpack' }))

/** Frames after WELCOME. */
const FRAMES: readonly ServerAttack[] = (
  [
    ['number −1', [note(-1)], 'malformed'],
    ['number 0', [note(0)], 'malformed'],
    ['number 2^53', [note(2 ** 53)], 'malformed'],
    ['a number as text', [note('1')], 'malformed'],
    ['a number skipped', [note(1), note(3)], 'out_of_order'],
    ['a range backwards', [[T.VOID, 3, 1]], 'malformed'],
    ['a range with a hole before it', [[T.VOID, 2, 3]], 'out_of_order'],
    [
      'more numbers than the window',
      Array.from({ length: 65 }, (_, n) => [T.SEND, n + 1, null, 'stuck', 0]),
      'window_exceeded',
    ],
    ['messages in the producer of requests', [[T.USE, 1], note(1)], 'wrong_producer'],
    ['a request in the producer of messages', [[T.REQUEST, 1, 'ask', 0]], 'wrong_producer'],
    ['a producer that is not attached', [[T.USE, 9], note(1)], 'unknown_producer'],
    ['a producer at an index that is not next', [[T.ATTACH, 7, producer('other')]], 'wrong_index'],
    ['handled messages that were not sent', [[T.HANDLED, 1, 1]], 'handled_unsent'],
    ['a second HELLO', [[T.HELLO, helloOf()]], 'second_hello'],
    ['a frame of the server', [[T.ACCEPTED, 0, 1]], 'unknown_frame'],
    ['a reserved frame', [[T.CHUNK, 0]], 'unknown_frame'],
    ['a frame of type 63', [[63]], 'unknown_frame'],
    ['a frame of type __proto__', [['__proto__', 1]], 'unknown_frame'],
  ] as const
).map(([name, frames, fail]) => ({
  name,
  act: (attacker: Attacker) => attacker.send(...frames),
  code: 1002,
  fail,
}))

const HELLOS: readonly ServerAttack[] = (
  [
    ['a first frame that is not HELLO', [T.PING, 1], 1002, 'too_early'],
    ['a HELLO of another version', [T.HELLO, helloOf({ v: 99 })], 4402, 'version'],
    ['a HELLO that is null', [T.HELLO, null], 1002, 'malformed'],
    [
      'a HELLO with a window of nothing',
      [T.HELLO, helloOf({ window: { messages: 0, bytes: 0 } })],
      1002,
      'malformed',
    ],
    [
      'a HELLO with a producer twice',
      [T.HELLO, helloOf({ producers: [producer('p'), producer('p')] })],
      1002,
      'malformed',
    ],
    [
      'a HELLO with too many producers',
      [T.HELLO, helloOf({ producers: Array.from({ length: 5 }, (_, n) => producer(`p${n}`)) })],
      1002,
      'too_many_producers',
    ],
    ['a HELLO that is too long', [T.HELLO, helloOf({ auth: 'x'.repeat(20_000) })], 1009, 'too_large'],
  ] as const
).map(([name, frame, code, fail]) => ({
  name,
  hello: false,
  act: (attacker: Attacker) => attacker.send(frame),
  code,
  fail,
}))

/** Frames that are fine, but for their number. */
const FLOODS: readonly ServerAttack[] = (
  [
    ['PING', [T.PING, 1]],
    ['JOIN', [T.JOIN, 1, 'lobby']],
    ['VOLATILE', [T.VOLATILE, null, 'typing', 0]],
    ['the same SEND', note(1)],
    ['HANDLED of nothing', [T.HANDLED, 0, 0]],
    ['USE of nothing', [T.USE, 1]],
    ['VOID of the same', [T.VOID, 1, 1]],
    ['frames of an unknown type', [64]],
  ] as const
).map(([name, frame]) => ({
  name: `6,000 at once: ${name}`,
  act: (attacker: Attacker) => attacker.send(...many(6_000, frame)),
  code: 1013,
  fail: 'too_many_frames',
}))

const OTHERS: readonly ServerAttack[] = [
  { name: 'no HELLO at all', hello: false, act: () => undefined, code: 4000, fail: 'hello_timeout' },
  {
    // `ws` refuses it by its header, before it is read.
    name: 'a message longer than the longest',
    act: (attacker) => attacker.raw('x'.repeat(300_000)),
    code: 1009,
    fail: null,
  },
  {
    name: '1,000 messages with nothing in them',
    act: (attacker) => {
      for (let n = 0; n < 1_000; n++) attacker.send()
    },
    code: 1013,
    fail: 'too_many_frames',
  },
  {
    name: '1,000 messages with a USE in each',
    act: (attacker) => {
      for (let n = 0; n < 1_000; n++) attacker.send([T.USE, 1])
    },
    code: 1013,
    fail: 'too_many_frames',
  },
  {
    name: 'a window that shrinks',
    act: async (attacker) => {
      attacker.send([T.JOIN, 1, 'lobby'])
      await attacker.find(T.JOINED)
      attacker.send(note(1))
      await attacker.find(T.ENTRY)
      attacker.send([T.HANDLED, 1, 1], [T.HANDLED, 0, 0])
    },
    code: 1002,
    fail: 'handled_unsent',
  },
]

export const SERVER_ATTACKS: readonly ServerAttack[] = [
  ...GARBAGE,
  ...IN_MESSAGEPACK,
  ...FRAMES,
  ...HELLOS,
  ...FLOODS,
  ...OTHERS,
]
