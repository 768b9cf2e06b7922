/**
 * The pump: what is written to a connection at the end of a turn (rules 8, 9, 11).
 *
 * Owns: order (answers and acknowledgements, then entries), turns among logs that lag, one batch for many equal
 * followers.
 * Does not own: who follows what (feeds.ts, rooms.ts), one entry's way into a batch (entry-writer.ts), what is read
 * from the store (pages.ts).
 */
import type { Encoded } from '../../protocol/codec.js'
import { FrameType } from '../../protocol/frames.js'
import { BatchWriter, TARGET_BATCH_BYTES } from './batch-writer.js'
import type { Connections } from './connections.js'
import { EntryWriter } from './entry-writer.js'
import type { Feeds } from './feeds.js'
import type { Kernel } from './kernel.js'
import { type Connection, type Feed, type Follower, type Peer, peerOf, type Start } from './model.js'
import { Pages, QUANTUM } from './pages.js'
import type { LogEntry } from './store.js'

type Step = 'done' | 'again' | 'stop'

export class Pump {
  readonly #kernel: Kernel
  readonly #connections: Connections
  readonly #feeds: Feeds
  readonly #writer: BatchWriter
  readonly #entries: EntryWriter
  readonly #pages: Pages

  constructor(kernel: Kernel, connections: Connections, feeds: Feeds) {
    this.#kernel = kernel
    this.#connections = connections
    this.#feeds = feeds
    this.#writer = new BatchWriter(kernel)
    this.#entries = new EntryWriter(kernel, this.#writer)
    this.#pages = new Pages(kernel, feeds, (follower) => this.wake(follower))
  }

  /** Writes to all connections that have something to write. */
  flush(): void {
    for (const feed of this.#feeds.fresh) this.#wakeFollowers(feed)
    const { dirty } = this.#connections
    const now = [...dirty]
    dirty.clear()
    for (const connection of now) this.#write(connection)
    this.#feeds.trim()
  }

  /** Delivery starts; what is known to be missing is said in the same turn. */
  begin(follower: Follower, { log, epoch, gaps }: Start): void {
    for (const { from, to, why } of gaps) {
      this.#kernel.counters.gaps++
      this.#connections.say(follower.connection, [FrameType.GAP, log, epoch, from, to, why])
    }
    this.wake(follower)
  }

  /** The follower has, or may have, entries to send. */
  wake(follower: Follower): void {
    const peer = peerOf(follower.connection)
    if (peer === null) return
    if (!follower.queued && follower !== peer.replies) {
      follower.queued = true
      peer.behind.push(follower)
    }
    this.#connections.dirty.add(follower.connection)
  }

  /** The connection reads this log no more. */
  unfollow(peer: Peer, follower: Follower): void {
    this.#pages.forget(peer, follower)
    peer.skipping.delete(follower)
    peer.followers.delete(follower.feed.log)
    this.#feeds.unfollow(follower)
  }

  /** Says what followers let pass silently; due before every PING (rule 8). */
  settleSkips(peer: Peer): void {
    for (const follower of peer.skipping) {
      if (follower.told < follower.position) {
        this.#connections.say(peer.connection, [FrameType.SKIP, follower.feed.log, follower.position])
        follower.told = follower.position
      }
    }
    peer.skipping.clear()
  }

  #wakeFollowers(feed: Feed): void {
    for (const follower of feed.followers) this.wake(follower)
  }

  #write(connection: Connection): void {
    const peer = peerOf(connection)
    if (peer !== null && this.#writeShared(peer)) return
    const writer = this.#writer
    const { out, serializer } = connection
    connection.out = []
    writer.start(connection, peer?.maxFrame ?? Number.POSITIVE_INFINITY)
    for (const frame of out) writer.add(frame, serializer.size(frame), false)
    if (peer !== null) this.#writeEntries(peer)
    writer.finish()
  }

  #writeEntries(peer: Peer): void {
    let next: Step = 'again'
    while (peer.replies !== null && next === 'again') next = this.#step(peer, peer.replies)
    if (peer.connection.congested !== null) return
    // Each follower has one turn in a flush at a time; those that are not done queue up again.
    while (peer.behind.length > 0 && this.#entries.isOpen(peer)) {
      const follower = peer.behind.shift() as Follower
      follower.queued = false
      const isFollowed = peer.followers.get(follower.feed.log) === follower
      const step = isFollowed ? this.#step(peer, follower) : 'done'
      // It may have been woken to ask for a page, and did not.
      this.#pages.unblock(peer)
      if (step === 'done') continue
      follower.queued = true
      peer.behind.push(follower)
      if (step === 'stop') return
    }
  }

  /** One turn of one follower: at most {@link QUANTUM} entries. */
  #step(peer: Peer, follower: Follower): Step {
    const { feed } = follower
    if (follower.supply.is === 'asked') return 'done'
    if (follower.epoch !== feed.epoch) {
      this.#pages.end(peer, follower)
      this.#entries.beginAnew(follower)
    }
    if (follower.supply.is === 'page') return this.#sendPage(peer, follower, follower.supply)
    if (follower.position >= feed.head) return 'done'
    const first = feed.tail[0]
    if (first === undefined || first.offset > follower.position + 1) {
      this.#pages.ask(peer, follower)
      return 'done'
    }
    return this.#sendTail(peer, follower, first.offset)
  }

  #sendTail(peer: Peer, follower: Follower, firstOffset: number): Step {
    const { tail } = follower.feed
    const start = follower.position + 1 - firstOffset
    const end = Math.min(tail.length, start + QUANTUM)
    for (let at = start; at < end; at++) {
      if (!this.#entries.deliver(peer, follower, tail[at] as LogEntry)) return 'stop'
    }
    return end < tail.length ? 'again' : 'done'
  }

  #sendPage(peer: Peer, follower: Follower, page: Extract<Follower['supply'], { is: 'page' }>): Step {
    // Rule 9: one GAP with the exact range, then what is left.
    const isTrimmed = page.first > follower.position + 1
    if (isTrimmed) this.#entries.reportGap(follower, follower.position + 1, page.first - 1, 'history')
    while (page.next < page.entries.length) {
      if (!this.#entries.deliver(peer, follower, page.entries[page.next] as LogEntry)) return 'stop'
      page.next++
      this.#kernel.counters.replayed++
    }
    this.#pages.end(peer, follower)
    // An empty page has nothing more to give now; the next append wakes the follower.
    const isEmpty = page.entries.length === 0 && !isTrimmed
    return follower.position < follower.feed.head && !isEmpty ? 'again' : 'done'
  }

  /**
   * The common case of a room with many live readers: nothing else to say, and the same new entries for all.
   * One batch is joined and handed to every socket.
   */
  #writeShared(peer: Peer): boolean {
    const { connection, behind } = peer
    const follower = behind.peek()
    if (
      follower === undefined ||
      behind.length !== 1 ||
      connection.out.length > 0 ||
      connection.congested !== null
    ) {
      return false
    }
    const { feed, position, supply } = follower
    // Nobody to share it with.
    if (feed.followers.size === 1) return false
    if (supply.is !== 'tail' || follower.epoch !== feed.epoch || follower.told !== position) return false
    if (peer.replies !== null && peer.replies.position < peer.replies.feed.head) return false
    if (peer.followers.get(feed.log) !== follower || position >= feed.head) return false
    const shared = this.#sharedBatch(peer, feed, position + 1)
    if (shared === null || !this.#fits(peer, feed.head - position, shared.bytes)) return false
    behind.shift()
    follower.queued = false
    peer.sent.messages += feed.head - position
    this.#kernel.counters.messagesOut += feed.head - position
    follower.position = feed.head
    follower.told = feed.head
    this.#writer.send(connection, shared.data, shared.bytes, true)
    return true
  }

  #fits({ sent, handled, window, maxFrame }: Peer, messages: number, bytes: number): boolean {
    return (
      bytes <= maxFrame &&
      sent.messages + messages - handled.messages <= window.messages &&
      sent.bytes + bytes - handled.bytes <= window.bytes
    )
  }

  #sharedBatch({ connection: { frames } }: Peer, feed: Feed, from: number): Feed['shared'] {
    const { shared, tail, head } = feed
    if (shared !== null && shared.frames === frames && shared.from === from && shared.to === head)
      return shared
    const first = tail[0]?.offset ?? from + 1
    if (!feed.counted || first > from) return null
    const encoded: Encoded[] = []
    let bytes = 0
    for (let at = from - first; at < tail.length; at++) {
      const entry = tail[at] as LogEntry
      const frame = entry.audience === null ? frames.of(feed, entry) : null
      bytes += frame?.bytes ?? 0
      if (frame === null || bytes > TARGET_BATCH_BYTES) return null
      encoded.push(frame.data)
    }
    const data = frames.serializer.batch(encoded)
    feed.shared = { frames, from, to: head, data, bytes: frames.serializer.size(data) }
    return feed.shared
  }
}
