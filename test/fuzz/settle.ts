/**
 * Letting promises run while a manual clock stands still.
 *
 * Owns: how many turns of the queue are enough for the longest chain in the library (url, credentials, storage, dial).
 */
import type { ManualClock } from '../../src/testing/manual-clock.js'

const TURNS = 12

export async function settle(clock: ManualClock): Promise<void> {
  clock.endTurn()
  for (let turn = 0; turn < TURNS; turn++) await Promise.resolve()
  clock.endTurn()
}

/** Lets time pass timer by timer, promises included. `maxSteps` bounds a machine that arms timers for ever. */
export async function pass(clock: ManualClock, ms: number, maxSteps = 5_000): Promise<void> {
  const until = clock.now() + ms
  await settle(clock)
  for (let steps = 0; ; steps++) {
    if (steps > maxSteps) throw new Error(`more than ${maxSteps} timers within ${ms} ms`)
    const next = clock.nextTimerMs
    if (next === null || clock.now() + next > until) break
    clock.advance(next)
    await settle(clock)
  }
  clock.advance(Math.max(0, until - clock.now()))
  await settle(clock)
}
