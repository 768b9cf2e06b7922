/**
 * One connection as its wire showed it.
 *
 * Owns: the state that the frames of one link add up to; checks of it are in books-uplink.ts and books-downlink.ts.
 */
import type { FrameType, Hello, ProducerOffer, ProducerState, Welcome } from '../../src/protocol/frames.js'
import type { Reading } from './books-logs.js'

export type Frame = readonly [FrameType, ...unknown[]]

export interface Batch {
  readonly frames: readonly Frame[]
  readonly bytes: number
}

/** The page at the client's end, as the wire's books need it. */
export interface LinkOwner {
  readonly name: string
  readonly alive: boolean
  /** What it speaks. */
  readonly wire: 'json' | 'msgpack'
  /** Whether what is written must be on the disk. */
  mustBeStored(): boolean
  isStored(id: string): boolean
  /** Its disk lost the newest of what it had. */
  lostTail(producer: string): boolean
  /** The epoch that its disk holds of a producer. */
  storedEpoch(producer: string): string | null
  /** Whose its disk says that a producer is. */
  storedUser(producer: string): string | null
  /** What its disk has of a producer. */
  storedOf(producer: string): readonly string[]
  /** Outboxes that other pages left and it was given, in the order of its storage. */
  given(): readonly string[]
  /** Whether it told an end of this message. */
  hasTold(id: string): boolean
  /** Its storage failed once: it may remember less than was written. */
  readonly doubtful: boolean
  /** Where it dialled last. */
  readonly node: string
}

/** A producer as this link carries it. */
export interface Lane {
  readonly offer: ProducerOffer
  readonly index: number
  /** Set once it is attached; `null`: refused. */
  state: ProducerState | null | undefined
  /** Highest acknowledgement that was sent, and that arrived. */
  ackSent: number
  ackArrived: number
  /** Highest number written on this link. */
  written: number
  /** Numbers that were said to be refused. */
  readonly told: Set<number>
  /** Highest acknowledgement of this producer and epoch that had been sent anywhere when it was offered. */
  readonly ackBefore: number
}

/** A batch that counts in the uplink's window until its last number is acknowledged. */
export interface CountedBatch {
  readonly bytes: number
  readonly lane: Lane
  readonly seq: number
}

export interface Position {
  epoch: string
  offset: number
}

export class LinkBook {
  hello: Hello | null = null
  welcome: Welcome | null = null
  welcomeArrived = false
  readonly lanes: Lane[] = []
  /** Sent and not arrived yet. */
  readonly up: Batch[] = []
  readonly down: Batch[] = []
  unacknowledged: CountedBatch[] = []
  /** Where the server stands in each log it delivers here. */
  readonly logs = new Map<string, Position>()
  /** Counted entries: sent, arrived. */
  entriesSent = 0
  entriesArrived = 0
  bytesSent = 0
  /** Totals of the last HANDLED: as written, as arrived. */
  handled = { messages: 0, bytes: 0 }
  handledArrived = { messages: 0, bytes: 0 }
  /** Entries that arrived here and whose handlers run. */
  readonly running = new Set<string>()
  readonly arrived = new Set<string>()
  closedByServer: number | null = null
  /** The server's end learned that the line broke. */
  endedAtServer = false
  closedByClient = false
  /** That said WELCOME. */
  process = ''
  /** Where it was dialled; its page may have dialled elsewhere since. */
  readonly node: string
  /** Highest tag that was written again here, and whether anything fresh was. */
  resent = 0
  fresh = false

  constructor(
    readonly id: number,
    readonly owner: LinkOwner,
  ) {
    this.node = owner.node
  }

  reading(): Reading {
    const { hello, welcome } = this
    return {
      sessions: welcome === null ? [] : [welcome.session.id],
      device: String(hello?.device?.kind ?? ''),
    }
  }
}
