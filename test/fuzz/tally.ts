/**
 * Counting what was fed to a target.
 *
 * Owns: frames, messages, and what became of them by name.
 */
export class Tally {
  /**
   * Frames that reached a reader. A message that could not be decoded counts as one, and so does, at a whole machine,
   * one that ended its connection.
   */
  frames = 0
  messages = 0
  /** Messages, or runs of a whole machine. */
  cases = 0
  readonly outcomes = new Map<string, number>()

  count(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
  }
}
