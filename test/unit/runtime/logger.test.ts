import { describe, expect, it } from 'vitest'
import { consoleLogger, guardLogger, type LogTarget, silentLogger } from '../../../src/runtime/logger.js'
import type { Logger } from '../../../src/runtime/ports.js'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

function recordingTarget(): { lines: unknown[][]; target: LogTarget } {
  const lines: unknown[][] = []
  const writer =
    (level: string) =>
    (...parts: unknown[]): void => {
      lines.push([level, ...parts])
    }
  const target = {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
  }
  return { lines, target }
}

/** A logger whose every method does `act`. */
const loggerThat = (act: () => unknown): Logger => ({ debug: act, info: act, warn: act, error: act })

describe('silentLogger', () => {
  it('takes everything', () => {
    expect(LEVELS.map((level) => silentLogger[level]('x', { a: 1 }))).toEqual(LEVELS.map(() => undefined))
  })
})

describe('consoleLogger', () => {
  it('writes the message with our name, and the fields if there are any', () => {
    const { lines, target } = recordingTarget()
    const logger = consoleLogger('debug', target)
    logger.debug('dialling', { attempt: 1 })
    logger.error('gave up')
    expect(lines).toEqual([
      ['debug', '[surewire] dialling', { attempt: 1 }],
      ['error', '[surewire] gave up'],
    ])
  })

  it.each([
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
  ] as const)('from %s on writes %i of four levels', (level, count) => {
    const { lines, target } = recordingTarget()
    const logger = consoleLogger(level, target)
    for (const at of LEVELS) logger[at]('x')
    expect(lines.map(([at]) => at)).toEqual(LEVELS.slice(-count))
  })
})

describe('guardLogger', () => {
  it('passes everything on', () => {
    const { lines, target } = recordingTarget()
    const logger = guardLogger(consoleLogger('debug', target))
    for (const level of LEVELS) logger[level]('x', { level })
    expect(lines).toEqual(LEVELS.map((level) => [level, '[surewire] x', { level }]))
  })

  it('calls the methods on their logger', () => {
    class Counting {
      calls = 0
      debug(): void {
        this.calls++
      }
      info(): void {}
      warn(): void {}
      error(): void {}
    }
    const counting = new Counting()
    guardLogger(counting).debug('x')
    expect(counting.calls).toBe(1)
  })

  it('survives a logger that throws, and reports the first error', () => {
    const faults: unknown[] = []
    const logger = guardLogger(
      loggerThat(() => {
        throw new Error('disk full')
      }),
      (error) => faults.push(error),
    )
    for (const level of LEVELS) logger[level]('x')
    expect(faults).toEqual([new Error('disk full')])
  })

  it('survives a logger that rejects', async () => {
    const faults: unknown[] = []
    const logger = guardLogger(
      loggerThat(() => Promise.reject(new Error('offline'))),
      (error) => faults.push(error),
    )
    logger.info('x')
    await Promise.resolve()
    await Promise.resolve()
    expect(faults).toEqual([new Error('offline')])
  })
})
