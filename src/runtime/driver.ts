/**
 * The one driver: runs any machine against a clock.
 *
 * Owns: the queue of inputs raised while effects are performed (no re-entrancy), the one timer, the end of the turn.
 * Does not own: what inputs mean (the machine) or what effects do (`perform`).
 *
 *   input ─► machine.handle ─► effects ─► perform ─► (inputs raised meanwhile wait in the queue)
 *                 └─ deadline() ─► one timer ─► { type: 'tick' }
 *   first input of a turn ─► at its end { type: 'flush' }, then afterTurn()
 */
import type { Machine, Sink } from '../protocol/machine.js'
import type { Clock } from './ports.js'

/** Inputs that the driver itself raises; every machine takes them. */
export type DriverInput = { readonly type: 'tick' } | { readonly type: 'flush' }

const TICK: DriverInput = { type: 'tick' }
const FLUSH: DriverInput = { type: 'flush' }

/**
 * A timer this much late, or a wall clock this much ahead of the monotonic one, means that the machine slept (some
 * platforms stop the monotonic clock meanwhile) or that timers were throttled. Browsers throttle to once a second at
 * first, so anything below would cry wolf.
 */
const CLOCK_JUMP_MS = 2_500

export interface DriverOptions<In, Out, M extends Machine<In | DriverInput> = Machine<In | DriverInput>> {
  clock: Clock
  /** Makes the machine around the driver's sink. */
  machine: (sink: Sink<Out>) => M
  /** Does one effect. Errors it throws go to `onFault`. */
  perform: (effect: Out) => void
  /** After the last effect of a turn: publish snapshots. */
  afterTurn?: () => void
  /** The machine slept or its wall clock was set: `jumpMs` of time went by unseen. */
  onClockJump?: (jumpMs: number) => void
  /** An effect, `afterTurn` or the machine threw: a defect, reported and survived. The next input is still taken. */
  onFault: (error: unknown) => void
}

export class Driver<In, Out, M extends Machine<In | DriverInput> = Machine<In | DriverInput>> {
  /** What it runs; whoever changes it directly has to `touch` the driver. */
  readonly machine: M
  readonly #options: DriverOptions<In, Out, M>
  #effects: Out[] = []
  #inputs: (In | DriverInput)[] = []
  #running = false
  #turnScheduled = false
  #timer: { at: number; cancel: () => void } | null = null
  #stopped = false
  /** Wall clock minus monotonic clock, as last seen. */
  #wallAhead: number

  constructor(options: DriverOptions<In, Out, M>) {
    this.#options = options
    this.#wallAhead = options.clock.wall() - options.clock.now()
    this.machine = options.machine((effect) => {
      this.#effects.push(effect)
    })
  }

  /** Hands an input to the machine, at once or after those that wait. */
  dispatch(input: In | DriverInput): void {
    if (this.#stopped) return
    this.#take(input)
    this.touch()
  }

  /** Says that the machine was changed directly: a flush at the end of this turn, the timer re-armed then. */
  touch(): void {
    if (this.#turnScheduled || this.#stopped) return
    this.#turnScheduled = true
    this.#options.clock.endOfTurn(this.#endTurn)
  }

  /** No timer, no input, no effect after this. */
  stop(): void {
    this.#stopped = true
    this.#inputs = []
    this.#timer?.cancel()
    this.#timer = null
  }

  readonly #endTurn = (): void => {
    if (this.#stopped) return
    this.#turnScheduled = false
    this.#take(FLUSH)
    this.#arm()
    try {
      this.#options.afterTurn?.()
    } catch (error) {
      this.#options.onFault(error)
    }
  }

  #take(input: In | DriverInput): void {
    this.#inputs.push(input)
    if (this.#running) return
    this.#running = true
    try {
      for (let next = 0; next < this.#inputs.length; next++)
        this.#handle(this.#inputs[next] as In | DriverInput)
    } finally {
      this.#inputs = []
      this.#running = false
    }
  }

  #handle(input: In | DriverInput): void {
    const { clock, onFault } = this.#options
    try {
      this.machine.handle(input, clock.now())
    } catch (error) {
      onFault(error)
    }
    if (this.#effects.length > 0) this.#performAll()
  }

  #performAll(): void {
    const effects = this.#effects
    this.#effects = []
    for (const effect of effects) {
      if (this.#stopped) return
      try {
        this.#options.perform(effect)
      } catch (error) {
        this.#options.onFault(error)
      }
    }
  }

  /** Arms the timer for the machine's deadline. A timer that is early enough stays: it re-arms when it fires. */
  #arm(): void {
    // An effect of this very turn may have stopped the driver.
    if (this.#stopped) return
    const deadline = this.machine.deadline()
    if (deadline === null) {
      this.#timer?.cancel()
      this.#timer = null
      return
    }
    if (this.#timer !== null && this.#timer.at <= deadline) return
    this.#timer?.cancel()
    const delay = Math.max(0, deadline - this.#options.clock.now())
    this.#timer = { at: deadline, cancel: this.#options.clock.setTimer(() => this.#fire(deadline), delay) }
  }

  #noticeClockJump(armedFor: number): void {
    const { clock, onClockJump } = this.#options
    const wallAhead = clock.wall() - clock.now()
    const jumpMs = Math.max(clock.now() - armedFor, Math.abs(wallAhead - this.#wallAhead))
    this.#wallAhead = wallAhead
    if (jumpMs > CLOCK_JUMP_MS) onClockJump?.(jumpMs)
  }

  #fire(armedFor: number): void {
    if (this.#stopped) return
    this.#timer = null
    this.#noticeClockJump(armedFor)
    this.dispatch(TICK)
  }
}
