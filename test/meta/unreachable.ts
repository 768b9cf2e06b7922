/**
 * Owns: the branches of the pure floors that no input reaches, each with the reason. `npm run coverage:pure` fails for
 * a branch that is neither covered nor named here, and for a name here that is covered or gone.
 *
 * Two kinds belong here and no other: the `default` that makes a `switch` exhaustive, and what only the compiler asks
 * for (an element of an array that cannot be missing is `undefined` to it all the same).
 */

/** One arm of one branch; lines are given as they are, trimmed, so that the name survives lines that move. */
export interface UnreachableBranch {
  readonly file: string
  /** The line that decides. */
  readonly of: string
  /** `then` or `else` of an `if`; else the text of the operand, of the side of a condition, of the `case` and its first line. */
  readonly arm: string
  readonly why: string
}

const exhaustive = 'the switch names every variant; another one is a compile error'

/** The `default` of a `switch` over `what`. */
function defaultOf(file: string, what: string, arm: string): UnreachableBranch {
  return { file, of: `switch (${what}) {`, arm: `default: ${arm}`, why: exhaustive }
}

export const unreachableBranches: readonly UnreachableBranch[] = [
  // Twice: when a state ends by itself, and what happens then.
  defaultOf('src/connection/machine.ts', 'state.name', 'return unreachable(state)'),
  defaultOf('src/connection/machine.ts', 'input.type', 'return unreachable(input)'),
  defaultOf('src/connection/machine.ts', 'next.do', 'return unreachable(next)'),
  defaultOf('src/connection/policy.ts', 'action', 'return unreachable(action)'),
  defaultOf('src/session/client/inbound.ts', 'frame[0]', 'return unreachable(frame)'),
  defaultOf('src/server/core/inbox.ts', 'phase.is', 'unreachable(phase)'),
  defaultOf('src/server/core/inbox.ts', 'frame[0]', 'unreachable(frame)'),
  defaultOf('src/server/core/server-core.ts', 'input.type', 'unreachable(input)'),
]
