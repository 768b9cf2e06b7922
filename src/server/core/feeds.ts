/**
 * Feeds: the logs that somebody on this process follows.
 *
 * Owns: opening them in the store, their newest entries, where a follower may start (the cursors of HELLO and JOIN).
 * Does not own: sending (pump.ts), who may follow (rooms.ts, handshake.ts).
 */
import type { Kernel } from './kernel.js'
import type { Connection, Feed, FeedWaiter, Follower, GapRange, Start } from './model.js'
import type { LogEntry, LogState } from './store.js'

/** Where a reader wants to start: `null`: now; without epoch: at this offset of the log as it is. */
export type Wish = { readonly epoch: string | null; readonly offset: number } | null

/** Entries kept at hand between turns: live followers never need more, and those that lag read the log. */
const TAIL_ENTRIES = 128
/** Epochs of a log that are known to be over; answers that were overtaken by more changes than this are not to be expected. */
const EPOCHS_REMEMBERED = 8

export class Feeds {
  readonly #kernel: Kernel
  readonly #feeds = new Map<string, Feed>()
  /** Feeds with new entries since the last flush. */
  readonly fresh = new Set<Feed>()

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  get size(): number {
    return this.#feeds.size
  }

  follows(log: string): boolean {
    return this.#feeds.has(log)
  }

  followersOf(log: string): Iterable<Follower> {
    return this.#feeds.get(log)?.followers ?? []
  }

  /**
   * Finds where the connection may start in a log, and follows it from there. `wanted` is asked again before anything
   * happens, because the store may answer late.
   */
  follow(
    connection: Connection,
    log: string,
    wish: Wish,
    wanted: () => boolean,
    then: (follower: Follower, start: Start) => void,
  ): void {
    const feed = this.#feeds.get(log) ?? this.#open(log)
    feed.holds++
    const add = (state: LogState | null): void => {
      feed.holds--
      if (wanted()) then(...this.#add(connection, feed, startOf(feed, wish, state)))
      this.#drop(feed)
    }
    this.#whenOpen(feed, {
      wanted,
      then: () => {
        if (wanted() && !isAtHead(feed, wish)) this.#refresh(feed, wanted, add)
        else add(null)
      },
    })
  }

  unfollow(follower: Follower): void {
    follower.feed.followers.delete(follower)
    this.#drop(follower.feed)
  }

  /** An entry was appended, here or on another process. */
  appended(log: string, epoch: string, entry: LogEntry): void {
    const feed = this.#feeds.get(log)
    if (feed === undefined || feed.over.includes(epoch)) return
    if (feed.epoch !== epoch) this.#renew(feed, epoch)
    if (entry.offset <= feed.head) return
    if (entry.offset !== feed.head + 1) feed.tail = []
    feed.tail.push(entry)
    feed.head = entry.offset
    this.fresh.add(feed)
  }

  /** What the store says of a log may be newer than what was heard; or older, if its answer was overtaken. */
  observe(feed: Feed, state: LogState): void {
    if (feed.over.includes(state.epoch)) return
    if (feed.epoch !== state.epoch) this.#renew(feed, state.epoch)
    if (state.head <= feed.head) return
    feed.head = state.head
    feed.tail = []
    this.fresh.add(feed)
  }

  /** After a flush: what is old is in the log. */
  trim(): void {
    for (const feed of this.fresh) {
      if (feed.tail.length > TAIL_ENTRIES * 2) feed.tail = feed.tail.slice(-TAIL_ENTRIES)
    }
    this.fresh.clear()
  }

  #open(log: string): Feed {
    const waiting: FeedWaiter[] = []
    const feed = emptyFeed(log, waiting)
    this.#feeds.set(log, feed)
    const wanted = (): boolean => {
      if (waiting.some((waiter) => waiter.wanted())) return true
      feed.holds = 0
      feed.opening = null
      this.#drop(feed)
      return false
    }
    this.#kernel.askStore({ method: 'logState', log }, wanted, (state) => {
      feed.opening = null
      this.observe(feed, state)
      for (const waiter of waiting) waiter.then()
    })
    return feed
  }

  #whenOpen(feed: Feed, waiter: FeedWaiter): void {
    if (feed.opening === null) waiter.then()
    else feed.opening.push(waiter)
  }

  /**
   * Another process may have appended what this one has not heard of yet, and old entries may be gone: the store
   * knows.
   */
  #refresh(feed: Feed, wanted: () => boolean, then: (state: LogState | null) => void): void {
    const stillWanted = (): boolean => {
      const isWanted = wanted()
      if (!isWanted) then(null)
      return isWanted
    }
    this.#kernel.askStore({ method: 'logState', log: feed.log }, stillWanted, (state) => {
      this.observe(feed, state)
      then(state)
    })
  }

  #add(connection: Connection, feed: Feed, start: Start): [Follower, Start] {
    const position = start.gaps.reduce((_, { to }) => to ?? 0, start.offset)
    const follower: Follower = {
      connection,
      feed,
      epoch: start.epoch,
      position,
      told: position,
      supply: { is: 'tail' },
      queued: false,
    }
    feed.followers.add(follower)
    return [follower, start]
  }

  #renew(feed: Feed, epoch: string): void {
    feed.over = [...feed.over, feed.epoch].slice(-EPOCHS_REMEMBERED)
    feed.epoch = epoch
    feed.head = 0
    feed.tail = []
    feed.shared = null
    this.fresh.add(feed)
  }

  #drop(feed: Feed): void {
    if (feed.followers.size > 0 || feed.holds > 0 || this.#feeds.get(feed.log) !== feed) return
    this.#feeds.delete(feed.log)
    this.fresh.delete(feed)
  }
}

function emptyFeed(log: string, opening: FeedWaiter[]): Feed {
  return {
    log,
    counted: !log.startsWith('replies/'),
    opening,
    holds: 0,
    epoch: '',
    over: [],
    head: 0,
    tail: [],
    followers: new Set(),
    shared: null,
  }
}

/** Nothing was missed. Else the store is asked, even for what is at hand: history is trimmed to the message. */
function isAtHead({ epoch, head }: Feed, wish: Wish): boolean {
  return wish === null || (wish.offset === head && (wish.epoch === null || wish.epoch === epoch))
}

/** Rule 8: another epoch, or beyond the head: the log began anew. Rule 9: what was trimmed is named exactly. */
function startOf({ log, epoch, head }: Feed, wish: Wish, state: LogState | null): Start {
  if (wish === null) return { log, epoch, offset: head, gaps: [] }
  const isAnew = (wish.epoch !== null && wish.epoch !== epoch) || wish.offset > head
  const offset = isAnew ? 0 : wish.offset
  // Whoever names the last number there is gets a frame that can be read.
  const from = Math.min(wish.offset + 1, Number.MAX_SAFE_INTEGER)
  const gaps: GapRange[] = isAnew ? [{ from, to: null, why: 'epoch' }] : []
  const first = state?.epoch === epoch ? state.first : 0
  if (first > offset + 1) gaps.push({ from: offset + 1, to: first - 1, why: 'history' })
  return { log, epoch, offset, gaps }
}
