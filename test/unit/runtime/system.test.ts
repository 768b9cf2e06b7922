import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock, systemRandom } from '../../../src/runtime/system.js'

afterEach(() => {
  vi.useRealTimers()
})

describe('systemClock', () => {
  it('has a monotonic and a wall-clock time', () => {
    const clock = systemClock()
    const before = clock.now()
    expect(clock.now()).toBeGreaterThanOrEqual(before)
    expect(Math.abs(clock.wall() - Date.now())).toBeLessThan(1_000)
  })

  it('calls back at the delay, once, and never early by a fraction', () => {
    vi.useFakeTimers()
    const calls: number[] = []
    systemClock().setTimer(() => calls.push(1), 10.4)
    vi.advanceTimersByTime(10)
    expect(calls).toEqual([])
    vi.advanceTimersByTime(1)
    vi.advanceTimersByTime(1_000)
    expect(calls).toEqual([1])
  })

  it.each([-5, 0])('takes %i for "soon"', (delayMs) => {
    vi.useFakeTimers()
    const callback = vi.fn<() => void>()
    systemClock().setTimer(callback, delayMs)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(callback).toHaveBeenCalledOnce()
  })

  it('waits longer than a platform timer can', () => {
    vi.useFakeTimers()
    const callback = vi.fn<() => void>()
    const days = 24 * 60 * 60 * 1_000
    systemClock().setTimer(callback, 60 * days)
    vi.advanceTimersByTime(60 * days - 1)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(callback).toHaveBeenCalledOnce()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('cancels, in a later step too', () => {
    vi.useFakeTimers()
    const callback = vi.fn<() => void>()
    const cancel = systemClock().setTimer(callback, 2 ** 32)
    vi.advanceTimersByTime(2 ** 31 + 5)
    cancel()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(2 ** 33)
    expect(callback).not.toHaveBeenCalled()
  })

  it('ends the turn before anything asynchronous', async () => {
    const order: string[] = []
    systemClock().endOfTurn(() => order.push('end of turn'))
    const later = Promise.resolve().then(() => order.push('promise'))
    order.push('turn')
    await later
    expect(order).toEqual(['turn', 'end of turn', 'promise'])
  })
})

describe('systemRandom', () => {
  it('makes ids of 132 bits that are safe in URLs and never the same', () => {
    const random = systemRandom()
    const ids = Array.from({ length: 10_000 }, () => random.id())
    for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('gives numbers in [0, 1)', () => {
    const random = systemRandom()
    const numbers = Array.from({ length: 1_000 }, () => random.next())
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers)).toBeLessThan(1)
    expect(new Set(numbers).size).toBeGreaterThan(900)
  })
})
