import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_DEPTH } from '../../../src/protocol/codec.js'
import { type EntryMeta, FrameType } from '../../../src/protocol/frames.js'
import { json } from '../../../src/serializers/json.js'
import { msgpack } from '../../../src/serializers/msgpack.js'
import type { LogEntry } from '../../../src/server/core/store.js'
import { withFastEntries } from '../../../src/server/json-entries.js'

const fast = withFastEntries(json())

const metas = fc.record(
  {
    id: fc.string(),
    from: fc.option(fc.string()),
    at: fc.nat(),
    re: fc.string(),
    error: fc.boolean(),
    redelivered: fc.boolean(),
    // A field that is added to the meta has to be written by hand as well.
  } satisfies Record<keyof EntryMeta, fc.Arbitrary<unknown>>,
  { requiredKeys: ['id', 'from', 'at'] },
)

const entries = fc.record({
  offset: fc.nat(),
  type: fc.string({ minLength: 1 }),
  // The key `__proto__` is refused, by both; a test of its own is below.
  data: fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__')),
  meta: metas,
  audience: fc.constant(null),
}) as fc.Arbitrary<LogEntry>

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = [value]
  return value
}

const entryOf = (data: unknown): LogEntry => ({
  offset: 1,
  type: 'note',
  data,
  meta: { id: 'm.1', from: null, at: 7 },
  audience: null,
})

const frameOf = (log: string, { offset, type, data, meta }: LogEntry): unknown => [
  FrameType.ENTRY,
  log,
  offset,
  type,
  data,
  meta,
]

describe('entries of json() written by hand', () => {
  it('are to the letter what the frame is encoded as', () => {
    fc.assert(
      fc.property(fc.string(), entries, (log, entry) => {
        expect(fast.encodeEntry?.(log, entry)).toBe(json().encode(frameOf(log, entry)))
      }),
    )
  })

  it('follow every change of log, type and time', () => {
    const one = entryOf(1)
    const other = { ...one, type: 'other', meta: { ...one.meta, at: 8 } }
    for (const [log, entry] of [
      ['a', one],
      ['b', one],
      ['b', other],
      ['a', one],
    ] as const) {
      expect(fast.encodeEntry?.(log, entry)).toBe(json().encode(frameOf(log, entry)))
    }
  })

  it('are JSON even if a store of another make left something out', () => {
    const odd = { ...entryOf(1), type: undefined, meta: { id: 'm.1', at: Number.NaN } } as unknown as LogEntry
    const text = withFastEntries(json()).encodeEntry?.('a', odd) as string
    expect(JSON.parse(text)).toEqual([FrameType.ENTRY, 'a', 1, null, 1, { id: 'm.1', from: null, at: null }])
  })

  it.each([
    ['bytes', new Uint8Array(1)],
    ['a Map', new Map()],
    ['a bigint', 1n],
    ['the key __proto__', JSON.parse('{"__proto__":1}') as unknown],
    ['data nested too deep', nested(MAX_DEPTH - 1)],
  ])('refuse %s, as encode does', (_, data) => {
    expect(() => json().encode(frameOf('a', entryOf(data)))).toThrow(TypeError)
    expect(() => fast.encodeEntry?.('a', entryOf(data))).toThrow(TypeError)
  })

  it('take data as deep as the wire does', () => {
    const deepest = nested(MAX_DEPTH - 2)
    expect(fast.encodeEntry?.('a', entryOf(deepest))).toBe(json().encode(frameOf('a', entryOf(deepest))))
  })

  it('are left to every other serializer itself', () => {
    const ownJson = { ...json(), encode: (value: unknown) => JSON.stringify(value) }
    for (const serializer of [msgpack(), ownJson]) expect(withFastEntries(serializer)).toBe(serializer)
  })
})
