/**
 * How patient the demo's clients are: much less than the defaults, because their network breaks several times a second.
 * An application would leave these options out.
 */
import type { ClientOptions } from '../src/index.js'

export const patience = {
  reconnect: { initialDelayMs: 50, maxDelayMs: 500, stableAfterMs: 100 },
  heartbeat: { intervalMs: 1_000, timeoutMs: 500 },
  connectTimeoutMs: 2_000,
} satisfies Partial<ClientOptions>
