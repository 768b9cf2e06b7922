/**
 * Credentials with a time limit, as pages fetch them and servers check them.
 */
export interface Token {
  readonly user: string
  /** On the shared clock, in ms; `null`: for ever. */
  readonly until: number | null
}

export function newToken(user: string, now: number, holdsMs: number | null): Token {
  return { user, until: holdsMs === null ? null : now + holdsMs }
}
