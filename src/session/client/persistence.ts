/**
 * Durable outboxes: what is stored, when, and whose it is (rules 6 and 7).
 *
 * Owns: the changes that go to storage, in order, one batch a turn; which messages may be written; the leftovers of
 * closed pages.
 * Does not own: storage itself (a port of the runtime). Comes with the storage (client/outbox-storage.ts): a session
 * without one has no such part.
 */
import type { Encoded } from '../../protocol/codec.js'
import type { Sink } from '../../protocol/machine.js'
import type { StorageChange, StoredOutbox } from '../../protocol/storage.js'
import type { ConnectionState } from '../../connection/state.js'
import type { Outbox } from '../../delivery/outbox.js'
import type { OutboxEntry, Producer } from '../../delivery/producer.js'
import type { SessionEffect } from './inputs.js'
import { heirOf, WaitingOutboxes, warnOfOthers } from './waiting-outboxes.js'

/** What leftovers are taken over by. */
export interface LeftoverHost {
  /** Bytes of an encoded body. */
  readonly sizeOf: (body: Encoded) => number
  /** How many producers this connection has, refused ones too. */
  readonly attached: () => number
  readonly state: () => ConnectionState['name']
}

/** What holds once a batch of changes is stored. */
interface PendingBatch {
  /** Highest number of each producer in it. */
  readonly appended: ReadonlyMap<Producer, number>
  readonly attaches: ReadonlyMap<Producer, number>
  readonly epochs: ReadonlyMap<Producer, string | null>
}

export class Persistence {
  #durable = true
  readonly #emit: Sink<SessionEffect>
  #changes: StorageChange[] = []
  #batch = 0
  /** What becomes writable once a batch is stored. */
  readonly #pending = new Map<number, PendingBatch>()
  #appended = new Map<Producer, number>()
  #attaches = new Map<Producer, number>()
  #epochs = new Map<Producer, string | null>()
  /** The `attach` that storage holds. */
  readonly #keptAttach = new WeakMap<Producer, number>()
  /** The epoch that storage holds. */
  readonly #keptEpoch = new WeakMap<Producer, string | null>()
  readonly #known = new Set<Producer>()
  /** Were stored until storage failed: nobody knows what the next page will find. */
  readonly #doubtful = new Set<Producer>()
  readonly #waiting: WaitingOutboxes
  #host: LeftoverHost | null = null
  #isStopped = false
  /** At the end, what stays stored is not to be settled in storage. */
  #leaving = false

  constructor(emit: Sink<SessionEffect>) {
    this.#emit = emit
    this.#waiting = new WaitingOutboxes(emit)
  }

  /** A message was queued: it may be written once it is stored. Requests are not kept: nobody would hear the reply. */
  appended(entry: OutboxEntry): void {
    const { producer, seq, body } = entry
    if (!this.#durable || body === null) return // It found no room.
    if (!this.#known.has(producer)) this.#begin(producer)
    this.#changes.push({ type: 'append', message: { producer: producer.id, seq, body } })
    this.#appended.set(producer, seq)
  }

  settled(entry: OutboxEntry): void {
    if (!this.#known.has(entry.producer) || this.#leaving) return
    this.#changes.push({ type: 'settle', producer: entry.producer.id, seq: entry.seq })
    if (entry.producer.leftover && entry.producer.empty) this.#forget(entry.producer)
  }

  /** `attach` was raised: it has to be kept before the dial, or a later page would offer an older one (rule 3). */
  attaching(producers: readonly Producer[]): void {
    let kept = false
    for (const producer of producers) {
      if (!this.#known.has(producer)) continue
      this.#putProducer(producer)
      kept = true
    }
    if (kept) this.flush()
  }

  /**
   * Epochs and floors are known after WELCOME or ATTACHED. Nothing is written in an epoch that storage does not hold: a
   * later page would take it for never written, and could not tell that the server has forgotten it (rule 5).
   */
  attached(outbox: Outbox): void {
    for (const producer of outbox.producers()) {
      if (!this.#known.has(producer)) continue
      producer.epochStored = this.#keptEpoch.get(producer) === producer.epoch
      this.#putProducer(producer)
    }
    for (const producer of [...outbox.leftovers]) if (producer.empty) this.#retire(outbox, producer)
  }

  /** WELCOME named a user: what pages left is taken over for them. */
  welcomed(outbox: Outbox): void {
    this.attached(outbox)
    if (this.#durable) this.#waiting.claim()
    this.#takeOver(outbox)
  }

  /** The connection is gone: whom the next WELCOME names is known only of a page that had none yet. */
  lost(outbox: Outbox): void {
    if (outbox.user !== null) this.#waiting.letGo()
  }

  /** There will be no WELCOME unless somebody connects again: nothing waits for it here. */
  stopped(): void {
    this.#isStopped = true
    this.#waiting.letGo()
  }

  /** There may be a WELCOME again. */
  dialling(): void {
    this.#isStopped = false
  }

  /** Hands this turn's changes to storage. */
  flush(): void {
    if (this.#changes.length === 0) return
    const changes = this.#changes
    this.#changes = []
    this.#pending.set(++this.#batch, {
      appended: this.#appended,
      attaches: this.#attaches,
      epochs: this.#epochs,
    })
    this.#appended = new Map()
    this.#attaches = new Map()
    this.#epochs = new Map()
    this.#emit({ type: 'store', batch: this.#batch, changes })
  }

  /** A batch of changes is kept, or memory has to do: its messages may be written. */
  stored(outbox: Outbox, batch: number, kept: boolean): void {
    if (!kept) this.#degrade(outbox)
    const pending = this.#pending.get(batch)
    if (pending === undefined) return
    this.#pending.delete(batch)
    for (const [producer, seq] of pending.appended) producer.storedUpTo = Math.max(producer.storedUpTo, seq)
    for (const [producer, attach] of pending.attaches) this.#keptAttach.set(producer, attach)
    for (const [producer, epoch] of pending.epochs) {
      this.#keptEpoch.set(producer, epoch)
      producer.epochStored ||= epoch === producer.epoch
    }
  }

  /** Whether a producer may be attached on a live connection: a later page must not offer an older `attach`. */
  attachIsKept(producer: Producer): boolean {
    return !this.#known.has(producer) || this.#keptAttach.get(producer) === producer.attach
  }

  /** What closed pages left behind is taken over once a WELCOME has said whose page this is, if there is to be one. */
  adopt(outbox: Outbox, leftovers: readonly StoredOutbox[], host: LeftoverHost): void {
    this.#host = host
    const state = host.state()
    // Before the first WELCOME it waits for that; after it, only for one at hand.
    const waits = outbox.user === null || state === 'live' || state === 'handshaking'
    const isUseless = !this.#durable || this.#isStopped || !waits
    for (const leftover of leftovers) {
      if (leftover.messages.length > 0 || isUseless) this.#waiting.add(leftover)
      else this.#changes.push({ type: 'forget', producer: leftover.producer.id })
    }
    if (isUseless) this.#waiting.letGo()
    // During a dial nobody knows whom its WELCOME will name.
    if (state === 'live') this.#takeOver(outbox)
  }

  #takeOver(outbox: Outbox): void {
    if (this.#host === null) return
    const { sizeOf, attached } = this.#host
    for (const leftover of this.#waiting.takeOurs(outbox.user, outbox.leftovers.length, attached()))
      this.#takeOverOne(outbox, leftover, sizeOf)
  }

  #takeOverOne(
    outbox: Outbox,
    { producer: stored, messages }: StoredOutbox,
    sizeOf: LeftoverHost['sizeOf'],
  ): void {
    const producer = heirOf(stored)
    this.#known.add(producer)
    this.#keptEpoch.set(producer, stored.epoch)
    outbox.adopt(
      producer,
      messages.map(({ seq, body }) => ({ seq, body, size: sizeOf(body) })),
    )
    this.#putProducer(producer)
  }

  /** The server had seen more than storage kept: the outbox is settled and done with (rule 12). */
  tailLost(outbox: Outbox, producer: Producer): void {
    this.#retire(outbox, producer)
    this.#emit({
      type: 'warning',
      code: 'outbox_tail_lost',
      message: `storage holds less of outbox ${producer.id} than the server has seen: its newest messages were lost, or taken back before`,
    })
  }

  /** A leftover that the server refused belongs to another user: it waits for them. */
  notOurs(outbox: Outbox, producer: Producer): void {
    this.#known.delete(producer)
    this.#waiting.refused(producer.id, outbox.user)
    this.#letGo(outbox, producer, 'outbox_of_another_user', 'it stays stored for the user it belongs to')
    warnOfOthers(this.#emit)
  }

  /** It stays stored as it is, for another page. Nothing of it is to be stored any more. */
  #letGo(outbox: Outbox, producer: Producer, code: string, message: string): void {
    outbox.retire(producer, code, message)
    this.#changes = this.#changes.filter(
      (change) => change.type !== 'producer' || change.producer.id !== producer.id,
    )
    this.#emit({ type: 'release', producer: producer.id })
  }

  /** Whether messages of this producer are stored, or may be, and outlive the client. */
  keeps(producer: Producer): boolean {
    return this.#known.has(producer) || this.#doubtful.has(producer)
  }

  /** The client ends: what is stored stays for the next page. */
  leaveForNextPage(outbox: Outbox, producer: Producer): void {
    const [code, message] = this.#known.has(producer)
      ? ['stored', 'the client was closed; the message is stored and goes out with the next page']
      : ['closed', 'the client was closed after its storage had failed; the next page may send it or not']
    this.#leaving = true
    for (let entry = producer.first; entry !== null; entry = producer.first) {
      outbox.settle(entry, 'unknown', code, message)
    }
    this.#leaving = false
  }

  /** Storage failed: nothing waits for it any more. */
  #degrade(outbox: Outbox): void {
    this.#durable = false
    this.#changes = []
    const known = [...this.#known]
    this.#known.clear()
    for (const producer of known) {
      producer.storedUpTo = Number.POSITIVE_INFINITY
      // That it was handled could not be stored: a page whose storage works may have it instead.
      if (producer.leftover) this.#letGo(outbox, producer, ...LET_GO)
      else this.#doubtful.add(producer)
      producer.epochStored = true
    }
    this.#waiting.letGo()
  }

  #begin(producer: Producer): void {
    this.#known.add(producer)
    producer.storedUpTo = 0
    this.#putProducer(producer)
  }

  #retire(outbox: Outbox, producer: Producer): void {
    outbox.retire(producer, 'outbox_tail_lost', 'storage lost part of this outbox')
    this.#forget(producer)
  }

  #forget(producer: Producer): void {
    if (!this.#known.delete(producer)) return
    this.#changes.push({ type: 'forget', producer: producer.id })
  }

  #putProducer(producer: Producer): void {
    const { id, key, attach, epoch, user, floor } = producer
    this.#attaches.set(producer, attach)
    this.#epochs.set(producer, epoch)
    this.#changes.push({ type: 'producer', producer: { id, key, attach, epoch, user, floor } })
  }
}

const LET_GO = ['stored', 'storage failed; the message is stored and goes out with another page'] as const
