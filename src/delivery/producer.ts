/**
 * A producer: one numbered sequence of messages, with the client's half of its ledger; and its entries.
 *
 * Owns: which numbers are given, written, settled, and the queue of those that are not settled. Numbers that are
 * missing from the queue above `floor` are holes: they are stated to the server as VOID. An entry is encoded when it is
 * sent, so later changes to the object don't matter, and kept lean, for thousands may wait.
 * Does not own: limits across producers (outbox.ts) or frames (the session).
 *
 *   1 … floor    settled by the server
 *   … written    were on a wire once
 *   … wireSeq−1  were put on the wire of this connection, or are in the server's hands
 *   … nextSeq−1  given
 */
import type { Encoded } from '../protocol/codec.js'
import type { ProducerKind, ProducerOffer } from '../protocol/frames.js'
import type { Priority, ReceiptState } from '../protocol/messages.js'

/** What only some messages carry. */
export interface EntryExtra {
  /** Ends as `expired` if not written by then. */
  expiresAt: number | null
  /** Latest wins among the unwritten of the same key. */
  replaces: string | null
  /** Called once, when the message is settled. */
  onSettled: ((entry: OutboxEntry) => void) | null
  /** Why it ended otherwise than well. */
  code: string | null
  message: string | null
}

export class OutboxEntry {
  state: ReceiptState = 'queued'
  /** Encoded array `[room, type, data, meta?]` (requests: `[type, data, ttlMs?]`); freed when settled. */
  body: Encoded | null
  extra: EntryExtra | null = null
  /** Neighbours in the producer's queue. */
  previous: OutboxEntry | null = null
  next: OutboxEntry | null = null

  constructor(
    readonly producer: Producer,
    readonly seq: number,
    /** Position among all messages of this client, whatever their producer. */
    readonly order: number,
    body: Encoded,
    /** Bytes of `body`. */
    readonly size: number,
  ) {
    this.body = body
  }

  /** The message id on both sides: `producer id + '.' + seq`. */
  get id(): string {
    return `${this.producer.id}.${this.seq}`
  }

  get settled(): boolean {
    return this.state !== 'queued' && this.state !== 'written'
  }

  /** The `extra`, made when first needed. */
  withExtra(): EntryExtra {
    this.extra ??= { expiresAt: null, replaces: null, onSettled: null, code: null, message: null }
    return this.extra
  }
}

/** One batch on the wire: its bytes count until the server acknowledged `seq` (rule 11). */
export interface WireMark {
  readonly seq: number
  readonly bytes: number
  readonly at: number
}

export interface ProducerIdentity {
  readonly id: string
  readonly key: string
  readonly kind: ProducerKind
  readonly priority: Priority
}

export class Producer {
  readonly id: string
  readonly key: string
  readonly kind: ProducerKind
  readonly priority: Priority
  /** Epoch of the server's record as last seen. */
  epoch: string | null = null
  /** Whose its messages are, as a WELCOME named them; `null`: nobody knows yet (rule 15). */
  user: string | null = null
  /** Raised before every dial, so that a later connection fences an earlier one (rule 3). The first attach is 1. */
  attach = 1
  /** Highest number that the server settled. */
  floor = 0
  /** Highest number ever put on a wire, as message or as VOID. */
  written = 0
  nextSeq = 1
  /** Place on this connection; `null`: not attached. */
  index: number | null = null
  /** Next number to put on this connection's wire. */
  wireSeq = 1
  /** Highest number that may be written: with durable storage, what is stored (rule 7). */
  storedUpTo = Number.POSITIVE_INFINITY
  /** Whether `epoch` may be written in: with durable storage, once it is stored. */
  epochStored = true
  /** Left behind by a closed page: drained, never appended to. */
  leftover = false
  first: OutboxEntry | null = null
  #last: OutboxEntry | null = null
  /** The first queued entry with `seq >= wireSeq`. */
  nextOnWire: OutboxEntry | null = null
  #marks: WireMark[] = []
  #marksHead = 0

  constructor(identity: ProducerIdentity) {
    this.id = identity.id
    this.key = identity.key
    this.kind = identity.kind
    this.priority = identity.priority
  }

  /** Whether anything waits to be settled. */
  get empty(): boolean {
    return this.first === null
  }

  offer(): ProducerOffer {
    return {
      id: this.id,
      key: this.key,
      kind: this.kind,
      attach: this.attach,
      ...(this.epoch === null ? {} : { epoch: this.epoch }),
      ...(this.user === null ? {} : { user: this.user }),
      floor: this.floor,
      written: this.written,
    }
  }

  append(entry: OutboxEntry): void {
    entry.previous = this.#last
    if (this.#last === null) this.first = entry
    else this.#last.next = entry
    this.#last = entry
    this.nextSeq = Math.max(this.nextSeq, entry.seq + 1)
    this.nextOnWire ??= entry
  }

  /** Takes an entry out of the queue; its number becomes a hole unless the server settled it. */
  remove(entry: OutboxEntry): void {
    const { previous, next } = entry
    if (this.nextOnWire === entry) this.nextOnWire = next
    if (previous === null) this.first = next
    else previous.next = next
    if (next === null) this.#last = previous
    else next.previous = previous
    entry.previous = null
    entry.next = null
  }

  /** The queued entry with this number. */
  find(seq: number): OutboxEntry | null {
    for (let entry = this.first; entry !== null && entry.seq <= seq; entry = entry.next) {
      if (entry.seq === seq) return entry
    }
    return null
  }

  /** Starts over on a new connection: everything above `inHand` is to be put on its wire. */
  startAfter(inHand: number, index: number): void {
    this.index = index
    this.#marks = []
    this.#marksHead = 0
    this.wireSeq = inHand + 1
    let entry = this.first
    while (entry !== null && entry.seq <= inHand) entry = entry.next
    this.nextOnWire = entry
  }

  /** The connection is gone. */
  detach(): void {
    this.index = null
    this.nextOnWire = null
    this.#marks = []
    this.#marksHead = 0
  }

  /** Notes that `entry` is on the wire; the caller has stated the hole before it. */
  putOnWire(entry: OutboxEntry): void {
    this.wireSeq = entry.seq + 1
    this.written = Math.max(this.written, entry.seq)
    this.nextOnWire = entry.next
  }

  /** Notes that numbers up to `to` were stated as VOID. */
  voidUpTo(to: number): void {
    this.wireSeq = to + 1
    this.written = Math.max(this.written, to)
  }

  addMark(mark: WireMark): void {
    this.#marks.push(mark)
  }

  /** Takes out the oldest mark that an acknowledgement of `seq` covers. */
  takeMark(seq: number): WireMark | null {
    const mark = this.#marks[this.#marksHead]
    if (mark === undefined || mark.seq > seq) return null
    this.#marksHead++
    if (this.#marksHead === this.#marks.length) {
      this.#marks = []
      this.#marksHead = 0
    }
    return mark
  }

  /** When the oldest unacknowledged batch of this connection was written. */
  oldestMark(): number | null {
    return this.#marks[this.#marksHead]?.at ?? null
  }
}
