/**
 * The outbox: everything that was sent and is not settled.
 *
 * Owns: the producers of this client (one per priority lane, one for requests, those a closed page left behind), the
 * bounds of the queue and what happens at them, time limits, replacement, and the one place where a message is settled.
 * Does not own: when something is written (lanes.ts, the session).
 */
import type { Encoded } from '../protocol/codec.js'
import type { OutcomeState } from '../protocol/errors.js'
import type { Priority } from '../protocol/messages.js'
import { DeadlineHeap } from './deadline-heap.js'
import { OutboxEntry, Producer } from './producer.js'

/** Where a message is numbered. */
export type Lane = Priority | 'requests'

export interface OutboxLimits {
  readonly maxMessages: number
  readonly maxBytes: number
  readonly overflow: 'reject' | 'drop-oldest' | 'drop-newest'
}

/** A message to be queued. */
export interface Draft {
  readonly lane: Lane
  readonly body: Encoded
  readonly size: number
  readonly ttlMs: number | null
  readonly replaces: string | null
}

export class Outbox {
  readonly #limits: OutboxLimits
  readonly #newId: () => string
  readonly #onSettled: (entry: OutboxEntry) => void
  #lanes: Map<Lane, Producer> | null = null
  readonly #leftovers: Producer[] = []
  #replaceable: Map<string, OutboxEntry> | null = null
  #expiring: DeadlineHeap<OutboxEntry> | null = null
  /** Who writes here, as the last WELCOME named them; `null` before the first. */
  user: string | null = null
  #order = 0
  #unnumbered = 0
  #queued = 0
  #inFlight = 0
  #bytes = 0
  /** What was never written, requests aside: those are not dropped, for somebody awaits them. */
  readonly #droppable = { messages: 0, bytes: 0 }

  constructor(limits: OutboxLimits, newId: () => string, onSettled: (entry: OutboxEntry) => void) {
    this.#limits = limits
    this.#newId = newId
    this.#onSettled = onSettled
  }

  /** Messages never written. */
  get queued(): number {
    return this.#queued
  }

  /** Messages written and not settled. */
  get inFlight(): number {
    return this.#inFlight
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Bytes of messages never written, requests aside. */
  get unwrittenBytes(): number {
    return this.#droppable.bytes
  }

  get empty(): boolean {
    return this.#queued + this.#inFlight === 0
  }

  /** The producer of a lane, made on first use. */
  producer(lane: Lane): Producer {
    const existing = this.#lanes?.get(lane)
    if (existing !== undefined) return existing
    const producer = new Producer({
      id: this.#newId(),
      key: this.#newId(),
      kind: lane === 'requests' ? 'requests' : 'messages',
      priority: lane === 'requests' ? 'normal' : lane,
    })
    producer.user = this.user
    this.#lanes ??= new Map()
    this.#lanes.set(lane, producer)
    return producer
  }

  /** The producer of a lane if it was ever used. */
  lane(lane: Lane): Producer | null {
    return this.#lanes?.get(lane) ?? null
  }

  get leftovers(): readonly Producer[] {
    return this.#leftovers
  }

  /** All producers, leftovers first: they are drained before anything new is written (rule 6). */
  producers(): Producer[] {
    return [...this.#leftovers, ...(this.#lanes?.values() ?? [])]
  }

  /** Queues a message. One that finds no room comes back settled as `dropped`. */
  enqueue(draft: Draft, now: number): OutboxEntry {
    const older = draft.replaces === null ? undefined : this.#replaceable?.get(draft.replaces)
    if (older !== undefined) this.#replace(older, draft)
    if (!this.#makeRoom(draft.size)) return this.#drop(draft)
    const producer = this.producer(draft.lane)
    const entry = new OutboxEntry(producer, producer.nextSeq, this.#order++, draft.body, draft.size)
    producer.append(entry)
    this.#countUnwritten(entry, 1)
    this.#bytes += draft.size
    if (draft.ttlMs !== null) this.#limitTime(entry, now + draft.ttlMs)
    if (draft.replaces !== null) {
      entry.withExtra().replaces = draft.replaces
      this.#replaceable ??= new Map()
      this.#replaceable.set(draft.replaces, entry)
    }
    return entry
  }

  /** Takes over what a closed page left behind: every message counts as written (rule 6). */
  adopt(producer: Producer, messages: readonly { seq: number; body: Encoded; size: number }[]): void {
    producer.leftover = true
    for (const { seq, body, size } of messages) {
      const entry = new OutboxEntry(producer, seq, this.#order++, body, size)
      entry.state = 'written'
      producer.append(entry)
      producer.written = Math.max(producer.written, seq)
      this.#inFlight++
      this.#bytes += size
    }
    this.#leftovers.push(producer)
  }

  /** Notes that an entry is on the wire: from now on it can't be taken back. */
  markWritten(entry: OutboxEntry): void {
    if (entry.state !== 'queued') return
    entry.state = 'written'
    this.#countUnwritten(entry, -1)
    this.#inFlight++
    this.#forgetReplaceable(entry)
  }

  /** Takes a message back; only what was never written can be. */
  cancel(entry: OutboxEntry, code: string, message: string): boolean {
    if (entry.state !== 'queued') return false
    this.settle(entry, 'cancelled', code, message)
    return true
  }

  /** Settles everything of `producer` up to `seq` as accepted (ACCEPTED is cumulative). */
  acceptUpTo(producer: Producer, seq: number): void {
    for (let entry = producer.first; entry !== null && entry.seq <= seq; entry = producer.first) {
      this.settle(entry, 'accepted', null, null)
    }
    producer.floor = Math.max(producer.floor, seq)
  }

  /** Ends a message: the only way out of the queue. */
  settle(entry: OutboxEntry, state: OutcomeState, code: string | null, message: string | null): void {
    if (entry.settled) return
    if (entry.state === 'queued') this.#countUnwritten(entry, -1)
    else this.#inFlight--
    this.#bytes -= entry.size
    this.#forgetReplaceable(entry)
    entry.state = state
    entry.body = null
    entry.producer.remove(entry)
    if (code !== null) {
      const extra = entry.withExtra()
      extra.code = code
      extra.message = message
    }
    this.#onSettled(entry)
  }

  /** Gives up a producer for good: unwritten messages are cancelled, written ones unknown (rule 15). */
  retire(producer: Producer, code: string, message: string): void {
    for (let entry = producer.first; entry !== null; entry = producer.first) {
      this.settle(entry, entry.state === 'queued' ? 'cancelled' : 'unknown', code, message)
    }
    for (const [lane, known] of this.#lanes ?? []) if (known === producer) this.#lanes?.delete(lane)
    const at = this.#leftovers.indexOf(producer)
    if (at >= 0) this.#leftovers.splice(at, 1)
  }

  /** Ends what is past its time and was never written. */
  expire(now: number): void {
    const expiring = this.#expiring
    if (expiring === null) return
    for (let entry = expiring.takeDue(now); entry !== null; entry = expiring.takeDue(now)) {
      if (entry.state === 'queued') {
        this.settle(entry, 'expired', 'expired', 'it was not written within its ttlMs')
      }
    }
  }

  deadline(): number | null {
    return this.#expiring?.earliest() ?? null
  }

  #limitTime(entry: OutboxEntry, expiresAt: number): void {
    entry.withExtra().expiresAt = expiresAt
    const expiring = (this.#expiring ??= new DeadlineHeap<OutboxEntry>())
    expiring.add(expiresAt, entry)
    if (expiring.size > 2 * (this.#queued + 64)) expiring.prune((item) => item.state === 'queued')
  }

  /** Makes way for a newer message, unless that finds no room even then: better the older one than none. */
  #replace(older: OutboxEntry, { replaces, size }: Draft): void {
    if (!this.#fits(size, 1, older.size) && !this.#fitsByDropping(size)) return
    this.cancel(older, 'replaced', `a newer message with replaces: '${replaces}' took its place`)
  }

  #forgetReplaceable(entry: OutboxEntry): void {
    const key = entry.extra?.replaces
    if (key != null && this.#replaceable?.get(key) === entry) this.#replaceable.delete(key)
  }

  /** Whether a message of `size` bytes fits, after what the policy drops for it: nothing, if it is in vain. */
  #makeRoom(size: number): boolean {
    if (this.#fits(size, 0, 0)) return true
    if (!this.#fitsByDropping(size)) return false
    for (const victim of this.#oldestUnwritten()) {
      this.settle(victim, 'dropped', 'queue_full', 'the queue was full and a newer message took its place')
      if (this.#fits(size, 0, 0)) break
    }
    return true
  }

  /** Whether a message of `size` bytes fits once so many messages, of so many bytes together, are gone. */
  #fits(size: number, messagesGone: number, bytesGone: number): boolean {
    const { maxMessages, maxBytes } = this.#limits
    return (
      this.#queued + this.#inFlight - messagesGone < maxMessages && this.#bytes - bytesGone + size <= maxBytes
    )
  }

  #fitsByDropping(size: number): boolean {
    return (
      this.#limits.overflow === 'drop-oldest' &&
      this.#fits(size, this.#droppable.messages, this.#droppable.bytes)
    )
  }

  /** Unwritten messages, those of the least important lane first; each may be settled before the next is asked for. */
  *#oldestUnwritten(): Iterable<OutboxEntry> {
    for (const lane of ['low', 'normal', 'high'] as const) {
      for (let entry = this.#lanes?.get(lane)?.first ?? null; entry !== null; ) {
        const { next } = entry
        if (entry.state === 'queued') yield entry
        entry = next
      }
    }
  }

  /** `by`: 1 for one more that was never written, −1 for one less. */
  #countUnwritten({ producer, size }: OutboxEntry, by: 1 | -1): void {
    this.#queued += by
    if (producer.kind === 'requests') return
    this.#droppable.messages += by
    this.#droppable.bytes += by * size
  }

  /** A message that found no room gets no number: it never was part of the sequence. */
  #drop(draft: Draft): OutboxEntry {
    const nowhere = new Producer({
      id: `${this.producer(draft.lane).id}.dropped`,
      key: '',
      kind: 'messages',
      priority: 'normal',
    })
    const entry = new OutboxEntry(nowhere, ++this.#unnumbered, this.#order, draft.body, draft.size)
    entry.state = 'dropped'
    entry.body = null
    const extra = entry.withExtra()
    extra.code = 'queue_full'
    extra.message = `the queue holds its limit of ${this.#limits.maxMessages} messages or ${this.#limits.maxBytes} bytes`
    this.#onSettled(entry)
    return entry
  }
}
