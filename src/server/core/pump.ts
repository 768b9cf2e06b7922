/**
 * The pump: what is written to a connection at the end of a turn (rules 8, 9, 11).
 *
 * Owns: order (answers and acknowledgements, then entries), the receive window, turns among logs that lag, one batch
 * for many equal followers, SKIP and GAP.
 * Does not own: who follows what (feeds.ts, rooms.ts), what an acknowledgement is (acceptance.ts).
 */
import type { Encoded } from '../../protocol/codec.js'
import { FrameType, type ServerFrame } from '../../protocol/frames.js'
import { isFor } from './audience.js'
import { BatchWriter, TARGET_BATCH_BYTES } from './batch-writer.js'
import type { Connections } from './connections.js'
import type { Feeds } from './feeds.js'
import type { Kernel } from './kernel.js'
import { type Connection, type Feed, type Follower, type Peer, peerOf, type Start } from './model.js'
import type { LogEntry, LogPage } from './store.js'

/** Entries a log may send before the next log's turn, and the size of a page. */
const QUANTUM = 64

/** Pages of lagging logs that one connection may have asked for: they are its only memory here. */
const MAX_PAGES = 2

/** Pages read in one go by all connections together, and the pause before the next go: about 5 ms of work. */
const PAGES_PER_PORTION = 64
const PORTION_PAUSE_MS = 1

type Step = 'done' | 'again' | 'stop'

export class Pump {
  readonly #kernel: Kernel
  readonly #connections: Connections
  readonly #feeds: Feeds
  readonly #writer: BatchWriter
  #pagesLeft = PAGES_PER_PORTION
  readonly #deferred = new Set<Follower>()

  constructor(kernel: Kernel, connections: Connections, feeds: Feeds) {
    this.#kernel = kernel
    this.#connections = connections
    this.#feeds = feeds
    this.#writer = new BatchWriter(kernel)
  }

  /** Writes to all connections that have something to write. */
  flush(): void {
    for (const feed of this.#feeds.fresh) this.#wakeFollowers(feed)
    this.#feeds.trim()
    const { dirty } = this.#connections
    const now = [...dirty]
    dirty.clear()
    for (const connection of now) this.#write(connection)
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
    this.#endPage(peer, follower)
    peer.skipping.delete(follower)
    this.#deferred.delete(follower)
    if (peer.followers.get(follower.feed.log) === follower) peer.followers.delete(follower.feed.log)
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
    if (peer.replies !== null) while (this.#step(peer, peer.replies) === 'again');
    if (peer.connection.congested !== null) return
    // Each follower has one turn in a flush at a time; those that are not done queue up again.
    while (peer.behind.length > 0 && this.#isOpen(peer)) {
      const follower = peer.behind.shift() as Follower
      follower.queued = false
      if (peer.followers.get(follower.feed.log) !== follower) continue
      const step = this.#step(peer, follower)
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
    if (follower.epoch !== feed.epoch) this.#beginAnew(follower)
    if (follower.supply.is === 'page') return this.#sendPage(peer, follower, follower.supply)
    if (follower.position >= feed.head) return 'done'
    const first = feed.tail[0]
    if (first === undefined || first.offset > follower.position + 1) return this.#ask(peer, follower)
    return this.#sendTail(peer, follower, first.offset)
  }

  #sendTail(peer: Peer, follower: Follower, firstOffset: number): Step {
    const { tail } = follower.feed
    const start = follower.position + 1 - firstOffset
    const end = Math.min(tail.length, start + QUANTUM)
    for (let at = start; at < end; at++) {
      if (!this.#deliver(peer, follower, tail[at] as LogEntry)) return 'stop'
    }
    return end < tail.length ? 'again' : 'done'
  }

  #sendPage(peer: Peer, follower: Follower, page: Extract<Follower['supply'], { is: 'page' }>): Step {
    // Rule 9: one GAP with the exact range, then what is left.
    const isTrimmed = page.first > follower.position + 1
    if (isTrimmed) this.#reportGap(follower, follower.position + 1, page.first - 1, 'history')
    while (page.next < page.entries.length) {
      if (!this.#deliver(peer, follower, page.entries[page.next] as LogEntry)) return 'stop'
      page.next++
      this.#kernel.counters.replayed++
    }
    this.#endPage(peer, follower)
    // An empty page has nothing more to give now; the next append wakes the follower.
    const isEmpty = page.entries.length === 0 && !isTrimmed
    return follower.position < follower.feed.head && !isEmpty ? 'again' : 'done'
  }

  /** Reads on from the log. Others have their turn meanwhile; the answer queues the follower again. */
  #ask(peer: Peer, follower: Follower): Step {
    const { feed } = follower
    if (feed.counted && peer.pages >= MAX_PAGES) return 'stop'
    if (this.#pagesLeft <= 0) return this.#defer(follower)
    this.#pagesLeft--
    if (feed.counted) peer.pages++
    follower.supply = { is: 'asked' }
    const wanted = (): boolean =>
      peer.followers.get(feed.log) === follower && peerOf(peer.connection) === peer
    this.#kernel.askStore(
      { method: 'read', log: feed.log, after: follower.position, limit: QUANTUM },
      wanted,
      (page) => {
        if (wanted()) this.#gotPage(peer, follower, page)
      },
    )
    return 'done'
  }

  #gotPage(peer: Peer, follower: Follower, page: LogPage): void {
    const { feed } = follower
    this.#feeds.observe(feed, page.state)
    if (feed.epoch === page.state.epoch && follower.epoch === feed.epoch) {
      const { state, entries } = page
      const first = entries[0]?.offset ?? Math.max(state.first, follower.position + 1)
      follower.supply = { is: 'page', entries, first, next: 0 }
    } else this.#endPage(peer, follower) // Another epoch: the next turn begins anew.
    this.wake(follower)
  }

  /** A crowd that comes back reads in portions, with the event loop's turn in between. */
  #defer(follower: Follower): Step {
    if (this.#deferred.size === 0) {
      this.#kernel.deadlines.arm(this.#kernel.now + PORTION_PAUSE_MS, () => {
        this.#pagesLeft = PAGES_PER_PORTION
        const waiting = [...this.#deferred]
        this.#deferred.clear()
        for (const next of waiting) this.wake(next)
      })
    }
    this.#deferred.add(follower)
    return 'done'
  }

  #endPage(peer: Peer, follower: Follower): void {
    if (follower.feed.counted && follower.supply.is !== 'tail') peer.pages--
    follower.supply = { is: 'tail' }
  }

  #beginAnew(follower: Follower): void {
    const peer = peerOf(follower.connection)
    if (peer !== null) this.#endPage(peer, follower)
    const from = follower.position + 1
    follower.epoch = follower.feed.epoch
    follower.position = 0
    follower.told = 0
    this.#sayNow(follower, [FrameType.GAP, follower.feed.log, follower.epoch, from, null, 'epoch'])
    this.#kernel.counters.gaps++
  }

  /** Offsets from … to will not come. */
  #reportGap(follower: Follower, from: number, to: number, why: string): void {
    const { feed } = follower
    this.#settleSkip(follower, from - 1)
    this.#sayNow(follower, [FrameType.GAP, feed.log, follower.epoch, from, to, why])
    follower.position = to
    follower.told = to
    this.#kernel.counters.gaps++
  }

  /** Sends one entry, if it is for this connection; `false`: the window is closed. */
  #deliver(peer: Peer, follower: Follower, entry: LogEntry): boolean {
    const { feed } = follower
    const { offset, audience } = entry
    if (audience !== null && !isFor(audience, peer.session)) {
      follower.position = offset
      peer.skipping.add(follower)
      return true
    }
    if (feed.counted && !this.#isOpen(peer)) return false
    const frame = peer.connection.frames.of(feed.log, entry)
    if (frame === null || frame.bytes + 2 > peer.maxFrame) {
      this.#reportGap(follower, offset, offset, frame === null ? 'unencodable' : 'too_large')
      return true
    }
    this.#settleSkip(follower, offset - 1)
    if (this.#writer.isFullFor(frame.bytes)) {
      this.#writer.finish()
      if (feed.counted && !this.#isOpen(peer)) return false
    }
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
  #isOpen({ sent, handled, window }: Peer): boolean {
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
    const { shared, tail, log, head } = feed
    if (shared !== null && shared.frames === frames && shared.from === from && shared.to === head)
      return shared
    const first = tail[0]?.offset ?? from + 1
    if (!feed.counted || first > from) return null
    const encoded: Encoded[] = []
    let bytes = 0
    for (let at = from - first; at < tail.length; at++) {
      const entry = tail[at] as LogEntry
      const frame = entry.audience === null ? frames.of(log, entry) : null
      bytes += frame?.bytes ?? 0
      if (frame === null || bytes > TARGET_BATCH_BYTES) return null
      encoded.push(frame.data)
    }
    const data = frames.serializer.batch(encoded)
    feed.shared = { frames, from, to: head, data, bytes: frames.serializer.size(data) }
    return feed.shared
  }
}
