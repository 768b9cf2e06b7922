import { expect, test } from 'vitest'
import { seededRandom } from '../../../src/testing/seeded-random.js'

const draw = (seed: number | bigint, count = 20): number[] => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => random.next())
}

test('the same seed gives the same numbers', () => {
  expect(draw(7)).toEqual(draw(7n))
  expect(draw(7)).not.toEqual(draw(8))
})

test('the numbers of a seed never change: seeds kept from failures stay good', () => {
  expect(draw(1, 3)).toMatchInlineSnapshot(`
    [
      0.7887684114732861,
      0.8257387477544981,
      0.09988004362895309,
    ]
  `)
  expect(seededRandom(1).id()).toMatchInlineSnapshot(`"MBQosSH3ccscBPvy0mVlEo"`)
})

test('all 64 bits of a seed count', () => {
  expect(draw(1n)).not.toEqual(draw(1n + (1n << 40n)))
  expect(draw(-1)).toEqual(draw((1n << 64n) - 1n))
})

test('numbers are uniform in [0, 1)', () => {
  const random = seededRandom(3)
  const buckets = Array.from({ length: 10 }, () => 0)
  for (let count = 0; count < 100_000; count++) {
    const bucket = Math.floor(random.next() * 10)
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
  }
  expect(buckets).toHaveLength(10)
  for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(500)
})

test('ids are of 132 bits in characters safe in URLs, and differ', () => {
  const random = seededRandom(4)
  const ids = new Set(Array.from({ length: 10_000 }, () => random.id()))
  expect(ids.size).toBe(10_000)
  for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/)
})

test('integers reach both ends of their range and nothing beyond', () => {
  const random = seededRandom(5)
  const seen = new Set(Array.from({ length: 1_000 }, () => random.integer(-1, 2)))
  expect([...seen].toSorted((a, b) => a - b)).toEqual([-1, 0, 1, 2])
})

test('a fork is the same whatever was drawn before, and differs by its label', () => {
  const random = seededRandom(6)
  const before = random.fork('link 1').next()
  random.next()
  expect(random.fork('link 1').next()).toBe(before)
  expect(random.fork('link 2').next()).not.toBe(before)
  expect(seededRandom(7).fork('link 1').next()).not.toBe(before)
})

test('a fork of a fork is a stream of its own', () => {
  const fork = seededRandom(6).fork('link 1')
  expect(fork.fork('up').next()).not.toBe(fork.fork('down').next())
  expect(fork.fork('up').next()).not.toBe(seededRandom(6).fork('up').next())
})

test('a seed that is not an integer is told', () => {
  expect(() => seededRandom(0.5)).toThrow('not an integer')
})

test('picking from nothing is told', () => {
  expect(() => seededRandom(1).pick([])).toThrow('nothing to pick')
})
