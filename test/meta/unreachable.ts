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
  /** `then` or `else` of an `if`; else the text of the operand, of the side of a condition, of the `case`. */
  readonly arm: string
  readonly why: string
}

const exhaustive = 'the switch names every variant; another one is a compile error'

export const unreachableBranches: readonly UnreachableBranch[] = [
  // `deadline` and `#tick`.
  { file: 'src/connection/machine.ts', of: 'switch (state.name) {', arm: 'default:', why: exhaustive },
  { file: 'src/connection/machine.ts', of: 'switch (input.type) {', arm: 'default:', why: exhaustive },
  { file: 'src/connection/machine.ts', of: 'switch (next.do) {', arm: 'default:', why: exhaustive },
  { file: 'src/connection/policy.ts', of: 'switch (action) {', arm: 'default:', why: exhaustive },
]
