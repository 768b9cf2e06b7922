/**
 * What a kept plan (test/sim/past/*.json) lacks: parameters that came later, and habits of pages that opened only since.
 *
 * Owns: the quiet values. A parameter that is new has to be given one with which the world is as it was without it.
 */
import type { Habits, Parameters } from './parameters.js'

export const QUIET_PARAMETERS: Parameters = {
  nodes: ['a'],
  users: ['ada', 'ben', 'cleo'],
  limits: {
    sessionMs: 120_000,
    maxInFlight: 1_024,
    maxInFlightBytes: 4_194_304,
    maxRequests: 64,
    handlerMs: 30_000,
    presenceGraceMs: 5_000,
  },
  historyMessages: 400,
  storeMs: 0,
  authenticateMs: 0,
  tokenMs: null,
  wire: 'json',
  anonymous: false,
}

/** A page that lets the client be: large windows and queues, handlers at once, callbacks that do and throw nothing. */
export function quietHabits(user: string, { wire }: Pick<Parameters, 'wire'>, before?: Habits): Habits {
  return {
    user,
    policy: before?.policy ?? 'resend',
    durable: before?.durable ?? true,
    device: 'desktop',
    window: { messages: 1_024, bytes: 4_194_304 },
    maxMessages: 10_000,
    maxBytes: 16_777_216,
    overflow: 'reject',
    heartbeatMs: 25_000,
    reconnect: { initialDelayMs: 500, maxDelayMs: 5_000, factor: 2, jitter: 'full', stableAfterMs: 10_000 },
    userLogFrom: 'now',
    slowness: { chance: 0, maxMs: 50 },
    reentry: 0,
    throwing: 0,
    wire: before?.wire ?? (wire === 'msgpack' ? 'msgpack' : 'json'),
    binary: wire === 'msgpack',
  }
}
