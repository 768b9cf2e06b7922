/**
 * A reader of one log: where it stands.
 *
 * Owns: the cursor and the rules that move it (8 and 9). Offsets are dense: the next entry is cursor + 1, or SKIP or GAP
 * says why not.
 */
import { ProtocolError } from '../protocol/errors.js'
import type { LogPosition } from '../protocol/frames.js'
import type { Cursor } from '../protocol/messages.js'

export class LogReader {
  readonly log: string
  #epoch: string
  #received: number
  #handled: number
  /** The application turned away from it: what was received and not handled yet is not wanted any more. */
  abandoned = false

  constructor(log: string, [epoch, offset]: LogPosition) {
    this.log = log
    this.#epoch = epoch
    this.#received = offset
    this.#handled = offset
  }

  get epoch(): string {
    return this.#epoch
  }

  /** What to offer at the next connection: everything received is in this client's hands. */
  get position(): LogPosition {
    return [this.#epoch, this.#received]
  }

  /** What an application may keep: everything up to here went through its handlers. */
  get handled(): Cursor {
    return { epoch: this.#epoch, offset: this.#handled }
  }

  /** Takes an entry; `false`: a duplicate, to be dropped. */
  entry(offset: number): boolean {
    if (offset <= this.#received) return false
    if (offset !== this.#received + 1) {
      throw new ProtocolError(
        `log ${this.log}: entry ${offset} came after ${this.#received} without SKIP or GAP`,
        { code: 'offset_jump' },
      )
    }
    this.#received = offset
    return true
  }

  skip(to: number): void {
    if (to > this.#received) this.#received = to
  }

  /** Takes a gap; returns the range that is missing for this reader, or `null` if it had that already. */
  gap(epoch: string, from: number, to: number | null): { from: number; to: number | null } | null {
    if (to === null) {
      // JOINED has moved the reader to the new epoch already: then only the server says where the old one was left.
      const missing = { from: epoch === this.#epoch ? from : this.#received + 1, to: null }
      this.#epoch = epoch
      this.#received = 0
      this.#handled = 0
      return missing
    }
    if (epoch !== this.#epoch || from > this.#received + 1) {
      throw new ProtocolError(
        `log ${this.log}: a gap from ${from} doesn't join on to ${this.#epoch}/${this.#received}`,
        { code: 'offset_jump' },
      )
    }
    if (to <= this.#received) return null
    const missing = { from: this.#received + 1, to }
    this.#received = to
    return missing
  }

  /** The handlers of an entry are done. */
  markHandled(epoch: string, offset: number): void {
    if (epoch === this.#epoch && offset > this.#handled) this.#handled = offset
  }
}
