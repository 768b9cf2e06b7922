/**
 * One entry's way into a batch (rules 8, 9, 11).
 *
 * Owns: the receive window, SKIP in place of what is for others, GAP in place of what cannot come.
 * Does not own: whose turn it is (pump.ts).
 */
import { FrameType, type ServerFrame } from '../../protocol/frames.js'
import { isFor } from './audience.js'
import type { BatchWriter } from './batch-writer.js'
import type { Kernel } from './kernel.js'
import type { Follower, Peer } from './model.js'
import type { LogEntry } from './store.js'

export class EntryWriter {
  readonly #kernel: Kernel
  readonly #writer: BatchWriter

  constructor(kernel: Kernel, writer: BatchWriter) {
    this.#kernel = kernel
    this.#writer = writer
  }

  /** The log's epoch changed: what the reader had is no position any more. */
  beginAnew(follower: Follower): void {
    const from = follower.position + 1
    follower.epoch = follower.feed.epoch
    follower.position = 0
    follower.told = 0
    this.#sayNow(follower, [FrameType.GAP, follower.feed.log, follower.epoch, from, null, 'epoch'])
    this.#kernel.counters.gaps++
  }

  /** Offsets from … to will not come. */
  reportGap(follower: Follower, from: number, to: number, why: string): void {
    const { feed } = follower
    this.#settleSkip(follower, from - 1)
    this.#sayNow(follower, [FrameType.GAP, feed.log, follower.epoch, from, to, why])
    follower.position = to
    follower.told = to
    this.#kernel.counters.gaps++
  }

  /** Sends one entry, if it is for this connection; `false`: the window is closed. */
  deliver(peer: Peer, follower: Follower, entry: LogEntry): boolean {
    const { feed } = follower
    const { offset, audience } = entry
    if (audience !== null && !isFor(audience, peer.session)) {
      follower.position = offset
      peer.skipping.add(follower)
      return true
    }
    if (feed.counted && !this.isOpen(peer)) return false
    const frame = peer.connection.frames.of(feed, entry)
    if (frame === null || frame.bytes + 2 > peer.maxFrame) {
      this.reportGap(follower, offset, offset, frame === null ? 'unencodable' : 'too_large')
      return true
    }
    this.#settleSkip(follower, offset - 1)
    this.#writer.add(frame.data, frame.bytes, feed.counted)
    if (feed.counted) peer.sent.messages++
    this.#kernel.counters.messagesOut++
    follower.position = offset
    follower.told = offset
    return true
  }

  #settleSkip(follower: Follower, to: number): void {
    if (follower.told >= to) return
    this.#sayNow(follower, [FrameType.SKIP, follower.feed.log, to])
    follower.told = to
  }

  /** Entries may be sent: the window has room in both measures (a batch may start while it is below). */
  isOpen({ sent, handled, window }: Peer): boolean {
    return (
      sent.messages - handled.messages < window.messages &&
      sent.bytes + this.#writer.countedBytes - handled.bytes < window.bytes
    )
  }

  /** Straight into the batch at hand, because it belongs before the next entry. */
  #sayNow(follower: Follower, frame: ServerFrame): void {
    const { serializer } = follower.connection
    const encoded = serializer.encode(frame)
    this.#writer.add(encoded, serializer.size(encoded), false)
  }
}
