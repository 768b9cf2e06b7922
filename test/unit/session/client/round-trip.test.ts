import { expect, test } from 'vitest'
import { RoundTrip } from '../../../../src/session/client/round-trip.js'

test('nothing is known before the first round trip', () => {
  const { last, mean, p95 } = new RoundTrip()

  expect({ last, mean, p95 }).toEqual({ last: null, mean: null, p95: null })
})

test('a single round trip is all of them', () => {
  const roundTrip = new RoundTrip()
  roundTrip.add(40)

  expect([roundTrip.last, roundTrip.mean, roundTrip.p95]).toEqual([40, 40, 40])
})

test('one in twenty may be slower than the 95th percentile says', () => {
  const roundTrip = new RoundTrip()
  for (let n = 100; n >= 1; n--) roundTrip.add(n)

  expect([roundTrip.last, roundTrip.mean, roundTrip.p95]).toEqual([1, 50.5, 96])
})

test('the percentile forgets what is older than 256 round trips; the mean does not', () => {
  const roundTrip = new RoundTrip()
  for (let n = 0; n < 256; n++) roundTrip.add(1_000)
  for (let n = 0; n < 256; n++) roundTrip.add(10)

  expect(roundTrip.p95).toBe(10)
  expect(roundTrip.mean).toBe(505)
})
