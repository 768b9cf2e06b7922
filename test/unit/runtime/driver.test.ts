import { describe, expect, it } from 'vitest'
import type { Machine, Sink } from '../../../src/protocol/machine.js'
import { Driver, type DriverInput, type DriverOptions } from '../../../src/runtime/driver.js'
import { manualClock } from '../../../src/testing/manual-clock.js'

type Input = { readonly type: 'say'; readonly effects: readonly string[] } | { readonly type: 'throw' }
type AnyInput = Input | DriverInput

const say = (...effects: string[]): Input => ({ type: 'say', effects })

/** A machine that does what its inputs say and writes down what it got. */
class Puppet implements Machine<AnyInput> {
  readonly inputs: [string, number][] = []
  due: number | null = null

  constructor(readonly sink: Sink<string>) {}

  handle(input: AnyInput, now: number): void {
    this.inputs.push([input.type, now])
    if (input.type === 'say') for (const effect of input.effects) this.sink(effect)
    if (input.type === 'throw') throw new Error('the machine broke')
    if (input.type === 'tick' && this.due !== null && now >= this.due) this.due = null
  }

  deadline(): number | null {
    return this.due
  }

  get types(): string[] {
    return this.inputs.map(([type]) => type)
  }
}

function setUp(options: Partial<DriverOptions<Input, string>> = {}) {
  const clock = manualClock()
  const performed: string[] = []
  const faults: unknown[] = []
  const jumps: number[] = []
  let puppet!: Puppet
  const driver = new Driver<Input, string>({
    clock,
    machine: (sink) => {
      puppet = new Puppet(sink)
      return puppet
    },
    perform: (effect) => performed.push(effect),
    onFault: (error) => faults.push(error),
    onClockJump: (ms) => jumps.push(ms),
    ...options,
  })
  return { clock, driver, puppet, performed, faults, jumps }
}

describe('inputs and effects', () => {
  it('an input is handled at once, and its effects are performed in order', () => {
    const { driver, performed } = setUp()
    driver.dispatch(say('a', 'b'))
    driver.dispatch(say('c'))
    expect(performed).toEqual(['a', 'b', 'c'])
  })

  it('an input raised by an effect waits until all effects before it are performed', () => {
    const seen: string[] = []
    const { driver } = setUp({
      perform: (effect) => {
        seen.push(`begin ${effect}`)
        if (effect === 'a') driver.dispatch(say('from a'))
        seen.push(`end ${effect}`)
      },
    })
    driver.dispatch(say('a', 'b'))
    expect(seen).toEqual(['begin a', 'end a', 'begin b', 'end b', 'begin from a', 'end from a'])
  })

  it('the machine gets the time of the clock', () => {
    const { driver, puppet, clock } = setUp()
    clock.advance(1_234)
    driver.dispatch(say())
    expect(puppet.inputs).toEqual([['say', 1_234]])
  })
})

describe('the turn', () => {
  it('ends with one flush and one afterTurn, however many inputs it had', () => {
    let turns = 0
    const { driver, puppet, clock } = setUp({ afterTurn: () => turns++ })
    driver.dispatch(say())
    driver.dispatch(say())
    expect([puppet.types, turns]).toEqual([['say', 'say'], 0])
    clock.endTurn()
    expect([puppet.types, turns]).toEqual([['say', 'say', 'flush'], 1])
    clock.endTurn()
    expect(turns).toBe(1)
  })

  it('begins by touch() too, for a machine that was changed directly', () => {
    const { driver, puppet, clock } = setUp()
    puppet.due = 50
    driver.touch()
    clock.endTurn()
    expect(puppet.types).toEqual(['flush'])
    expect(clock.nextTimerMs).toBe(50)
  })

  it('begins anew for an input raised in afterTurn', () => {
    let turns = 0
    const { driver, puppet, clock } = setUp({
      afterTurn: () => {
        if (++turns === 1) driver.dispatch(say())
      },
    })
    driver.touch()
    clock.endTurn()
    expect(puppet.types).toEqual(['flush', 'say', 'flush'])
    expect(turns).toBe(2)
  })
})

describe('the timer', () => {
  it('is one, at the deadline, and ticks', () => {
    const { driver, puppet, clock } = setUp()
    puppet.due = 100
    driver.dispatch(say())
    driver.dispatch(say())
    clock.endTurn()
    expect(clock.pendingTimers).toBe(1)
    clock.advance(99)
    expect(puppet.types).not.toContain('tick')
    clock.advance(1)
    expect(puppet.inputs).toContainEqual(['tick', 100])
    expect(clock.pendingTimers).toBe(0)
  })

  it('moves when the deadline comes earlier', () => {
    const { driver, puppet, clock } = setUp()
    puppet.due = 100
    driver.touch()
    clock.endTurn()
    puppet.due = 40
    driver.touch()
    clock.endTurn()
    expect([clock.pendingTimers, clock.nextTimerMs]).toEqual([1, 40])
  })

  it('stays when the deadline moves on, and is armed again when it fires early', () => {
    const { driver, puppet, clock } = setUp()
    puppet.due = 40
    driver.touch()
    clock.endTurn()
    puppet.due = 100
    driver.touch()
    clock.endTurn()
    expect(clock.nextTimerMs).toBe(40)
    clock.advance(40)
    expect([clock.pendingTimers, clock.nextTimerMs]).toEqual([1, 60])
    clock.advance(60)
    expect(puppet.inputs.filter(([type]) => type === 'tick')).toEqual([
      ['tick', 40],
      ['tick', 100],
    ])
  })

  it('goes when there is no deadline any more', () => {
    const { driver, puppet, clock } = setUp()
    puppet.due = 40
    driver.touch()
    clock.endTurn()
    puppet.due = null
    driver.touch()
    clock.endTurn()
    expect(clock.pendingTimers).toBe(0)
  })

  it('ticks soon for a deadline that has passed already', () => {
    const { driver, puppet, clock } = setUp()
    clock.advance(100)
    puppet.due = 50
    driver.touch()
    clock.advance(0)
    expect(puppet.inputs).toContainEqual(['tick', 100])
  })
})

describe('a clock that jumps', () => {
  const armed = (due: number) => {
    const all = setUp()
    all.puppet.due = due
    all.driver.touch()
    all.clock.endTurn()
    return all
  }

  it('is noticed when a timer is late', () => {
    const { clock, jumps } = armed(1_000)
    clock.sleep(61_000)
    clock.advance(0)
    expect(jumps).toEqual([60_000])
  })

  it('is noticed when monotonic time stood still while the wall clock went on', () => {
    const { clock, jumps } = armed(1_000)
    clock.sleep(3_600_000, { monotonic: false })
    clock.advance(1_000)
    expect(jumps).toEqual([3_600_000])
  })

  it.each([86_400_000, -86_400_000])('is noticed once when the wall clock is set by %i ms', (ms) => {
    const { clock, jumps, puppet, driver } = armed(1_000)
    clock.setWall(clock.wall() + ms)
    clock.advance(1_000)
    puppet.due = 2_000
    driver.touch()
    clock.advance(1_000)
    expect(jumps).toEqual([86_400_000])
  })

  it('is not cried at timers throttled to once a second', () => {
    const all = setUp()
    all.clock.throttle(1_000)
    all.puppet.due = 1_001
    all.driver.touch()
    all.clock.advance(5_000)
    expect(all.puppet.inputs).toContainEqual(['tick', 2_000])
    expect(all.jumps).toEqual([])
  })

  it('is told before the tick, so that what it raises comes first', () => {
    const order: string[] = []
    const all = setUp({ onClockJump: () => order.push('jump'), perform: (effect) => order.push(effect) })
    const handle = all.puppet.handle.bind(all.puppet)
    all.puppet.handle = (input, now) => {
      order.push(input.type)
      handle(input, now)
    }
    all.puppet.due = 10
    all.driver.touch()
    all.clock.endTurn()
    all.clock.sleep(10_000)
    all.clock.advance(0)
    expect(order).toEqual(['flush', 'jump', 'tick', 'flush'])
  })
})

describe('stop', () => {
  it('leaves no timer and takes no input', () => {
    const { driver, puppet, clock, performed } = setUp()
    puppet.due = 10
    driver.dispatch(say('a'))
    clock.endTurn()
    driver.stop()
    driver.dispatch(say('b'))
    driver.touch()
    clock.advance(1_000)
    expect(performed).toEqual(['a'])
    expect(puppet.types).toEqual(['say', 'flush'])
    expect(clock.pendingTimers).toBe(0)
  })

  it('inside an effect drops the effects and inputs behind it', () => {
    const seen: string[] = []
    const { driver, puppet, clock } = setUp({
      perform: (effect) => {
        seen.push(effect)
        driver.dispatch(say('raised'))
        driver.stop()
      },
    })
    driver.dispatch(say('a', 'b'))
    clock.advance(1_000)
    expect(seen).toEqual(['a'])
    expect(puppet.types).toEqual(['say'])
  })

  it('within the turn cancels its end', () => {
    let turns = 0
    const { driver, puppet, clock } = setUp({ afterTurn: () => turns++ })
    driver.dispatch(say())
    driver.stop()
    clock.endTurn()
    expect([puppet.types, turns]).toEqual([['say'], 0])
  })
})

describe('a fault', () => {
  it('in one effect is reported, and the next is performed', () => {
    const seen: string[] = []
    const { driver, faults } = setUp({
      perform: (effect) => {
        if (effect === 'bad') throw new Error('adapter broke')
        seen.push(effect)
      },
    })
    driver.dispatch(say('a', 'bad', 'b'))
    driver.dispatch(say('c'))
    expect(seen).toEqual(['a', 'b', 'c'])
    expect(faults).toEqual([new Error('adapter broke')])
  })

  it('in the machine is reported, and inputs behind it are not lost', () => {
    const { driver, performed, faults, clock, puppet } = setUp({
      perform: (effect) => {
        performed.push(effect)
        if (effect !== 'a') return
        driver.dispatch({ type: 'throw' })
        driver.dispatch(say('after'))
      },
    })
    driver.dispatch(say('a'))
    clock.endTurn()
    expect(faults).toEqual([new Error('the machine broke')])
    expect(performed).toEqual(['a', 'after'])
    expect(puppet.types).toEqual(['say', 'throw', 'say', 'flush'])
  })

  it('in afterTurn is reported, and the next turn ends too', () => {
    const { driver, faults, clock } = setUp({
      afterTurn: () => {
        throw new Error('subscriber broke')
      },
    })
    driver.touch()
    clock.endTurn()
    driver.touch()
    clock.endTurn()
    expect(faults).toHaveLength(2)
  })
})

describe('the end', () => {
  it('no timer is left when an effect of the last turn stops the driver while something has a deadline', () => {
    const stopped: Driver<Input, string>[] = []
    const { clock, driver, puppet } = setUp({ perform: () => stopped[0]?.stop() })
    stopped.push(driver)
    puppet.due = 5_000
    driver.touch()
    puppet.handle = (input) => {
      if (input.type === 'flush') puppet.sink('stop')
    }
    clock.endTurn()
    expect(clock.pendingTimers).toBe(0)
  })
})
