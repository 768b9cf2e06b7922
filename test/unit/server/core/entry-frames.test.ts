import { expect, test } from 'vitest'
import type { Serializer } from '../../../../src/protocol/codec.js'
import { json } from '../../../../src/serializers/json.js'
import { EntryFrames, type FollowedLog } from '../../../../src/server/core/entry-frames.js'
import type { LogEntry } from '../../../../src/server/core/store.js'

function counting(): { serializer: Serializer; encodings: () => number } {
  const inner = json()
  let count = 0
  const encode: Serializer['encode'] = (value) => {
    count++
    return inner.encode(value)
  }
  return { serializer: { ...inner, encode }, encodings: () => count }
}

const entry = (offset: number, data: unknown): LogEntry => ({
  offset,
  type: 'note',
  data,
  meta: { id: `m${offset}`, from: null, at: 0 },
  audience: null,
})

const followedBy = (size: number): FollowedLog => ({ log: 'all', followers: { size } })
const shared = followedBy(2)

test('an entry is encoded once, however many followers it has', () => {
  const { serializer, encodings } = counting()
  const frames = new EntryFrames(serializer)
  const one = entry(1, 'x')
  expect(frames.of(shared, one)).toBe(frames.of(shared, one))
  expect(encodings()).toBe(1)
})

test('an entry that cannot be encoded is not tried for every follower', () => {
  const { serializer, encodings } = counting()
  const frames = new EntryFrames(serializer)
  const odd = entry(1, 1n)
  expect([frames.of(shared, odd), frames.of(shared, odd)]).toEqual([null, null])
  expect(encodings()).toBe(1)
})

test('of more than eight megabytes only the newer half is remembered', () => {
  const { serializer, encodings } = counting()
  const frames = new EntryFrames(serializer)
  const unencodable = entry(0, 1n)
  const entries = [unencodable, ...Array.from({ length: 9 }, (_, n) => entry(n + 1, 'x'.repeat(1_000_000)))]
  for (const one of entries) frames.of(shared, one)
  const before = encodings()
  for (const one of entries.slice(-4)) frames.of(shared, one)
  expect(encodings()).toBe(before)
  for (const one of entries.slice(0, 4)) frames.of(shared, one)
  expect(encodings()).toBe(before + 4)
})

test('for one follower alone nothing is remembered', () => {
  const { serializer, encodings } = counting()
  const frames = new EntryFrames(serializer)
  const one = entry(1, 'x')
  expect(frames.of(followedBy(1), one)).toEqual(frames.of(followedBy(1), one))
  expect(encodings()).toBe(2)
})

test('a serializer that knows how entries look writes them', () => {
  const frames = new EntryFrames({ ...json(), encodeEntry: (log, { offset }) => `[12,${log},${offset}]` })
  expect(frames.of(shared, entry(7, 'x'))).toEqual({ data: '[12,all,7]', bytes: 10 })
})
