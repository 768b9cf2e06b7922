/**
 * What a world is like: sizes, limits and habits, drawn from its seed.
 *
 * Owns: the draw. Small bounds are frequent, because that is where protocols go wrong.
 */
import type { SeededRandom } from '../../src/testing/index.js'

export const USERS = ['ada', 'ben', 'cleo'] as const
export const ROOMS = ['red', 'blue', 'green'] as const
/** Nobody may join it or send to it. */
export const CLOSED_ROOM = 'vault'
export const NODES = ['a', 'b'] as const
/** What servers send. */
export const DOWN_TYPES = ['note', 'news', 'chat', 'raw'] as const
/** Steps name a page by a number up to this one, whoever is there. */
export const WHO = 11

export interface Parameters {
  readonly nodes: readonly (typeof NODES)[number][]
  /** User of each page. */
  readonly users: readonly string[]
  readonly limits: {
    readonly sessionMs: number
    readonly maxInFlight: number
    readonly maxInFlightBytes: number
    readonly maxRequests: number
    readonly handlerMs: number
    readonly presenceGraceMs: number
  }
  readonly historyMessages: number
  /** Way to the shared store and back, in ms; 0: it answers at once. */
  readonly storeMs: number
  readonly authenticateMs: number
  /** How long a token holds, in ms; `null`: for ever. */
  readonly tokenMs: number | null
  /** What pages speak; `mixed`: each its own. */
  readonly wire: 'json' | 'msgpack' | 'mixed'
  /** Nobody is asked who they are: all are anonymous. */
  readonly anonymous: boolean
}

export function drawParameters(random: SeededRandom): Parameters {
  const users: string[] = [...USERS]
  for (let more = random.integer(0, 2); more > 0; more--) users.push(random.pick(USERS))
  return {
    nodes: random.chance(0.6) ? NODES : ['a'],
    users,
    limits: {
      sessionMs: random.pick([3_000, 30_000, 120_000]),
      maxInFlight: random.pick([4, 16, 64, 1_024]),
      maxInFlightBytes: random.pick([600, 4_000, 4_194_304]),
      maxRequests: random.pick([1, 4, 64]),
      handlerMs: random.pick([2_000, 30_000]),
      presenceGraceMs: random.pick([500, 5_000]),
    },
    historyMessages: random.pick([5, 40, 400]),
    storeMs: random.pick([0, 0, 0, 3, 25]),
    authenticateMs: random.pick([0, 0, 30]),
    tokenMs: random.pick([null, null, 12_000, 45_000]),
    wire: random.pick(['json', 'json', 'json', 'msgpack', 'mixed']),
    anonymous: random.chance(0.15),
  }
}

/** How one page is set up; the next page on the same disk keeps `policy`, `durable` and `wire`. */
export interface Habits {
  readonly user: string
  readonly policy: 'resend' | 'reject'
  readonly durable: boolean
  readonly device: string
  readonly window: { readonly messages: number; readonly bytes: number }
  readonly maxMessages: number
  readonly maxBytes: number
  readonly overflow: 'reject' | 'drop-oldest' | 'drop-newest'
  readonly heartbeatMs: number
  readonly reconnect: {
    readonly initialDelayMs: number
    readonly maxDelayMs: number
    readonly factor: number
    readonly jitter: 'full' | 'equal' | 'none'
    readonly stableAfterMs: number
  }
  readonly userLogFrom: 'now' | 'start'
  /** Chance that a handler takes its time, and how long. */
  readonly slowness: { readonly chance: number; readonly maxMs: number }
  /** Chance that a callback calls back into the client. */
  readonly reentry: number
  /** Chance that a callback throws. */
  readonly throwing: number
  readonly wire: 'json' | 'msgpack'
  /** Messages to rooms carry bytes as well: everybody can read them. */
  readonly binary: boolean
}

export function drawHabits(
  random: SeededRandom,
  user: string,
  { wire }: Pick<Parameters, 'wire'>,
  before?: Habits,
): Habits {
  return {
    user,
    policy: before?.policy ?? random.pick(['resend', 'resend', 'reject']),
    durable: before?.durable ?? random.chance(0.6),
    device: random.pick(['mobile', 'desktop']),
    window: random.pick([
      { messages: 1_024, bytes: 4_194_304 },
      { messages: 4, bytes: 4_194_304 },
      { messages: 16, bytes: 1_500 },
    ]),
    maxMessages: random.pick([12, 60, 10_000]),
    overflow: random.pick(['reject', 'drop-oldest', 'drop-newest']),
    heartbeatMs: random.pick([2_000, 8_000, 25_000]),
    reconnect: {
      initialDelayMs: random.pick([50, 500]),
      maxDelayMs: random.pick([1_000, 5_000]),
      factor: 2,
      jitter: random.pick(['full', 'equal', 'none']),
      stableAfterMs: random.pick([1_000, 10_000]),
    },
    userLogFrom: random.pick(['now', 'start']),
    slowness: { chance: random.pick([0, 0.05, 0.3]), maxMs: random.pick([50, 1_500]) },
    reentry: random.pick([0, 0.005, 0.02]),
    throwing: random.pick([0, 0.003, 0.015]),
    maxBytes: random.pick([16_777_216, 16_777_216, 16_777_216, 500]),
    wire: before?.wire ?? (wire === 'mixed' ? random.pick(['json', 'msgpack']) : wire),
    binary: wire === 'msgpack',
  }
}
