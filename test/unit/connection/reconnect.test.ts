import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffDelay, type ReconnectConfig } from '../../../src/connection/reconnect.js'

const config = (overrides: Partial<ReconnectConfig> = {}): ReconnectConfig => ({
  initialDelayMs: 500,
  maxDelayMs: 30_000,
  factor: 2,
  jitter: 'full',
  maxAttempts: Number.POSITIVE_INFINITY,
  stableAfterMs: 10_000,
  ...overrides,
})

describe('the delay before a retry', () => {
  it.each([
    ['full', 0, 0],
    ['full', 0.5, 1_000],
    ['full', 0.999, 1_998],
    ['equal', 0, 1_000],
    ['equal', 0.5, 1_500],
    ['none', 0, 2_000],
    ['none', 0.9, 2_000],
  ] as const)('with jitter %s and chance %d is %d ms in the third try', (jitter, random, delay) => {
    expect(backoffDelay(config({ jitter }), 2, random)).toBe(delay)
  })

  it('stays within its bounds, whatever the retry and whatever chance', () => {
    const jitters = fc.constantFrom('full' as const, 'equal' as const, 'none' as const)
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(
        jitters,
        fc.nat(100_000),
        chance,
        fc.integer({ min: 1, max: 10 }),
        (jitter, retry, random, factor) => {
          const delay = backoffDelay(config({ jitter, factor }), retry, random)
          const longest = Math.min(30_000, 500 * factor ** retry)
          expect(delay).toBeLessThanOrEqual(longest)
          expect(delay).toBeGreaterThanOrEqual(
            jitter === 'full' ? 0 : jitter === 'equal' ? longest / 2 : longest,
          )
        },
      ),
    )
  })
})
