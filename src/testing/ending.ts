/**
 * What both ends of a link have in common.
 */
import type { Clock } from '../runtime/ports.js'
import type { Line } from './line.js'
import type { NetworkStats } from './network-types.js'

export type EndState = 'opening' | 'open' | 'closing' | 'closed'

/** What an end is told when it is over. */
export interface Ending {
  readonly code: number
  readonly reason: string
}

/** An end that learns of a broken line: RFC 6455 section 7.1.5. */
export const ABNORMAL: Ending = { code: 1006, reason: '' }

/** What an end needs of its link. */
export interface EndHost {
  readonly line: Line
  readonly clock: Clock
  readonly stats: NetworkStats
  /** This end is closed. */
  over(): void
}
