/**
 * A broken promise.
 *
 * Owns: the error that books throw, with the name of the invariant.
 */

/** Thrown by a world's books: something that was promised did not hold. */
export class Violation extends Error {
  /** Short name, such as `I1`. A failing plan is cut short as long as the same invariant stays broken. */
  readonly invariant: string

  /**
   * `invariant` names the promise in a word, `detail` says what was seen: for a person who reads the story of the run.
   *
   * @example
   * if (runs > 1) throw new Violation('once', `${id} ran ${runs} times`);
   */
  constructor(invariant: string, detail: string) {
    super(`${invariant}: ${detail}`)
    this.name = 'Violation'
    this.invariant = invariant
  }
}
