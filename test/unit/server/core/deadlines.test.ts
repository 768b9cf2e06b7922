import { expect, test } from 'vitest'
import { Deadlines } from '../../../../src/server/core/deadlines.js'
import { Fifo } from '../../../../src/server/core/fifo.js'
import { seededRandom } from '../../../../src/testing/seeded-random.js'

test('what is due runs in the order of time, whatever the order of arming', () => {
  const random = seededRandom(7)
  const deadlines = new Deadlines()
  const ran: number[] = []
  const times = Array.from({ length: 500 }, () => random.integer(0, 1_000))
  for (const at of times) deadlines.arm(at, () => ran.push(at))
  deadlines.runDue(600)
  expect(ran).toEqual(times.filter((at) => at <= 600).toSorted((a, b) => a - b))
  expect(deadlines.next()).toBe(Math.min(...times.filter((at) => at > 600)))
})

test('what was cancelled never runs and leaves nothing behind', () => {
  const random = seededRandom(8)
  const deadlines = new Deadlines()
  const ran = new Set<number>()
  const armed = Array.from({ length: 300 }, (_, n) => deadlines.arm(random.integer(0, 100), () => ran.add(n)))
  const cancelled = armed.filter(() => random.chance(0.5))
  for (const due of cancelled) deadlines.cancel(due)
  for (const due of cancelled) deadlines.cancel(due)
  deadlines.runDue(100)
  expect(ran.size).toBe(300 - cancelled.length)
  expect(deadlines.next()).toBeNull()
})

test('cancelling what has run does nothing', () => {
  const deadlines = new Deadlines()
  const first = deadlines.arm(1, () => {})
  deadlines.arm(2, () => {})
  deadlines.runDue(1)
  deadlines.cancel(first)
  deadlines.cancel(null)
  expect(deadlines.next()).toBe(2)
})

test('a queue gives back what it got, in order, however much goes through it', () => {
  const queue = new Fifo<number>()
  const out: (number | undefined)[] = []
  for (let n = 0; n < 5_000; n++) {
    queue.push(n)
    if (n % 3 === 2) out.push(queue.shift(), queue.shift())
  }
  const left = [...queue]
  expect(queue.peek()).toBe(left[0])
  while (queue.length > 0) out.push(queue.shift())
  expect(out).toEqual(Array.from({ length: 5_000 }, (_, n) => n))
  expect(queue.shift()).toBeUndefined()
})
