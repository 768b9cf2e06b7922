/**
 * A rule of docs/PROTOCOL.md with its check.
 *
 * Owns: the shape, and how a list of them is written down.
 */
import type { Kit } from './kit.js'

/** `core`: every server keeps it. `option`: servers that offer the feature do. */
export type Level = 'core' | 'option'

/** Resolves if the server keeps the rule, rejects with a Failure if not. */
export type Check = (kit: Kit) => Promise<void>

export interface RuleCheck {
  readonly rule: string
  readonly level: Level
  readonly check: Check
}

export function rulesOf(level: Level, checks: Readonly<Record<string, Check>>): RuleCheck[] {
  return Object.entries(checks).map(([rule, check]) => ({ rule, level, check }))
}
