/**
 * Pages: what followers that lag read from the store.
 *
 * Owns: how many may be read at a time, by one connection and by all. Logs wait for their turn.
 * Does not own: sending what was read (pump.ts).
 */
import type { Feeds } from './feeds.js'
import type { Kernel } from './kernel.js'
import { type Follower, type Peer, peerOf } from './model.js'
import type { LogPage } from './store.js'

/** Entries a log may send before the next log's turn, and the size of a page. */
export const QUANTUM = 64

/** Pages of lagging logs that one connection may have asked for: they are its only memory here. */
const MAX_PAGES = 2

/** Pages read in one go by all connections together, and the pause before the next go: about 5 ms of work. */
const PAGES_PER_PORTION = 64
const PORTION_PAUSE_MS = 1

export class Pages {
  readonly #kernel: Kernel
  readonly #feeds: Feeds
  /** The follower has something to send, or may ask now. */
  readonly #wake: (follower: Follower) => void
  #left = PAGES_PER_PORTION
  readonly #deferred = new Set<Follower>()

  constructor(kernel: Kernel, feeds: Feeds, wake: (follower: Follower) => void) {
    this.#kernel = kernel
    this.#feeds = feeds
    this.#wake = wake
  }

  /** Reads on from the log, now or when it is this follower's turn. The answer wakes it. */
  ask(peer: Peer, follower: Follower): void {
    const { feed } = follower
    if (feed.counted && peer.pages >= MAX_PAGES) {
      peer.blocked.add(follower)
      return
    }
    if (this.#left <= 0) {
      this.#defer(follower)
      return
    }
    this.#left--
    if (feed.counted) peer.pages++
    follower.supply = { is: 'asked' }
    const wanted = (): boolean =>
      peer.followers.get(feed.log) === follower && peerOf(peer.connection) === peer
    this.#kernel.askStore(
      { method: 'read', log: feed.log, after: follower.position, limit: QUANTUM },
      wanted,
      (page) => {
        if (wanted()) this.#got(peer, follower, page)
      },
    )
  }

  /** The page is used up, or useless: the next in the queue may ask. */
  end(peer: Peer, follower: Follower): void {
    if (follower.supply.is === 'tail') return
    follower.supply = { is: 'tail' }
    if (!follower.feed.counted) return
    peer.pages--
    const [next] = peer.blocked
    if (next === undefined) return
    peer.blocked.delete(next)
    this.#wake(next)
  }

  /** The follower reads no more. */
  forget(peer: Peer, follower: Follower): void {
    peer.blocked.delete(follower)
    this.#deferred.delete(follower)
    this.end(peer, follower)
  }

  #got(peer: Peer, follower: Follower, page: LogPage): void {
    const { feed } = follower
    const { state, entries } = page
    this.#feeds.observe(feed, state)
    if (feed.epoch === state.epoch && follower.epoch === feed.epoch) {
      const first = entries[0]?.offset ?? Math.max(state.first, follower.position + 1)
      follower.supply = { is: 'page', entries, first, next: 0 }
    } else this.end(peer, follower) // Another epoch: the next turn begins anew.
    this.#wake(follower)
  }

  /** A crowd that comes back reads in portions, with the event loop's turn in between. */
  #defer(follower: Follower): void {
    if (this.#deferred.size === 0) {
      this.#kernel.deadlines.arm(this.#kernel.now + PORTION_PAUSE_MS, () => {
        this.#left = PAGES_PER_PORTION
        const waiting = [...this.#deferred]
        this.#deferred.clear()
        for (const next of waiting) this.#wake(next)
      })
    }
    this.#deferred.add(follower)
  }
}
