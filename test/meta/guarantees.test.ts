import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DEFAULTS } from '../../src/client/options.js'
import { DEFAULT_HEARTBEAT, DEFAULT_LIMITS } from '../../src/server/core/limits.js'

const text = readFileSync(new URL('../../docs/guarantees.md', import.meta.url), 'utf8')
const numbers = [...text.matchAll(/^\| (\d+) \| [^|]+ \| [^|]+ \| [^|]+ \| [^|]+ \|$/gm)].map(([, n]) =>
  Number(n),
)

describe('docs/guarantees.md', () => {
  it('has a row for every failure that has a test', () => {
    const tests = readdirSync(new URL('../failures/', import.meta.url))
    const tested = tests.flatMap((name) => /^(\d+)-.*\.test\.ts$/.exec(name)?.[1] ?? []).map(Number)
    expect(tested.length).toBeGreaterThan(20)
    expect(tested.filter((number) => !numbers.includes(number))).toEqual([])
  })

  it('has its rows in order, each with five cells', () => {
    expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers)
    expect(text.match(/^\| \d/gm)).toHaveLength(numbers.length)
  })

  it('tells the times that are the defaults', () => {
    const { heartbeat, reconnect, connectTimeoutMs, request } = DEFAULTS
    const silence = heartbeat.intervalMs + heartbeat.timeoutMs
    expect([silence, DEFAULT_HEARTBEAT.intervalMs + DEFAULT_HEARTBEAT.timeoutMs]).toEqual([35_000, 35_000])
    expect([reconnect.initialDelayMs, reconnect.maxDelayMs, reconnect.stableAfterMs]).toEqual([
      500, 30_000, 10_000,
    ])
    expect([reconnect.jitter, reconnect.factor]).toEqual(['full', 2])
    expect([connectTimeoutMs, request.timeoutMs]).toEqual([20_000, 15_000])
    expect(DEFAULTS.queue).toEqual({ maxMessages: 10_000, maxBytes: 16 * 1024 * 1024, overflow: 'reject' })
    const { handlerMs, presenceGraceMs, sessionMs, producerMs } = DEFAULT_LIMITS
    expect([handlerMs, presenceGraceMs, sessionMs, producerMs]).toEqual([30_000, 10_000, 120_000, 86_400_000])
    const { historyMessages, historyBytes, historyMs } = DEFAULT_LIMITS
    expect([historyMessages, historyBytes, historyMs]).toEqual([1_000, 16 * 1024 * 1024, 3_600_000])
  })
})
