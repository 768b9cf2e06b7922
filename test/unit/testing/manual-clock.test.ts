import { describe, expect, test } from 'vitest'
import { manualClock } from '../../../src/testing/manual-clock.js'

describe('timers', () => {
  test('run in the order they are due, those of one time in the order they were set', () => {
    const clock = manualClock()
    const ran: string[] = []
    clock.setTimer(() => ran.push('late'), 20)
    clock.setTimer(() => ran.push('first'), 10)
    clock.setTimer(() => ran.push('second'), 10)
    clock.advance(20)
    expect(ran).toEqual(['first', 'second', 'late'])
  })

  test('of one time keep their order, however many there are', () => {
    const clock = manualClock()
    const ran: number[] = []
    for (let n = 0; n < 100; n++) clock.setTimer(() => ran.push(n), n < 50 ? 10 : 5)
    clock.advance(10)
    const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n)
    expect(ran).toEqual([...upTo(50, 100), ...upTo(0, 50)])
  })

  test('see the time they were set for, however far the clock is advanced', () => {
    const clock = manualClock({ nowMs: 5, wallMs: 1_000 })
    const seen: number[] = []
    clock.setTimer(() => seen.push(clock.now(), clock.wall()), 7)
    clock.advance(100)
    expect(seen).toEqual([12, 1_007])
    expect([clock.now(), clock.wall()]).toEqual([105, 1_100])
  })

  test('set by a timer run in the same advance if they come due in it', () => {
    const clock = manualClock()
    const at: number[] = []
    const again = (): void => {
      at.push(clock.now())
      clock.setTimer(again, 10)
    }
    clock.setTimer(again, 10)
    clock.advance(35)
    expect(at).toEqual([10, 20, 30])
    expect(clock.nextTimerMs).toBe(5)
  })

  test('do not run once cancelled, and leave nothing behind', () => {
    const clock = manualClock()
    let ran = 0
    const cancels = Array.from({ length: 1_000 }, (_, index) => clock.setTimer(() => ran++, index))
    for (const cancel of cancels.slice(0, 990)) cancel()
    cancels[0]?.()
    expect(clock.pendingTimers).toBe(10)
    clock.advance(1_000)
    expect([ran, clock.pendingTimers, clock.nextTimerMs]).toEqual([10, 0, null])
    cancels[995]?.()
    expect(clock.pendingTimers).toBe(0)
  })

  test('come out in order, in whatever order they are set and cancelled', () => {
    const clock = manualClock()
    const due: number[] = []
    const delays = Array.from({ length: 500 }, (_, index) => (index * 7_919) % 1_009)
    const cancels = delays.map((delay) => clock.setTimer(() => due.push(delay), delay))
    cancels.forEach((cancel, index) => index % 3 === 0 && cancel())
    clock.advance(2_000)
    const kept = delays.filter((_, index) => index % 3 !== 0).toSorted((a, b) => a - b)
    expect(due).toEqual(kept)
  })

  test('with a delay that is not a number are a mistake that is told', () => {
    expect(() => manualClock().setTimer(() => undefined, Number.NaN)).toThrow('not a number')
  })

  test('run at whole multiples when throttled', () => {
    const clock = manualClock()
    const at: number[] = []
    clock.throttle(1_000)
    clock.setTimer(() => at.push(clock.now()), 10)
    clock.setTimer(() => at.push(clock.now()), 1_001)
    clock.advance(5_000)
    expect(at).toEqual([1_000, 2_000])
  })
})

describe('the end of a turn', () => {
  test('comes after each timer, before the next', () => {
    const clock = manualClock()
    const ran: string[] = []
    for (const name of ['a', 'b']) {
      clock.setTimer(() => {
        ran.push(name)
        clock.endOfTurn(() => ran.push(`end of ${name}`))
      }, 10)
    }
    clock.advance(10)
    expect(ran).toEqual(['a', 'end of a', 'b', 'end of b'])
  })

  test('runs what it asks for itself, without time moving', () => {
    const clock = manualClock()
    const ran: string[] = []
    clock.endOfTurn(() => {
      ran.push('one')
      clock.endOfTurn(() => ran.push('two'))
    })
    expect(ran).toEqual([])
    clock.endTurn()
    expect([ran, clock.now()]).toEqual([['one', 'two'], 0])
  })
})

describe('advanceAsync', () => {
  test('lets promises settle between two timers', async () => {
    const clock = manualClock()
    const ran: string[] = []
    const work = async (): Promise<void> => {
      await Promise.resolve()
      await Promise.resolve()
      ran.push(`after promises at ${clock.now()}`)
      clock.setTimer(() => ran.push(`timer at ${clock.now()}`), 5)
    }
    clock.setTimer(() => void work(), 10)
    clock.setTimer(() => ran.push(`last at ${clock.now()}`), 20)
    await clock.advanceAsync(20)
    expect(ran).toEqual(['after promises at 10', 'timer at 15', 'last at 20'])
  })

  test('lets promises that were pending before settle first', async () => {
    const clock = manualClock()
    const ran: string[] = []
    void Promise.resolve().then(() => clock.setTimer(() => ran.push(`at ${clock.now()}`), 1))
    await clock.advanceAsync(1)
    expect(ran).toEqual(['at 1'])
  })
})

describe('clocks that misbehave', () => {
  test('the wall clock tells whole milliseconds, as Date does', () => {
    const clock = manualClock({ wallMs: 0 })
    clock.advance(1.5)
    expect([clock.now(), clock.wall()]).toEqual([1.5, 1])
  })

  test('the wall clock is set without monotonic time or timers noticing', () => {
    const clock = manualClock()
    let ran = false
    clock.setTimer(() => (ran = true), 10)
    clock.setWall(0)
    expect([clock.now(), clock.wall(), ran]).toEqual([0, 0, false])
    clock.advance(3)
    expect([clock.now(), clock.wall()]).toEqual([3, 3])
  })

  test('a machine that sleeps runs its timers late', () => {
    const clock = manualClock()
    const at: number[] = []
    clock.setTimer(() => at.push(clock.now()), 10)
    clock.sleep(60_000)
    expect(at).toEqual([])
    clock.advance(0)
    expect(at).toEqual([60_000])
  })

  test('some platforms stop monotonic time while they sleep', () => {
    const clock = manualClock({ wallMs: 0 })
    clock.sleep(60_000, { monotonic: false })
    expect([clock.now(), clock.wall()]).toEqual([0, 60_000])
  })
})

describe('mistakes', () => {
  test('advancing from a timer of the same clock is told', () => {
    const clock = manualClock()
    clock.setTimer(() => clock.advance(1), 1)
    expect(() => clock.advance(1)).toThrow('called from a timer')
  })

  test.each([-1, Number.NaN])('%s is not a duration', (ms) => {
    expect(() => manualClock().advance(ms)).toThrow('not a duration')
  })

  test('a timer that re-arms itself without time passing is told instead of hanging', () => {
    const clock = manualClock()
    const again = (): void => void clock.setTimer(again, 0)
    again()
    expect(() => clock.advance(1)).toThrow('for ever')
  })
})
