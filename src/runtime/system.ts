/**
 * The machine's own clock and chance.
 *
 * Owns: the only use of timers, `Date`, `performance` and randomness outside of adapters.
 */
import { nanoid } from 'nanoid'
import type { Clock, Random } from './ports.js'

/** Longest delay of a platform timer (a signed 32-bit number of ms); a longer one would fire at once. */
const MAX_TIMER_MS = 2_147_483_647

/** Characters of an id: 22 of 64 are 132 bits. */
const ID_LENGTH = 22

/** The clock of this machine. A waiting timer keeps a Node process alive: a reconnect is work still to be done. */
export function systemClock(): Clock {
  return {
    now: () => performance.now(),
    wall: () => Date.now(),
    setTimer: startTimer,
    // Not queueMicrotask: for each, Node makes an async context, which costs ten times as much.
    // oxlint-disable-next-line promise/no-callback-in-promise -- it is the reaction itself
    endOfTurn: (callback) => void Promise.resolve().then(callback),
  }
}

/** Chance of this machine: ids from the platform's secure source, jitter from `Math.random`. */
export function systemRandom(): Random {
  return { next: () => Math.random(), id: () => nanoid(ID_LENGTH) }
}

/** For those who look at the clock when it rings, and set it anew: it may be early. */
export function startAlarm(callback: () => void, delayMs: number): () => void {
  const timer = setTimeout(callback, Math.min(delayMs, MAX_TIMER_MS))
  return () => clearTimeout(timer)
}

/** A delay beyond the platform's limit is waited for in steps; a fraction is rounded up, so as not to be early. */
export function startTimer(callback: () => void, delayMs: number): () => void {
  let left = Math.max(0, Math.ceil(delayMs))
  if (left <= MAX_TIMER_MS) return startAlarm(callback, left)
  let timer: ReturnType<typeof setTimeout>
  const step = (): void => {
    const wait = Math.min(left, MAX_TIMER_MS)
    left -= wait
    timer = setTimeout(left > 0 ? step : callback, wait)
  }
  step()
  return () => clearTimeout(timer)
}
