/**
 * The frames of one batch on its way up.
 *
 * Owns: counting a batch's bytes as frames are added, and the USE before what another producer numbers.
 * Does not own: what may be written, and when a batch is full (uplink.ts).
 */
import type { Encoded, Serializer } from '../../protocol/codec.js'
import { FrameType } from '../../protocol/frames.js'

/** Bytes of a batch around its frames, whatever the codec. */
export const BATCH_OVERHEAD = 8

/** Collects the frames of one batch; numbers count in producer 0 until a USE says otherwise. */
export class BatchWriter {
  readonly frames: Encoded[] = []
  bytes = BATCH_OVERHEAD
  readonly #serializer: Serializer
  #index = 0

  constructor(serializer: Serializer) {
    this.#serializer = serializer
  }

  /** Takes frames from the front of `control` while they fit; always the first. */
  take(control: Encoded[], maxBytes: number): void {
    let taken = 0
    for (const frame of control) {
      const bytes = this.bytes + this.#serializer.size(frame) + 1
      if (taken > 0 && bytes > maxBytes) break
      this.frames.push(frame)
      this.bytes = bytes
      taken++
    }
    control.splice(0, taken)
  }

  use(index: number): void {
    if (index === this.#index) return
    this.#index = index
    this.add(this.#serializer.encode([FrameType.USE, index]))
  }

  add(frame: Encoded): void {
    this.frames.push(frame)
    this.bytes += frame.length + 1
  }

  addMessage(type: number, seq: number, body: Encoded, size: number): void {
    const frame = this.#serializer.prepend([type, seq], body)
    this.frames.push(frame)
    // What was added is of one byte a character, whatever the body is of; the 1 is for a separator.
    this.bytes += size + frame.length - body.length + 1
  }
}
