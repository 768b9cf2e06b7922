/**
 * A clock that moves only when told.
 *
 * Owns: monotonic and wall-clock time, timers, the end of the turn. Everything runs synchronously and in an order that
 * depends on nothing but the calls: one timer, then its end of turn, then the next timer.
 * Does not own: promises. {@link ManualClock.advanceAsync} lets those of the platform run between two steps.
 */
import type { Clock } from '../runtime/ports.js'
import { TimerHeap, type PendingTimer } from './timer-heap.js'

/** So many steps without time moving on are an endless loop, not a busy program. */
const MAX_STEPS_AT_ONE_TIME = 1_000_000

export interface ManualClockOptions {
  /** Monotonic time at the start in ms. @default 0 */
  nowMs?: number
  /** Wall-clock time at the start in ms since 1970. @default 1_700_000_000_000 (November 2023) */
  wallMs?: number
}

/** What a machine that sleeps does to its clocks. */
export interface SleepOptions {
  /** Some platforms stop the monotonic clock while they sleep. @default true */
  monotonic?: boolean
}

/** A {@link Clock} for tests. Nothing happens between two calls. */
export interface ManualClock extends Clock {
  /** Lets `ms` pass: runs every timer that comes due, in order, each followed by its end of turn. */
  advance(ms: number): void
  /** Like `advance`, and lets the platform's promises run before the first step and after every one. */
  advanceAsync(ms: number): Promise<void>
  /** Ends the turn: runs the `endOfTurn` callbacks, and those that they ask for. Time stands still. */
  endTurn(): void
  /** Sets the wall clock, as a user or NTP does. Monotonic time and timers know nothing of it. */
  setWall(ms: number): void
  /** The machine sleeps: time passes, no timer runs; those that came due run late, at the next `advance`. */
  sleep(ms: number, options?: SleepOptions): void
  /** Timers run at multiples of `ms` only, as in a hidden tab; 0: exactly. Concerns timers set from now on. */
  throttle(ms: number): void
  /** Timers set and neither run nor cancelled. */
  readonly pendingTimers: number
  /** Time until the next timer in ms; `null` if there is none. */
  readonly nextTimerMs: number | null
}

/**
 * Makes a clock that moves only when told.
 *
 * @example
 * const clock = manualClock();
 * clock.setTimer(() => console.log('a second later'), 1_000);
 * clock.advance(1_000);
 */
export function manualClock(options: ManualClockOptions = {}): ManualClock {
  return new SteppedClock(options)
}

class SteppedClock implements ManualClock {
  #now: number
  #wall: number
  #throttleMs = 0
  #timersSet = 0
  #turn: (() => void)[] = []
  #advancing = false
  readonly #timers = new TimerHeap()

  constructor({ nowMs = 0, wallMs = 1_700_000_000_000 }: ManualClockOptions) {
    this.#now = nowMs
    this.#wall = wallMs
  }

  now(): number {
    return this.#now
  }

  wall(): number {
    // Whole, as Date.now is: it travels as data.
    return Math.floor(this.#wall)
  }

  get pendingTimers(): number {
    return this.#timers.size
  }

  get nextTimerMs(): number | null {
    const next = this.#timers.peek()
    return next === null ? null : Math.max(0, next.at - this.#now)
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    // A delay that is not a number would never come due and hide the mistake.
    if (Number.isNaN(delayMs)) throw new TypeError('setTimer: the delay is not a number')
    const exact = this.#now + Math.max(0, delayMs)
    const at = this.#throttleMs > 0 ? Math.ceil(exact / this.#throttleMs) * this.#throttleMs : exact
    const timer: PendingTimer = { at, order: this.#timersSet++, callback }
    this.#timers.add(timer)
    return () => this.#timers.cancel(timer)
  }

  endOfTurn(callback: () => void): void {
    this.#turn.push(callback)
  }

  advance(ms: number): void {
    this.#whileAdvancing(() => {
      const until = this.#now + checkDuration(ms, 'advance')
      this.endTurn()
      for (let steps = 0; this.#step(until); steps++) checkProgress(steps)
      this.#moveTo(until)
    })
  }

  async advanceAsync(ms: number): Promise<void> {
    const until = this.#now + checkDuration(ms, 'advanceAsync')
    await this.#settle()
    for (let steps = 0; ; steps++) {
      checkProgress(steps)
      if (this.#whileAdvancing(() => this.#step(until))) {
        await this.#settle()
        continue
      }
      if (this.#now < until) this.#moveTo(until)
      return
    }
  }

  endTurn(): void {
    for (let steps = 0; this.#turn.length > 0; steps++) {
      checkProgress(steps)
      const callbacks = this.#turn
      this.#turn = []
      for (const callback of callbacks) callback()
    }
  }

  setWall(ms: number): void {
    this.#wall = ms
  }

  sleep(ms: number, { monotonic = true }: SleepOptions = {}): void {
    checkDuration(ms, 'sleep')
    if (monotonic) this.#now += ms
    this.#wall += ms
  }

  throttle(ms: number): void {
    this.#throttleMs = checkDuration(ms, 'throttle')
  }

  /** Runs the next timer due by `until` and ends its turn; false if there is none. */
  #step(until: number): boolean {
    const next = this.#timers.peek()
    if (next === null || next.at > until) return false
    this.#timers.take()
    this.#moveTo(next.at)
    const callback = next.callback
    next.callback = null
    callback?.()
    this.endTurn()
    return true
  }

  #moveTo(at: number): void {
    const passed = Math.max(0, at - this.#now)
    this.#now += passed
    this.#wall += passed
  }

  /** Ends the turn and lets promises run until neither asks for more. */
  async #settle(): Promise<void> {
    do {
      this.endTurn()
      await platformTurn()
    } while (this.#turn.length > 0)
  }

  #whileAdvancing<Result>(run: () => Result): Result {
    if (this.#advancing) throw new Error('advance: called from a timer of the same clock')
    this.#advancing = true
    try {
      return run()
    } finally {
      this.#advancing = false
    }
  }
}

function checkDuration(ms: number, name: string): number {
  if (!(ms >= 0)) throw new TypeError(`${name}: ${ms} is not a duration in milliseconds`)
  return ms
}

function checkProgress(steps: number): void {
  if (steps > MAX_STEPS_AT_ONE_TIME) {
    throw new Error(
      `manualClock: ${MAX_STEPS_AT_ONE_TIME} steps in one advance; does something re-arm itself for ever?`,
    )
  }
}

// Taken when the module loads: a test runner may replace the timers of the platform later.
const platformSetTimeout = globalThis.setTimeout
const platformSetImmediate = (globalThis as { setImmediate?: (callback: () => void) => unknown }).setImmediate

/** A turn of the platform's own event loop: every promise that can settle by itself does so before. */
function platformTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (platformSetImmediate === undefined) platformSetTimeout(resolve, 0)
    else platformSetImmediate(resolve)
  })
}
