/**
 * The producers in the hands of this process: attaching, fencing, letting go (rules 3, 5, 15).
 *
 * Owns: the map of producers, the owner tokens this process holds, which connection numbers in a producer.
 * Does not own: numbers and handlers (acceptance.ts, requests.ts).
 */
import type { ProducerOffer, ProducerState } from '../../protocol/frames.js'
import { nothingStaged } from './commits.js'
import { Fifo } from './fifo.js'
import { isOfOwner } from './identity.js'
import type { Kernel } from './kernel.js'
import type { Connection, Job, Producer } from './model.js'
import type { AttachResult, BegunRequest, ProducerRecord } from './store.js'
import { voidedInHand } from './voids.js'

export interface ProducerHooks {
  /** A newer connection took a producer of this one. */
  superseded(connection: Connection): void
  /** The record came from another process, or an earlier life of this one, with requests it never ended. */
  leftovers(producer: Producer, begun: readonly BegunRequest[]): void
  /** Whoever waited for a number of this producer need not wait any longer. */
  unblocked(waiter: Producer): void
}

/**
 * Owner tokens remembered after a producer went idle. Forgetting one costs only exactness: the next attach counts as a
 * take-over and marks more messages as `redelivered` than need be.
 */
const MAX_OWNERS = 100_000

export class Producers {
  readonly #kernel: Kernel
  readonly #hooks: ProducerHooks
  readonly #held = new Map<string, Producer>()
  readonly #owners = new Map<string, string>()
  /** How many attaches of a producer the store was asked for and has not answered. */
  readonly #attaching = new Map<string, number>()
  /** Owners of producers whose connection is gone, which the store was not told while they are attached anew. */
  readonly #heldBack = new Map<string, string>()
  readonly #maxOwners: number

  constructor(kernel: Kernel, hooks: ProducerHooks, maxOwners = MAX_OWNERS) {
    this.#kernel = kernel
    this.#hooks = hooks
    this.#maxOwners = maxOwners
  }

  get size(): number {
    return this.#held.size
  }

  get all(): Iterable<Producer> {
    return this.#held.values()
  }

  /**
   * Attaches a producer to a connection; `null`: refused. `failed`: the store did not answer, and asking again could
   * mistake our own attach for another's, so the connection has to end.
   */
  attach(
    connection: Connection,
    offer: ProducerOffer,
    identity: string,
    then: (producer: Producer | null) => void,
    failed: () => void,
  ): void {
    if (!isOfOwner(offer.user, identity)) return then(this.#refused(offer, 'user'))
    const { chance } = this.#kernel
    const request = {
      offer,
      user: identity,
      heldOwner: this.#owners.get(offer.id) ?? null,
      newOwner: chance.id(),
      newEpoch: chance.id(),
    }
    this.#attaching.set(offer.id, (this.#attaching.get(offer.id) ?? 0) + 1)
    this.#kernel.askStoreOnce(
      { method: 'attachProducer', request },
      (result) => {
        this.#answered(offer.id)
        if (this.#isOutdated(result)) failed()
        else then(this.#attached(connection, offer, result))
        this.#tellHeldBack(offer.id)
        this.#dropIfIdle(offer.id)
      },
      () => {
        this.#answered(offer.id)
        failed()
        this.#tellHeldBack(offer.id)
        this.#dropIfIdle(offer.id)
      },
    )
  }

  #answered(id: string): void {
    const asked = this.#attaching.get(id) as number
    if (asked > 1) this.#attaching.set(id, asked - 1)
    else this.#attaching.delete(id)
  }

  /** The answer says that this process owns the producer still; but it has lost it since the store answered. */
  #isOutdated(result: AttachResult): boolean {
    return result.ok && result.how === 'kept' && this.#owners.get(result.record.id) !== result.record.owner
  }

  /** What WELCOME and ATTACHED say; acknowledging starts from there. */
  introduce(producer: Producer, index: number): ProducerState {
    producer.index = index
    producer.acknowledged = producer.committed
    producer.untold = []
    const { committed: last, held, epoch, refused } = producer
    const inHand = voidedInHand(producer, this.#kernel.limits.maxInFlight)
    return { last, held, epoch, refused: [...refused, ...inHand] }
  }

  /** The connection is gone; what is in hand is still handled. */
  detach(connection: Connection, producer: Producer): void {
    if (producer.connection !== connection) return
    producer.connection = null
    this.#tellDetached(producer.id, producer.owner)
    this.dropIfIdle(producer)
  }

  /**
   * Not while a newer connection has it, or attaches it, as the same owner: the older one's end, heard after that, would be
   * taken for its. What is not told for an attach is told when that came to nothing.
   */
  #tellDetached(id: string, owner: string): void {
    const holds = (): boolean => {
      const isAttaching = this.#attaching.has(id)
      if (isAttaching) this.#heldBack.set(id, owner)
      return !isAttaching && (this.#held.get(id)?.connection ?? null) === null
    }
    if (holds()) this.#kernel.tellStore({ method: 'detachProducer', id, owner }, holds)
  }

  #tellHeldBack(id: string): void {
    const owner = this.#heldBack.get(id)
    this.#heldBack.delete(id)
    if (owner !== undefined) this.#tellDetached(id, owner)
  }

  /**
   * Nothing is in hand and nobody numbers in it: the store's record is enough. But not while an attach is asked for:
   * what its answer says may be older than what is known here.
   */
  dropIfIdle(producer: Producer): void {
    if (producer.connection !== null || isBusy(producer) || this.#attaching.has(producer.id)) return
    if (this.#held.get(producer.id) === producer) this.#held.delete(producer.id)
  }

  #dropIfIdle(id: string): void {
    const producer = this.#held.get(id)
    if (producer !== undefined) this.dropIfIdle(producer)
  }

  /** Fenced, lost or replaced: nothing that comes back for it counts any more. */
  retire(producer: Producer, code: string): void {
    producer.retired = true
    const { deadlines, emit } = this.#kernel
    const running = producer.running === null ? [] : [producer.running]
    for (const job of [...running, ...producer.requests.values()] satisfies Job[]) {
      deadlines.cancel(job.deadline)
      emit({ type: 'abort', job, code })
    }
    for (const due of producer.stray.values()) deadlines.cancel(due)
    deadlines.cancel(producer.committing?.due ?? null)
    this.#held.delete(producer.id)
    this.#owners.delete(producer.id)
    for (const waiter of producer.waiters) this.#hooks.unblocked(waiter)
    producer.waiters.clear()
  }

  #attached(connection: Connection, offer: ProducerOffer, result: AttachResult): Producer | null {
    if (!result.ok) return this.#refused(offer, result.why)
    const { record, how } = result
    const known = this.#held.get(record.id)
    // A newer connection was quicker: its answer overtook this one.
    if (known !== undefined && record.attach < known.attach) return null
    if (how === 'kept' && known !== undefined) return this.#move(connection, known, record)
    const before = known?.connection ?? null
    if (known !== undefined) this.retire(known, how === 'taken' ? 'fenced' : 'forgotten')
    const producer = fromRecord(record, connection)
    this.#held.set(record.id, producer)
    this.#own(producer)
    if (before !== null && before !== connection) this.#hooks.superseded(before)
    if (record.begun.length > 0) this.#hooks.leftovers(producer, record.begun)
    return producer
  }

  #refused({ id }: ProducerOffer, why: string): null {
    this.#kernel.log('warn', 'producer refused', { producer: id, why })
    return null
  }

  /** This process owned it all along: running handler and received messages stay. */
  #move(connection: Connection, producer: Producer, record: ProducerRecord): Producer {
    const before = producer.connection
    producer.attach = record.attach
    producer.connection = connection
    if (before !== null && before !== connection) this.#hooks.superseded(before)
    return producer
  }

  #own(producer: Producer): void {
    this.#owners.delete(producer.id)
    this.#owners.set(producer.id, producer.owner)
    if (this.#owners.size <= this.#maxOwners) return
    for (const id of this.#owners.keys()) {
      if (!this.#held.has(id)) {
        this.#owners.delete(id)
        return
      }
    }
  }
}

/** Messages in hand, handlers running or something not committed. */
export function isBusy(producer: Producer): boolean {
  return (
    producer.queue.length > 0 ||
    producer.running !== null ||
    producer.requests.size > 0 ||
    producer.committing !== null ||
    producer.staged.to > producer.committed ||
    producer.staged.end.length > 0
  )
}

function fromRecord(record: ProducerRecord, connection: Connection): Producer {
  const { id, kind, owner, epoch, attach, redeliveredUpTo, last } = record
  return {
    id,
    kind,
    owner,
    epoch,
    attach,
    redeliveredUpTo,
    committed: last,
    held: last,
    queue: new Fifo(),
    staged: nothingStaged(last),
    committing: null,
    running: null,
    requests: new Map(),
    stray: new Map(),
    refused: [...record.refused],
    connection,
    index: 0,
    acknowledged: last,
    untold: [],
    batches: new Fifo(),
    heldBytes: 0,
    waiters: new Set(),
    retired: false,
  }
}
