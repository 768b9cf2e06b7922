/**
 * The way up: from the outbox to batches, and from acknowledgements back.
 *
 * Owns: which producers this connection has, the server's window, and the assembly of SEND, REQUEST, VOID and USE.
 * Does not own: the queue (delivery/outbox.ts) or settling at a WELCOME (resume.ts).
 */
import type { Encoded, Serializer } from '../../protocol/codec.js'
import { ProtocolError } from '../../protocol/errors.js'
import { FrameType, type ProducerState, type Welcome } from '../../protocol/frames.js'
import { LaneOrder } from '../../delivery/lanes.js'
import type { Outbox } from '../../delivery/outbox.js'
import type { OutboxEntry, Producer } from '../../delivery/producer.js'
import { BATCH_OVERHEAD, BatchWriter } from './batch-writer.js'
import type { SessionCounters } from './inputs.js'
import { acknowledgedUnsent, resumeProducer, type UnknownPolicy } from './resume.js'
import type { RoundTrip } from './round-trip.js'

/**
 * A batch stays below this, so that a ping is never long behind one, and so that the server handles one while the next
 * is made: with 128 KiB and 256 messages in flight both ends worked in turns, at 0.6 of the rate.
 */
const MAX_BATCH_BYTES = 16_384
/** Bytes that a frame adds to its body at most: type, a number of 16 digits, separators, a USE and a VOID before it. */
const FRAME_OVERHEAD = 96

/** What the server takes. Before its WELCOME: nothing. */
type Limits = Pick<Welcome, 'window' | 'maxFrame'>
const BEFORE_WELCOME: Limits = { window: { messages: 0, bytes: 0 }, maxFrame: Number.POSITIVE_INFINITY }

/** One message for the wire, with what its bytes count towards. */
export interface UplinkBatch {
  readonly frames: readonly Encoded[]
  /** The last message in it, if any: its acknowledgement frees the batch's bytes. */
  readonly last: OutboxEntry | null
}

export interface UplinkConfig {
  readonly serializer: Serializer
  readonly onUnknown: UnknownPolicy
}

/** What became of a producer that was offered to the server. */
export interface Attached {
  readonly producer: Producer
  /** `tail-lost`: a leftover of which the server had more than storage kept; it is settled. */
  readonly fate: 'attached' | 'refused' | 'tail-lost'
}

/** `readAt`: since when it is known that the server has read it. */
interface Attaching {
  readonly askedAt: number
  readAt: number | null
}

export class Uplink {
  readonly #config: UplinkConfig
  readonly #outbox: Outbox
  readonly #lanes: LaneOrder
  readonly #counters: SessionCounters
  readonly #roundTrip: RoundTrip
  #limits = BEFORE_WELCOME
  /** Whose attach was raised for the current dial, in the order of HELLO. */
  #offered: readonly Producer[] = []
  /** By index on this connection. */
  #attached: Producer[] = []
  /** What waits for its ATTACHED. */
  #attaching: Map<Producer, Attaching> | null = null
  /** Bytes of batches written on this connection and not acknowledged. */
  #outstanding = 0
  #cancels: { producer: Producer; seq: number }[] = []
  /** After a 1009: one message at a time, until what was on the wire then is settled. */
  #isolating = false
  /** The one message on the wire while isolating. */
  #isolated: OutboxEntry | null = null
  #lastProgress = 0
  /** Bytes of unwritten messages at which another full batch has gathered. */
  #fullAt = MAX_BATCH_BYTES

  constructor(config: UplinkConfig, outbox: Outbox, counters: SessionCounters, roundTrip: RoundTrip) {
    this.#config = config
    this.#outbox = outbox
    this.#lanes = new LaneOrder(outbox)
    this.#counters = counters
    this.#roundTrip = roundTrip
  }

  /** Whether the server may have it on this connection, or may be about to. */
  isOffered(producer: Producer): boolean {
    return this.#attached.includes(producer)
  }

  /** Producers that this connection was offered, refused ones too. */
  get attachedCount(): number {
    return this.#attached.length
  }

  /** Raises `attach` of every producer in use before a dial (rule 3); returns them in the order of HELLO. */
  beforeDial(): readonly Producer[] {
    this.#offered = this.#outbox.producers()
    for (const producer of this.#offered) producer.attach++
    return this.#offered
  }

  /**
   * Producers for HELLO, in order; they get their index from it. Those made during the dial go by ATTACH; what was let go of
   * meanwhile must not be offered, for it may be another page's by now.
   */
  offer(): readonly Producer[] {
    const inUse = this.#outbox.producers()
    this.#attached = this.#offered.filter((producer) => inUse.includes(producer))
    return this.#attached
  }

  /** Settles by WELCOME. */
  welcomed(welcome: Welcome, now: number): readonly Attached[] {
    if (welcome.producers.length !== this.#attached.length) {
      throw new ProtocolError(
        `WELCOME answers ${welcome.producers.length} producers, HELLO offered ${this.#attached.length}`,
        { code: 'malformed' },
      )
    }
    // Not the welcome itself: the names of its logs are this session's alone, and would be kept with it.
    this.#limits = { window: welcome.window, maxFrame: welcome.maxFrame }
    this.#outstanding = 0
    this.#lastProgress = now
    return this.#attached.map((producer, index) => ({
      producer,
      fate: this.#settle(producer, welcome.producers[index] ?? null, index),
    }))
  }

  /** ATTACHED settles one producer, as WELCOME does several. */
  attached(index: number, state: ProducerState | null): Attached {
    const producer = this.#attached[index]
    if (producer === undefined || !this.#attaching?.delete(producer)) {
      throw new ProtocolError(`ATTACHED ${index} answers no ATTACH`, { code: 'unexpected_frame' })
    }
    return { producer, fate: this.#settle(producer, state, index) }
  }

  #settle(producer: Producer, state: ProducerState | null, index: number): Attached['fate'] {
    // Refused or not: what a leftover held up may go on.
    this.#lanes.restart()
    if (state === null) return 'refused'
    const { onUnknown } = this.#config
    const { messages } = this.#limits.window
    const resumed = resumeProducer(this.#outbox, producer, state, index, onUnknown, messages)
    return resumed ? 'attached' : 'tail-lost'
  }

  /** The connection is gone. */
  lost(): void {
    for (const producer of this.#attached) producer.detach()
    this.#attached = []
    this.#attaching = null
    this.#limits = BEFORE_WELCOME
    this.#outstanding = 0
    this.#isolated = null
    this.#cancels = []
  }

  /** ACCEPTED is cumulative (rule 1). */
  accepted(index: number, seq: number, now: number): void {
    const producer = this.#producerAt(index)
    if (seq >= producer.wireSeq) throw acknowledgedUnsent(producer, seq)
    this.#lastProgress = now
    for (let mark = producer.takeMark(seq); mark !== null; mark = producer.takeMark(seq)) {
      this.#outstanding -= mark.bytes
      this.#roundTrip.add(now - mark.at)
      this.#readUpTo(mark.at, now)
    }
    this.#outbox.acceptUpTo(producer, seq)
    if (this.#outbox.inFlight === 0) this.#isolating = false
  }

  /** The server has read what was written until then: an ATTACH may have stood behind much data. */
  #readUpTo(writtenAt: number, now: number): void {
    for (const attaching of this.#attaching?.values() ?? [])
      if (attaching.askedAt < writtenAt) attaching.readAt ??= now
  }

  rejected(index: number, seq: number, code: string, message: string): void {
    const producer = this.#producerAt(index)
    if (seq >= producer.wireSeq) throw acknowledgedUnsent(producer, seq)
    const entry = producer.find(seq)
    if (entry !== null) this.#outbox.settle(entry, 'rejected', code, message)
  }

  /** The server ended the connection because a batch was too large (close code 1009). */
  tooLarge(): void {
    const suspect = this.#isolated
    this.#isolated = null
    if (suspect !== null) {
      this.#outbox.settle(
        suspect,
        'rejected',
        'too_large',
        'the server ends the connection (1009) when it is sent',
      )
    }
    this.#isolating = this.#outbox.inFlight > 0
  }

  /** Asks the server to stop a request that was written. */
  cancelRequest(entry: OutboxEntry): void {
    this.#cancels.push({ producer: entry.producer, seq: entry.seq })
  }

  /** Producers that were first used since the dial and have to be attached; those not `kept` yet must wait. */
  takeUnattached(
    kept: (producer: Producer) => boolean,
    now: number,
  ): { producer: Producer; index: number }[] {
    const found: { producer: Producer; index: number }[] = []
    for (const producer of this.#outbox.producers()) {
      if (producer.empty || this.#attached.includes(producer) || !kept(producer)) continue
      found.push({ producer, index: this.#attached.length })
      this.#attached.push(producer)
      this.#attaching ??= new Map()
      this.#attaching.set(producer, { askedAt: now, readAt: null })
    }
    return found
  }

  /** Since when the server has left an ATTACH that it has read without an answer, or given no acknowledgement at all. */
  owedSince(): number | null {
    let since: number | null = null
    for (const producer of this.#attached) {
      const attaching = this.#attaching?.get(producer)
      const askedAt = producer.oldestMark() ?? attaching?.askedAt
      if (askedAt === undefined) continue
      const owed = attaching?.readAt ?? Math.max(askedAt, this.#lastProgress)
      if (since === null || owed < since) since = owed
    }
    return since
  }

  /** Whether a full batch has gathered since the last one was written, or since this was last asked and true. */
  takeFullBatch(): boolean {
    if (this.#outbox.unwrittenBytes < this.#fullAt) return false
    this.#expectFullBatch()
    return true
  }

  #expectFullBatch(): void {
    this.#fullAt = this.#outbox.unwrittenBytes + MAX_BATCH_BYTES
  }

  /** Notes that a batch from {@link nextBatch} was written. */
  wrote(batch: UplinkBatch, bytes: number, now: number): void {
    if (batch.last === null) return
    this.#outstanding += bytes
    batch.last.producer.addMark({ seq: batch.last.seq, bytes, at: now })
  }

  /** Longest frame that fits a batch of its own; unlimited while that is not known. */
  get maxFrameBytes(): number {
    return this.#limits.maxFrame - BATCH_OVERHEAD
  }

  /**
   * The next batch: what fits of `control`, which is taken from there, then what windows and lanes allow; `null` if
   * there is nothing to write.
   */
  nextBatch(control: Encoded[]): UplinkBatch | null {
    const limits = this.#limits
    const writer = new BatchWriter(this.#config.serializer)
    writer.take(control, maxBatchBytes(limits))
    if (control.length > 0) return { frames: writer.frames, last: null }
    this.#writeCancels(writer)
    this.#writeLongHoles(writer, limits)
    const last = this.#writeMessages(writer, limits)
    this.#expectFullBatch()
    return writer.frames.length === 0 ? null : { frames: writer.frames, last }
  }

  /** There is nothing to write. */
  get isQuiet(): boolean {
    return this.#outbox.empty && this.#cancels.length === 0
  }

  #writeCancels(writer: BatchWriter): void {
    for (const { producer, seq } of this.#cancels) {
      if (producer.index === null) continue
      writer.use(producer.index)
      writer.add(this.#config.serializer.encode([FrameType.CANCEL, seq]))
    }
    this.#cancels = []
  }

  /** A hole longer than the window is stated piece by piece; each acknowledgement makes room for the next. */
  #writeLongHoles(writer: BatchWriter, { window }: Limits): void {
    for (const producer of this.#attached) {
      const limit = producer.floor + window.messages
      const { index, nextOnWire: next } = producer
      if (index === null || next === null || next.seq <= limit || producer.wireSeq > limit) continue
      writer.use(index)
      writer.add(this.#config.serializer.encode([FrameType.VOID, producer.wireSeq, limit]))
      producer.voidUpTo(limit)
    }
  }

  #writeMessages(writer: BatchWriter, limits: Limits): OutboxEntry | null {
    const maxBytes = maxBatchBytes(limits)
    const room = limits.window.bytes - this.#outstanding
    let last: OutboxEntry | null = null
    const ready = (producer: Producer) => this.#ready(producer, limits)
    for (let entry = this.#lanes.next(ready); entry !== null; entry = this.#lanes.next(ready)) {
      const size = writer.bytes + entry.size + FRAME_OVERHEAD
      if (entry.size + FRAME_OVERHEAD > limits.maxFrame) {
        this.#refuseTooLarge(entry, limits.maxFrame)
        continue
      }
      if (writer.frames.length > 0 && size > maxBytes) break
      if (size > room && (last !== null || this.#outstanding > 0)) break
      this.#writeEntry(writer, entry)
      last = entry
    }
    return last
  }

  /** Whether what an attached producer has next may be written. */
  #ready({ nextOnWire: entry, floor }: Producer, { window }: Limits): boolean {
    if (this.#isolated !== null && !this.#isolated.settled) return false
    return entry !== null && entry.seq <= floor + window.messages && this.#isStored(entry)
  }

  /** With durable storage nothing goes on the wire before it is stored (rule 7). */
  #isStored({ producer, seq }: OutboxEntry): boolean {
    return seq <= producer.storedUpTo && producer.epochStored
  }

  /** Writes an entry of an attached producer; it is not settled, so that its body is there. */
  #writeEntry(writer: BatchWriter, entry: OutboxEntry): void {
    const { producer } = entry
    writer.use(producer.index as number)
    if (entry.seq > producer.wireSeq) {
      writer.add(this.#config.serializer.encode([FrameType.VOID, producer.wireSeq, entry.seq - 1]))
      producer.voidUpTo(entry.seq - 1)
    }
    if (entry.state === 'written') this.#counters.resent++
    else this.#counters.messagesSent++
    const type = producer.kind === 'requests' ? FrameType.REQUEST : FrameType.SEND
    writer.addMessage(type, entry.seq, entry.body as Encoded, entry.size)
    producer.putOnWire(entry)
    this.#outbox.markWritten(entry)
    if (this.#isolating) this.#isolated = entry
  }

  #refuseTooLarge(entry: OutboxEntry, maxFrame: number): void {
    this.#outbox.settle(
      entry,
      'rejected',
      'too_large',
      `it has ${entry.size} bytes; the server takes at most ${maxFrame} in one frame (limits.maxFrameBytes)`,
    )
  }

  #producerAt(index: number): Producer {
    const producer = this.#attached[index]
    if (producer === undefined || producer.index === null) {
      throw new ProtocolError(`the server names producer ${index}, which is not attached`, {
        code: 'unknown_producer',
      })
    }
    return producer
  }
}

const maxBatchBytes = ({ maxFrame }: Limits): number => Math.min(MAX_BATCH_BYTES, maxFrame)
