/**
 * What every protocol machine looks like from outside.
 *
 * Owns: the one interface between pure logic and the driver that runs it.
 * Does not own: any logic. A machine never reads a clock, a timer, a socket or chance by itself.
 */

/** Receives what a machine wants done. Called synchronously, in order; must only store the effect. */
export type Sink<Out> = (effect: Out) => void

/**
 * A deterministic machine: the same inputs at the same times give the same effects.
 *
 * Effects leave through the {@link Sink} that the machine got when it was made; that measured faster than
 * returning an array for every input. The driver performs them after `handle` has returned, so a machine is
 * never re-entered.
 */
export interface Machine<In> {
  /** Takes one input. `now` is monotonic time in milliseconds and never goes back. */
  handle(input: In, now: number): void
  /** When `handle({ type: 'tick' })` is due, in the same time as `now`; `null` if nothing is pending. */
  deadline(): number | null
}

/** Ends an exhaustive `switch`: a variant that was forgotten is a compile error. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${String(value)}`)
}
