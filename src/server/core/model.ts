/**
 * The nouns of the server's core, as data.
 *
 * Owns: shapes. What happens to them is in the file named after the verb: handshake, attach, acceptance, requests,
 * commits, feeds, pump, rooms, presence, heartbeat.
 *
 *   Connection ── live ──► Peer ──► Session
 *                           ├────► Producer*   (what this client sends; outlives the connection)
 *                           └────► Follower*   (one log that it reads) ──► Feed (the log, on this process)
 */
import type { Encoded, Serializer } from '../../protocol/codec.js'
import type { DeviceInfo, Hello, ProducerKind, Refusal, User, Window } from '../../protocol/frames.js'
import type { Due } from './deadlines.js'
import type { EntryFrames } from './entry-frames.js'
import type { Fifo } from './fifo.js'
import type { Append, BegunRequest, Commit, LogEntry } from './store.js'

/** A connection's life. Data exists only in the phases where it means something. */
export type Phase =
  | { readonly is: 'waiting'; readonly until: Due }
  | { readonly is: 'greeting'; readonly until: Due; readonly greeting: Greeting }
  | { readonly is: 'live'; readonly peer: Peer }
  | { readonly is: 'closed' }

export interface Connection {
  readonly id: number
  readonly serializer: Serializer
  readonly frames: EntryFrames
  phase: Phase
  /** Encoded frames that leave at the end of the turn, before any entries. */
  out: Encoded[]
  lastReceived: number
  lastSent: number
  /** The socket takes no more for now; looked at again when this is due. */
  congested: Due | null
  /** Frames left to this connection at `refilledAt`, of those that windows don't bound. */
  allowance: number
  /** Volatile messages that it may send in vain. */
  droppable: number
  refilledAt: number
}

/** What a connection holds between HELLO and WELCOME; given back if it ends there. */
export interface Greeting {
  readonly hello: Hello
  session: Session | null
  /** Its secret, the same for the session's whole life. */
  sessionKey: string
  resumed: boolean
  /** Why an offered session was not resumed. */
  notResumed: string | null
  readonly producers: (Producer | null)[]
  readonly follows: { readonly follower: Follower; readonly start: Start }[]
  /** Rooms of HELLO that are not followed, and why. */
  readonly refusedRooms: { readonly room: string; readonly why: string }[]
  /** Answers to wait for before the next step. */
  pending: number
}

/** Who is at the other end. */
export interface Session {
  readonly id: string
  /** Token of this connection's hold on the session, for the store. */
  readonly owner: string
  /** Owner of producers and sessions (rule 15): a user, or all anonymous ones as one. */
  readonly identity: string
  user: User
  readonly device: DeviceInfo
  /** Wall-clock time of the connection. */
  readonly since: number
}

/** What is known of a connection after its WELCOME. */
export interface Peer {
  readonly connection: Connection
  readonly session: Session
  /** By index; `null`: refused. */
  readonly producers: (Producer | null)[]
  /** Log → its follower. */
  readonly followers: Map<string, Follower>
  readonly rooms: Map<string, Membership>
  /** What the client may have been sent without HANDLED. */
  readonly window: Window
  readonly maxFrame: number
  readonly sent: Window
  readonly handled: Window
  /** Followers that have something to send, taking turns. */
  readonly behind: Fifo<Follower>
  /** The replies log, which passes the window. */
  replies: Follower | null
  /** Followers that let entries for others pass silently: their SKIP is due before the next PING. */
  readonly skipping: Set<Follower>
  /** Entries asked from the store and not used up, and who waits to ask. */
  paged: number
  readonly blocked: Set<Follower>
  /** Bytes written by the client and not acknowledged (uplink window). */
  unacknowledgedBytes: number
  readonly pingMs: number
  /** When the first of the unanswered PINGs was sent; `null`: none is. */
  pinged: number | null
  beat: Due | null
  /** VOLATILE frames whose authorisation or handler has not answered. */
  volatiles: number
}

/** A room that a connection follows, or is about to. */
export interface Membership {
  readonly room: string
  state: 'joining' | 'joined'
  /** How the session will appear once it has joined; `null`: not at all. */
  presence: unknown
}

/** One message, request or volatile message on its way through a handler. */
export interface Job {
  readonly kind: 'send' | 'request' | 'volatile'
  readonly id: string
  readonly seq: number
  /** `null` for a volatile message. */
  readonly producer: Producer | null
  readonly room: string | null
  readonly type: string
  readonly data: unknown
  /** `false`: the room's entry skips the sending session. */
  readonly echo: boolean
  readonly session: Session
  readonly redelivered: boolean
  /** Of a request: when its client gives up. */
  readonly expiresAt: number | null
  /** Of a request: the numbers that must be committed before it starts. */
  readonly after: readonly Barrier[] | null
  /** Where a request's reply goes: the replies log of the session that asked; empty for what has no reply. */
  readonly replies: string
  deadline: Due | null
}

export interface Barrier {
  readonly producer: Producer
  readonly seq: number
}

/** Numbers that will not come. */
export interface VoidRange {
  readonly kind: 'void'
  readonly from: number
  to: number
}

/** What the next commit of a producer will hold. */
export interface Staged {
  to: number
  refused: Refusal[]
  /** Ranges that were void, in order and apart: as many as there may be messages between them. */
  voids: VoidRange[]
  begin: BegunRequest[]
  end: number[]
  appends: Append[]
  /** Requests that run once the commit is done. */
  starting: Job[]
}

/** A commit that the store has not confirmed. */
export interface Committing {
  readonly commit: Commit
  readonly starting: readonly Job[]
  attempts: number
  /** When it is made again: it failed, or nobody answers. */
  due: Due | null
}

/** A batch on the wire that waits for the acknowledgement of its last number. */
export interface WireBatch {
  readonly seq: number
  readonly bytes: number
  readonly peer: Peer
}

/** A producer in the hands of this process (rules 1 to 5). committed ≤ staged.to ≤ held. */
export interface Producer {
  readonly id: string
  readonly kind: ProducerKind
  readonly owner: string
  readonly epoch: string
  attach: number
  redeliveredUpTo: number
  /** Highest committed number: `last`. */
  committed: number
  /** Highest number received. */
  held: number
  readonly queue: Fifo<Job | VoidRange>
  staged: Staged
  committing: Committing | null
  /** The message whose handler runs. */
  running: Job | null
  /** Requests whose handlers run. */
  readonly requests: Map<number, Job>
  /** Handlers of requests that were given up, and have not returned. */
  readonly stray: Map<Job, Due>
  /** Refusals among the last `maxInFlight` numbers. */
  refused: Refusal[]
  /** Connection that numbers in it now, and its index there. */
  connection: Connection | null
  index: number
  /** Highest number acknowledged to `connection`, and refusals not yet told to it. */
  acknowledged: number
  untold: Refusal[]
  readonly batches: Fifo<WireBatch>
  /** Bytes of batches whose last number is in hand and not committed. */
  heldBytes: number
  /** Requests' producers that wait for a number here. */
  readonly waiters: Set<Producer>
  /** Fenced, lost or replaced: whatever comes back for it is ignored. */
  retired: boolean
}

/** A log as this process knows it. */
export interface Feed {
  readonly log: string
  /** Whether its entries count in the receive window. */
  readonly counted: boolean
  /** Who waits for the store's first answer; `null`: it is there. */
  opening: FeedWaiter[] | null
  /** Who is about to follow: the feed stays meanwhile. */
  holds: number
  epoch: string
  /** The latest epochs that are over: an answer that was overtaken must not bring one back. */
  over: readonly string[]
  head: number
  /** The newest entries, dense, up to `head`. */
  tail: LogEntry[]
  readonly followers: Set<Follower>
  /** The last batch that many followers got alike. */
  shared: SharedBatch | null
}

export interface FeedWaiter {
  readonly wanted: () => boolean
  readonly then: () => void
}

export interface SharedBatch {
  readonly frames: EntryFrames
  readonly from: number
  readonly to: number
  readonly data: Encoded
  readonly bytes: number
}

/** Where the entries that a follower lacks come from. */
export type Supply =
  | { readonly is: 'tail' }
  | { readonly is: 'asked'; readonly reserved: number }
  | {
      readonly is: 'page'
      /** What it counts in `peer.paged`. */
      readonly reserved: number
      readonly entries: readonly LogEntry[]
      /** Lowest offset that the log still has after the asked one. */
      readonly first: number
      /** Index of the next entry to send. */
      next: number
    }

/** Where a reader starts in a log: delivery begins after `offset`, with these gaps first. */
export interface Start {
  readonly log: string
  readonly epoch: string
  readonly offset: number
  readonly gaps: readonly GapRange[]
}

/** `to: null`: the log began anew. */
export interface GapRange {
  readonly from: number
  readonly to: number | null
  readonly why: 'epoch' | 'history'
}

/** One connection's reading of one log (rule 8). */
export interface Follower {
  readonly connection: Connection
  readonly feed: Feed
  epoch: string
  /** Everything up to here was sent, skipped or reported as a gap. */
  position: number
  /** The part of it that the client was told of; less than `position` while a SKIP is owed. */
  told: number
  supply: Supply
  /** In `peer.behind`. */
  queued: boolean
}

/** The peer of a live connection. */
export function peerOf(connection: Connection | null): Peer | null {
  return connection !== null && connection.phase.is === 'live' ? connection.phase.peer : null
}
