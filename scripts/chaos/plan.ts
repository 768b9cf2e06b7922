/**
 * What goes wrong in a chaos run, drawn from its seed. Pure: the same seed gives the same steps, in the same order, for
 * each of the tracks; when they happen is the machine's.
 *
 * Owns: kinds of faults, how often and how long. Durations in ms.
 * Does not own: making them happen (storm.ts).
 */
import type { SeededRandom } from '../../src/testing/index.js'

export const NETWORK_FAULTS = [
  'reset',
  'reset again and again',
  'half-close up',
  'half-close down',
  'black hole',
  'black hole up',
  'black hole down',
  'cut inside a frame up',
  'cut inside a frame down',
  'delay',
  'trickle',
  'buffer',
  'idle reaper',
  'refuse',
] as const
export type NetworkFault = (typeof NETWORK_FAULTS)[number]

/** One fault of the network, for `forMs`, then `calmMs` without. `amount`: ms or bytes a second, as the fault has it. */
export interface NetworkStep {
  readonly fault: NetworkFault
  readonly amount: number
  readonly forMs: number
  readonly calmMs: number
}

/** What happens to a process after `calmMs`. */
export type ProcessStep = { readonly calmMs: number } & (
  | { readonly what: 'kill'; readonly awayMs: number }
  | { readonly what: 'stop'; readonly forMs: number }
  | {
      readonly what: 'restart'
      readonly drainMs: number
      readonly retryAfterMs: number
      readonly spreadMs: number
      readonly awayMs: number
    }
)

export interface Severity {
  /** Processes are stopped for 500 ms up to this. @default 40_000 */
  readonly longestStopMs: number
  /** Pauses between what happens to processes are multiplied by this. @default 1 */
  readonly calm: number
}

const SHORTEST_STOP_MS = 500

/** The lowest and highest amount of each fault that has one, and its longest duration. */
const FAULT_BOUNDS: Readonly<
  Record<NetworkFault, { readonly amount: readonly [number, number]; readonly longestMs: number }>
> = {
  reset: { amount: [0, 0], longestMs: 0 },
  'reset again and again': { amount: [50, 500], longestMs: 3_000 },
  'half-close up': { amount: [0, 0], longestMs: 300 },
  'half-close down': { amount: [0, 0], longestMs: 300 },
  'black hole': { amount: [0, 0], longestMs: 5_000 },
  'black hole up': { amount: [0, 0], longestMs: 5_000 },
  'black hole down': { amount: [0, 0], longestMs: 5_000 },
  'cut inside a frame up': { amount: [0, 0], longestMs: 500 },
  'cut inside a frame down': { amount: [0, 0], longestMs: 500 },
  delay: { amount: [20, 800], longestMs: 3_000 },
  trickle: { amount: [1, 2_000], longestMs: 4_000 },
  buffer: { amount: [100, 1_500], longestMs: 3_000 },
  'idle reaper': { amount: [30, 500], longestMs: 3_000 },
  refuse: { amount: [0, 0], longestMs: 2_000 },
}

/** Faults of one client's network, without end. */
export function* networkSteps(random: SeededRandom): Generator<NetworkStep, never> {
  for (;;) {
    const fault = random.pick(NETWORK_FAULTS)
    const { amount, longestMs } = FAULT_BOUNDS[fault]
    yield {
      fault,
      amount: random.integer(...amount),
      forMs: random.integer(0, longestMs),
      calmMs: random.integer(100, 2_500),
    }
  }
}

/** A client's process: killed, with a new page afterwards, or stopped. */
export function* clientSteps(random: SeededRandom, severity: Severity): Generator<ProcessStep, never> {
  for (;;) {
    const calmMs = random.integer(4_000, 30_000) * severity.calm
    yield random.chance(0.5)
      ? { what: 'kill', calmMs, awayMs: random.integer(0, 3_000) }
      : { what: 'stop', calmMs, forMs: stopMs(random, severity) }
  }
}

/** The server's process: killed, stopped, or restarted in order. */
export function* serverSteps(random: SeededRandom, severity: Severity): Generator<ProcessStep, never> {
  for (;;) {
    const calmMs = random.integer(3_000, 20_000) * severity.calm
    const what = random.pick(['kill', 'stop', 'restart'] as const)
    const awayMs = random.integer(0, 2_000)
    if (what === 'kill') yield { what, calmMs, awayMs }
    else if (what === 'stop') yield { what, calmMs, forMs: stopMs(random, severity) }
    else {
      const [drainMs, retryAfterMs, spreadMs] = [
        random.integer(0, 1_000),
        random.integer(0, 500),
        random.integer(0, 2_000),
      ]
      yield { what, calmMs, drainMs, retryAfterMs, spreadMs, awayMs }
    }
  }
}

/** The proxy's process is stopped: every network at once, and nobody is told. */
export function* proxySteps(random: SeededRandom, severity: Severity): Generator<ProcessStep, never> {
  for (;;) {
    const calmMs = random.integer(8_000, 40_000) * severity.calm
    yield { what: 'stop', calmMs, forMs: stopMs(random, severity) }
  }
}

/** Short stops are as likely as long ones: uniform in the exponent. */
function stopMs(random: SeededRandom, { longestStopMs }: Severity): number {
  return Math.round(SHORTEST_STOP_MS * (longestStopMs / SHORTEST_STOP_MS) ** random.next())
}
