/**
 * What docs/PROTOCOL.md section 3 says of frames, written a second time and in another way than the library does.
 *
 * Owns: the verdict on one decoded frame. `either`: the document leaves it to the reader.
 */
import type { Side } from './samples.js'

export type Verdict = 'lawful' | 'ignored' | 'unlawful' | 'either'

type Test = (value: unknown) => boolean
type Fields = Readonly<Record<string, Test>>

const LARGEST = 9_007_199_254_740_991

const count: Test = (value) =>
  typeof value === 'number' && Math.floor(value) === value && value >= 0 && value <= LARGEST
const seq: Test = (value) => count(value) && (value as number) > 0
const text: Test = (value) => typeof value === 'string'
const name: Test = (value) => text(value) && (value as string).length > 0 && (value as string).length <= 512
const any: Test = () => true
const flag: Test = (value) => value === true || value === false
const map: Test = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
const word =
  (...words: readonly unknown[]): Test =>
  (value) =>
    words.includes(value)
const absent = (value: unknown): boolean => value === null || value === undefined
const maybe =
  (test: Test): Test =>
  (value) =>
    absent(value) || test(value)
const list =
  (test: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every((item) => test(item))
const field = (value: unknown, key: string): unknown => (value as Readonly<Record<string, unknown>>)[key]
const fields =
  (table: Fields): Test =>
  (value) =>
    map(value) && Object.keys(table).every((key) => table[key]?.(field(value, key)) === true)
const both =
  (first: Test, second: Test): Test =>
  (value) =>
    first(value) && second(value)
const tuple =
  (...tests: readonly Test[]): Test =>
  (value) =>
    Array.isArray(value) && tests.every((test, index) => test(value[index]))
const keys: Test = (value) => Object.keys(value as object).every((key) => name(key))
const values =
  (test: Test): Test =>
  (value) =>
    map(value) && keys(value) && Object.values(value as object).every((item) => test(item))

const window = fields({ messages: seq, bytes: seq })
const offer = both(
  fields({
    id: name,
    key: name,
    kind: word('messages', 'requests'),
    attach: seq,
    epoch: maybe(name),
    user: maybe(text),
    floor: count,
    written: count,
  }),
  (value) => Number(field(value, 'written')) >= Number(field(value, 'floor')),
)
const position = tuple(text, count)
const hello = fields({
  v: seq,
  session: maybe(fields({ id: name, key: name, attach: seq })),
  producers: list(offer),
  cursors: values(position),
  pingMs: maybe(count),
  window,
  maxFrame: seq,
  device: maybe(map),
  caps: maybe(map),
})
const state = both(
  fields({ last: count, held: count, epoch: name, refused: list(tuple(seq, text, text)) }),
  (value) => Number(field(value, 'held')) >= Number(field(value, 'last')),
)
const user = fields({ id: name })
const welcome = fields({
  v: seq,
  session: fields({ id: name, key: name, resumed: flag, why: maybe(text) }),
  user,
  producers: list(maybe(state)),
  logs: values(position),
  pingMs: count,
  sessionMs: count,
  window,
  maxFrame: seq,
  caps: maybe(map),
})
const away = fields({ afterMs: count, spreadMs: count, url: maybe(text), reason: text })
const member = fields({ id: name, userId: name, sessionId: name })
const strictMember = fields({ device: map, since: count })
const meta = fields({ id: name, from: maybe(text), at: count, re: maybe(text) })
const strictMeta = fields({ error: maybe(flag), redelivered: maybe(flag) })

/** Elements after the type, how many of them must be there, what binds two of them, and what only the strict refuse. */
interface Law {
  readonly elements: readonly Test[]
  readonly needed: number
  readonly also?: (frame: readonly unknown[]) => boolean
  readonly strict?: (frame: readonly unknown[]) => boolean
}

const law = (elements: readonly Test[], needed = elements.length, more: Partial<Law> = {}): Law => ({
  elements,
  needed,
  ...more,
})
const ordered = (from: number, to: number) => ({
  also: (frame: readonly unknown[]) => frame[to] === null || Number(frame[to]) >= Number(frame[from]),
})
const strictMembers = (at: number) => ({
  strict: (frame: readonly unknown[]) => maybe(list(strictMember))(frame[at]),
})

const BOTH: Readonly<Record<number, Law>> = {
  20: law([maybe(name), name, any, maybe(text)], 3),
  22: law([count]),
  23: law([count]),
  28: law([]),
}

const KIND = word('sync', 'join', 'update', 'leave')

const LAWS: Readonly<Record<Side, Readonly<Record<number, Law>>>> = {
  client: {
    ...BOTH,
    1: law([hello]),
    3: law([count, offer]),
    5: law([count]),
    6: law([seq, maybe(name), name, any, maybe(map)], 4),
    7: law([seq, name, any, maybe(count)], 3),
    8: law([seq]),
    9: law([seq, seq], 2, ordered(1, 2)),
    15: law([count, count]),
    16: law([seq, name, maybe(text), maybe(count), any], 2),
    18: law([seq, name]),
    21: law([name, maybe(count), KIND, any]),
    24: law([any]),
  },
  server: {
    ...BOTH,
    2: law([welcome]),
    4: law([count, maybe(state)], 1),
    10: law([count, seq]),
    11: law([count, seq, text, text, maybe(count)], 4),
    12: law([name, seq, name, any, meta], 5, { strict: (frame) => strictMeta(frame[5]) }),
    13: law([name, seq]),
    14: law([name, text, seq, (value) => value === null || seq(value), text], 5, ordered(3, 4)),
    17: law([seq, name, text, count, maybe(list(member))], 4, strictMembers(5)),
    19: law([count, name, text]),
    21: law([name, count, KIND, list(member)], 4, strictMembers(4)),
    25: law([user]),
    26: law([away]),
    27: law([text, text]),
  },
}

/** What a reader on the other side of `side` must make of this frame. */
export function verdict(frame: unknown, side: Side): Verdict {
  if (!Array.isArray(frame)) return 'unlawful'
  const type: unknown = frame[0]
  if (!count(type)) return 'unlawful'
  const known = LAWS[side][type as number]
  if (known === undefined) return (type as number) >= 64 ? 'ignored' : 'unlawful'
  if (frame.length <= known.needed) return 'unlawful'
  if (!known.elements.every((test, index) => test(frame[index + 1]))) return 'unlawful'
  if (known.also?.(frame) === false) return 'unlawful'
  return known.strict?.(frame) === false ? 'either' : 'lawful'
}
