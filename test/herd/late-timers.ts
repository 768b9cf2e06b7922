/**
 * Timers of a page in the background.
 *
 * Owns: a clock whose timers run at ticks of their own beat only, as browsers make those of hidden pages: once a second
 * at first, once a minute later. Every page has a beat of its own: machines did not start at the same moment.
 */
import type { Clock } from '../../src/runtime/ports.js'

/** The clock, but a timer waits for the next beat after it came due. */
export function lateTimers(clock: Clock, beatMs: number, phaseMs: number): Clock {
  return {
    now: () => clock.now(),
    wall: () => clock.wall(),
    endOfTurn: (callback) => clock.endOfTurn(callback),
    setTimer(callback, delayMs) {
      const due = clock.now() + Math.max(0, delayMs)
      const beat = Math.ceil((due - phaseMs) / beatMs) * beatMs + phaseMs
      return clock.setTimer(callback, beat - clock.now())
    },
  }
}
