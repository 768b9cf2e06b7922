/**
 * How long to wait before the next dial.
 *
 * Owns: exponential backoff with jitter, and the count that drives it.
 * Does not own: whether to dial again at all (policy.ts).
 */

export interface ReconnectConfig {
  readonly initialDelayMs: number
  readonly maxDelayMs: number
  readonly factor: number
  readonly jitter: 'full' | 'equal' | 'none'
  /** Failed dials in a row before giving up. */
  readonly maxAttempts: number
  /** A connection that held this long lets the count start over. */
  readonly stableAfterMs: number
}

/**
 * The delay before retry number `retry` (0 = the first) in ms.
 *
 * One random number spreads the delay and nothing else. `full` is the default because it spreads the clients of a
 * failed server best.
 */
export function backoffDelay(config: ReconnectConfig, retry: number, random: number): number {
  const exponential = config.initialDelayMs * config.factor ** Math.min(retry, 64)
  const longest = Math.min(config.maxDelayMs, exponential)
  switch (config.jitter) {
    case 'full':
      return longest * random
    case 'equal':
      return longest / 2 + (longest / 2) * random
    case 'none':
      return longest
  }
}
