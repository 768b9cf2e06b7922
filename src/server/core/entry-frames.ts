/**
 * Encoded entries: every entry becomes bytes once per serializer, however many followers it has.
 *
 * Owns: the frame of an entry and a bounded memory of those made lately, as long as somebody else may want them.
 * Does not own: who gets it, when (pump.ts).
 */
import type { Encoded, Serializer } from '../../protocol/codec.js'
import { FrameType } from '../../protocol/frames.js'
import type { LogEntry } from './store.js'

/** A serializer that knows how entries look may be faster at them. */
export interface EntrySerializer extends Serializer {
  /** What `encode` makes of the frame [ENTRY, log, offset, type, data, meta]; raises what `encode` raises. */
  encodeEntry?(log: string, entry: LogEntry): Encoded
}

/** A log and who reads it here (a feed is one). */
export interface FollowedLog {
  readonly log: string
  readonly followers: { readonly size: number }
}

/** An encoded frame and its size on the wire. */
export interface EncodedFrame {
  readonly data: Encoded
  readonly bytes: number
}

/** Enough for a burst to be encoded once while slow followers catch up; the log itself is the memory beyond it. */
const MAX_REMEMBERED_BYTES = 8_388_608

/** What remembering costs besides the bytes themselves: the entry, its frame, a place in the map. */
const OVERHEAD_BYTES = 400

export class EntryFrames {
  readonly serializer: EntrySerializer
  readonly #frames = new Map<LogEntry, EncodedFrame | null>()
  #bytes = 0

  constructor(serializer: EntrySerializer) {
    this.serializer = serializer
  }

  /**
   * The entry's frame; `null` if this serializer cannot say it. With one follower alone, which wants it once, it is not
   * remembered: that would cost more than encoding it.
   */
  of({ log, followers }: FollowedLog, entry: LogEntry): EncodedFrame | null {
    if (followers.size === 1) return this.#encode(log, entry)
    const known = this.#frames.get(entry)
    if (known !== undefined) return known
    const frame = this.#encode(log, entry)
    this.#frames.set(entry, frame)
    this.#bytes += costOf(frame)
    if (this.#bytes > MAX_REMEMBERED_BYTES) this.#forget()
    return frame
  }

  #encode(log: string, entry: LogEntry): EncodedFrame | null {
    const { serializer } = this
    try {
      const encoded =
        serializer.encodeEntry === undefined
          ? serializer.encode([FrameType.ENTRY, log, entry.offset, entry.type, entry.data, entry.meta])
          : serializer.encodeEntry(log, entry)
      return { data: encoded, bytes: serializer.size(encoded) }
    } catch {
      return null // The pump tells the follower by a GAP, which names the offset.
    }
  }

  /** The oldest half goes. */
  #forget(): void {
    for (const [entry, frame] of this.#frames) {
      if (this.#bytes <= MAX_REMEMBERED_BYTES / 2) return
      this.#frames.delete(entry)
      this.#bytes -= costOf(frame)
    }
  }
}

const costOf = (frame: EncodedFrame | null): number => OVERHEAD_BYTES + (frame?.bytes ?? 0)
