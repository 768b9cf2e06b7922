/**
 * The store port: the server's whole memory, behind one small interface.
 *
 * Owns: what a store must do, and the records it keeps. Two ideas: producers (what clients sent, numbered) and logs
 * (what they receive, with offsets). Every method may answer at once or with a promise; the core takes both.
 * Does not own: any rule of the protocol. A store compares, appends and advances; the core decides.
 *
 * Every implementation must pass test/contract/store-contract.ts.
 */
import type { DeviceInfo, EntryMeta, ProducerKind, ProducerOffer, Refusal } from '../../protocol/frames.js'

/** An answer at once, or later. */
export type MaybePromise<T> = T | PromiseLike<T>

/** One entry of a log. Immutable once appended; the same object may be handed to many readers. */
export interface LogEntry {
  readonly offset: number
  readonly type: string
  readonly data: unknown
  readonly meta: EntryMeta
  /** Who gets SKIP instead; `null`: nobody. */
  readonly audience: Audience | null
}

/** Restricts an entry to some readers of its log. */
export interface Audience {
  /** Session ids that do not get it. */
  readonly exceptSessions?: readonly string[]
  /** Only sessions whose device is of one of these kinds. */
  readonly devices?: readonly string[]
}

/** What is to be appended; the store gives offset and nothing else. */
export interface Append {
  readonly log: string
  readonly type: string
  readonly data: unknown
  readonly meta: EntryMeta
  readonly audience: Audience | null
}

/** State of a log: entries `first` … `head` are held; empty when `first > head`. */
export interface LogState {
  readonly epoch: string
  /** Offset of the oldest entry held, or `head + 1`. */
  readonly first: number
  /** Offset of the newest entry ever appended; 0 before the first. */
  readonly head: number
}

export interface LogPage {
  readonly state: LogState
  /** Entries after the asked offset, dense, oldest first; starts later than asked when history was trimmed. */
  readonly entries: readonly LogEntry[]
}

/** What the store keeps of a producer (rules 1 to 5). */
export interface ProducerRecord {
  readonly id: string
  readonly key: string
  readonly kind: ProducerKind
  /** Owner of the identity: user id; anonymous users count as one. */
  readonly user: string
  readonly epoch: string
  /** Token of the process that may commit. */
  readonly owner: string
  readonly attach: number
  readonly last: number
  /** Refusals among the last `maxInFlight` numbers. */
  readonly refused: readonly Refusal[]
  /** Requests begun and not ended, with the replies log to answer in. */
  readonly begun: readonly BegunRequest[]
  /** Messages up to here may have run before: they are `redelivered`. */
  readonly redeliveredUpTo: number
}

export interface BegunRequest {
  readonly seq: number
  /** Replies log of the session that asked. */
  readonly log: string
}

export interface AttachRequest {
  readonly offer: ProducerOffer
  readonly user: string
  /** The token this process holds for the producer already, or `null`. */
  readonly heldOwner: string | null
  /** The token to set if the record is new or owned by another. */
  readonly newOwner: string
  /** The epoch to give if the record is made anew. */
  readonly newEpoch: string
}

export type AttachResult =
  | {
      readonly ok: true
      readonly record: ProducerRecord
      /** `kept`: this process owned it; `taken`: another did; `created`: no usable record was there (rule 5). */
      readonly how: 'kept' | 'taken' | 'created'
    }
  | { readonly ok: false; readonly why: 'key' | 'user' | 'stale' | 'kind' }

/** One atomic step of one producer (rule 1): all of it happens, or nothing. */
export interface Commit {
  readonly producer: string
  readonly owner: string
  /** Epoch of the record that this process knows; a record of another epoch is `gone`. */
  readonly epoch: string
  /** `last` before this commit; a store whose `last` differs answers `conflict`. */
  readonly from: number
  /** `last` after it; equal to `from` for the end of a request. */
  readonly to: number
  readonly refused: readonly Refusal[]
  readonly begin: readonly BegunRequest[]
  /** Requests that end with this commit; one that is not begun makes the whole commit a `conflict`. */
  readonly end: readonly number[]
  readonly appends: readonly Append[]
}

/**
 * `fenced`: another process owns the producer. `gone`: no record, or one that was made anew since. `conflict`: `last` is not `from`, or a request to be
 * ended is not begun; `last` tells what it is. A commit whose answer was lost is made again, and shows as a conflict with
 * `last === to`: it had happened.
 */
export type CommitResult =
  | { readonly ok: true; readonly offsets: readonly number[] }
  | { readonly ok: false; readonly why: 'fenced' | 'gone' }
  | { readonly ok: false; readonly why: 'conflict'; readonly last: number }

export interface SessionRecord {
  readonly id: string
  readonly key: string
  readonly user: string
  readonly attach: number
  /** Token of the process whose connection holds the session. */
  readonly owner: string
}

export interface SessionRequest {
  /** What the client offered, or `null` for a new session. */
  readonly offer: { readonly id: string; readonly key: string; readonly attach: number } | null
  readonly user: string
  readonly device: DeviceInfo
  readonly owner: string
  /** Id and key to give if a session is made. */
  readonly newId: string
  readonly newKey: string
}

export interface SessionResult {
  readonly record: SessionRecord
  readonly resumed: boolean
  /** Why an offered session was not resumed: `unknown`, `key`, `user`, `stale`. */
  readonly why: string | null
}

/** Called for every append, in offset order per log, on every process that shares the store. */
export type AppendListener = (log: string, epoch: string, entry: LogEntry) => void

/**
 * The server's memory. Must be atomic per call; must not call listeners before the append is committed.
 *
 * A call that fails (throws or rejects) may have happened or not: the core repeats it, but for the two attaches, after
 * which the connection ends instead, because their counters only go up.
 */
export interface Store {
  readonly name: string
  /**
   * Refusals are remembered for so many numbers. A server whose `limits.maxInFlight` is larger does not start: its clients take what
   * it forgot for accepted. Absent: nobody checks.
   */
  readonly maxInFlight?: number
  attachProducer(request: AttachRequest): MaybePromise<AttachResult>
  commit(commit: Commit): MaybePromise<CommitResult>
  /** Appends what the server itself sends; returns the offset. */
  append(append: Append): MaybePromise<{ readonly epoch: string; readonly offset: number }>
  /** State of a log; makes it if it isn't there. */
  logState(log: string): MaybePromise<LogState>
  /** Up to `limit` entries after `after`. */
  read(log: string, after: number, limit: number): MaybePromise<LogPage>
  attachSession(request: SessionRequest): MaybePromise<SessionResult>
  /** The connection is gone (the record expires after `sessionMs`), or the session ended for good (`ended`). */
  detachSession(id: string, owner: string, ended: boolean): MaybePromise<void>
  /** The connection of a producer is gone: its record expires after `producerMs`. */
  detachProducer(id: string, owner: string): MaybePromise<void>
  listen(listener: AppendListener): () => void
  close(): MaybePromise<void>
}
