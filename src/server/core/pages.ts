/**
 * Pages: what followers that lag read from the store.
 *
 * Owns: how many entries may be read at a time, by one connection and by all. Logs wait for their turn. What counts is
 * what a log is behind, so that one who comes back to a thousand rooms with a message each reads them in a few turns.
 * Does not own: sending what was read (pump.ts).
 */
import type { Feeds } from './feeds.js'
import type { Kernel } from './kernel.js'
import { type Follower, type Peer, peerOf } from './model.js'
import type { LogPage } from './store.js'

/** Entries a log may send before the next log's turn, and the size of a page. */
export const QUANTUM = 64

/** Entries of lagging logs that one connection may have asked for: they are its only memory here. */
const MAX_PAGED = 2 * QUANTUM

/** Entries read in one go by all connections together, and the pause before the next go: about 5 ms of work. */
const ENTRIES_PER_PORTION = 64 * QUANTUM
const PORTION_PAUSE_MS = 1
/** What asking and writing a page costs besides its entries. */
const PAGE_COST = 8

export class Pages {
  readonly #kernel: Kernel
  readonly #feeds: Feeds
  /** The follower has something to send, or may ask now. */
  readonly #wake: (follower: Follower) => void
  #left = ENTRIES_PER_PORTION
  readonly #deferred = new Set<Follower>()

  constructor(kernel: Kernel, feeds: Feeds, wake: (follower: Follower) => void) {
    this.#kernel = kernel
    this.#feeds = feeds
    this.#wake = wake
  }

  /** Reads on from the log, now or when it is this follower's turn. The answer wakes it. */
  ask(peer: Peer, follower: Follower): void {
    const { feed } = follower
    const expected = expectedOf(follower)
    if (feed.counted && peer.paged + expected > MAX_PAGED) {
      peer.blocked.add(follower)
      return
    }
    if (this.#left <= 0) {
      this.#defer(follower)
      return
    }
    this.#left -= PAGE_COST + expected
    const reserved = feed.counted ? expected : 0
    peer.paged += reserved
    follower.supply = { is: 'asked', reserved }
    const wanted = (): boolean =>
      peer.followers.get(feed.log) === follower && peerOf(peer.connection) === peer
    this.#kernel.askStore(
      { method: 'read', log: feed.log, after: follower.position, limit: QUANTUM },
      wanted,
      (page) => {
        if (wanted()) this.#got(peer, follower, page, reserved)
      },
    )
  }

  /** The page is used up, or useless: the next in the queue may ask. */
  end(peer: Peer, follower: Follower): void {
    if (follower.supply.is === 'tail') return
    peer.paged -= follower.supply.reserved
    follower.supply = { is: 'tail' }
    this.unblock(peer)
  }

  /** Those who wait may ask again, as many as there is room for. */
  unblock(peer: Peer): void {
    let room = MAX_PAGED - peer.paged
    for (const next of peer.blocked) {
      room -= expectedOf(next)
      if (room < 0) return
      peer.blocked.delete(next)
      this.#wake(next)
    }
  }

  /** The follower reads no more. */
  forget(peer: Peer, follower: Follower): void {
    peer.blocked.delete(follower)
    this.#deferred.delete(follower)
    this.end(peer, follower)
  }

  #got(peer: Peer, follower: Follower, page: LogPage, reserved: number): void {
    const { feed } = follower
    const { state, entries } = page
    this.#feeds.observe(feed, state)
    if (feed.epoch === state.epoch && follower.epoch === feed.epoch) {
      const first = entries[0]?.offset ?? Math.max(state.first, follower.position + 1)
      follower.supply = { is: 'page', reserved, entries, first, next: 0 }
    } else this.end(peer, follower) // Another epoch: the next turn begins anew.
    this.#wake(follower)
  }

  /** A crowd that comes back reads in portions, with the event loop's turn in between. */
  #defer(follower: Follower): void {
    if (this.#deferred.size === 0) {
      this.#kernel.deadlines.arm(this.#kernel.now + PORTION_PAUSE_MS, () => {
        this.#left = ENTRIES_PER_PORTION
        const waiting = [...this.#deferred]
        this.#deferred.clear()
        for (const next of waiting) this.#wake(next)
      })
    }
    this.#deferred.add(follower)
  }
}

/** Entries that its next page will have, as far as is known. */
function expectedOf({ feed, position }: Follower): number {
  return Math.max(1, Math.min(QUANTUM, feed.head - position))
}
