/**
 * What the books of a chaos run take and give.
 */
import type { ClientLine, Policy, ServerLine, Timed } from './journal.js'

/** Everything that one page of a client wrote. */
export interface PageJournal {
  readonly name: string
  readonly policy: Policy
  /** It was killed: what it had not stored went with it. */
  readonly killed: boolean
  readonly lines: readonly Timed<ClientLine>[]
}

/** Everything that one server process wrote; its store lived as long as it did. */
export interface LifeJournal {
  readonly lines: readonly Timed<ServerLine>[]
}

export interface Verdict {
  /** Welcomes that pages got, and how many of them resumed a session. */
  readonly connections: number
  readonly resumed: number
  readonly sent: number
  readonly outcomes: Readonly<Record<string, number>>
  readonly requests: Readonly<Record<string, number>>
  readonly runs: number
  /** Second runs, each of them announced as redelivered, after the server had lost its memory. */
  readonly redelivered: number
  readonly delivered: number
  readonly gaps: number
  /** Accepted, or stored by a page that was killed, and never handled. */
  readonly lost: number
  readonly duplicated: number
  readonly outOfOrder: number
  readonly violations: readonly string[]
}

/** How often each name is there. */
export function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
