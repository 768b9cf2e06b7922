/**
 * Clients that lost their server come back spread over the time that it advised.
 *
 * 100,000 of them as connection machines; a few thousand with everything that production has, which must agree.
 */
import { describe, expect, test } from 'vitest'
import { type Departure, type HerdOptions, runHerd } from './herd.js'
import { runMachineHerd } from './machines.js'
import { peakRatio, quantile } from './rates.js'

const away = (spreadMs: number, afterMs = 0): Departure => ({
  how: 'away',
  drainMs: 2_000,
  afterMs,
  spreadMs,
})

/** At most this many times what an even spread over the advised window would bring in its busiest second. */
const MOST = 1.2

describe('100,000 connection machines', () => {
  test('come back after a deploy at no more than 1.2 times the even rate', () => {
    const clients = 100_000
    const report = runMachineHerd({ seed: 1, clients, departure: away(60_000), watchMs: 65_000 })

    expect(report.returned).toBe(clients)
    expect(report.dials).toBe(clients)
    expect(peakRatio(report.accepted, clients, 60_000)).toBeLessThanOrEqual(MOST)
  }, 60_000)
})

describe('whole clients', () => {
  const clients = 3_000
  const run = (options: Partial<HerdOptions>): ReturnType<typeof runHerd> =>
    runHerd({ seed: 1, clients, departure: away(2_000), watchMs: 5_000, ...options })

  test('come back after a deploy at no more than 1.2 times the even rate, as the machines do', async () => {
    const whole = await run({})
    const machines = runMachineHerd({ seed: 1, clients, departure: away(2_000), watchMs: 5_000 })

    expect(whole).toMatchObject({ returned: clients, dials: clients })
    expect(peakRatio(whole.accepted, clients, 2_000)).toBeLessThanOrEqual(MOST)
    for (const share of [0.1, 0.25, 0.5, 0.75, 0.9]) {
      const difference = quantile(whole.accepted, share) - quantile(machines.accepted, share)
      // 5 standard deviations of a median of 3,000 over 2 s are 91 ms.
      expect(Math.abs(difference)).toBeLessThan(100)
    }
  }, 30_000)

  test('nobody comes before the time that was advised, whatever the platform says meanwhile', async () => {
    const { accepted, returned } = await run({
      clients: 1_000,
      departure: away(2_000, 4_000),
      shownAgain: 0.5,
      watchMs: 8_000,
    })

    expect(returned).toBe(1_000)
    expect(quantile(accepted, 0)).toBeGreaterThanOrEqual(4_000)
    expect(quantile(accepted, 1)).toBeLessThanOrEqual(6_300)
  }, 30_000)

  test('pages in the background come late, and not at once', async () => {
    const { accepted, returned } = await run({
      clients: 1_500,
      background: { everySecond: 0.5, everyMinute: 0 },
      watchMs: 5_000,
    })

    expect(returned).toBe(1_500)
    expect(peakRatio(accepted, 1_500, 2_000)).toBeLessThanOrEqual(MOST)
  }, 30_000)

  test('a server that dies without a word gets them all back within the first backoff', async () => {
    const { accepted, returned } = await run({ clients: 1_000, departure: { how: 'crash' }, watchMs: 2_000 })

    expect(returned).toBe(1_000)
    expect(quantile(accepted, 1)).toBeLessThanOrEqual(700)
  }, 30_000)
})
