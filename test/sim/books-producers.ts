/**
 * The book of producers at the store: who owns them, how far they are committed, with which effects (I1, I2, I3, I8, I9).
 *
 * Owns: what a store may answer, derived from the calls alone. Epochs are those that the outside sees.
 */
import type {
  AttachRequest,
  AttachResult,
  Commit,
  CommitResult,
  ProducerRecord,
} from '../../src/server/core/store.js'
import { Violation } from '../../src/testing/simulation/index.js'
import { type MessageBook, splitId } from './books-messages.js'

interface Record {
  readonly epoch: string
  readonly key: string
  readonly user: string
  owner: string
  attach: number
  last: number
  /** Requests that began and did not end. */
  readonly begun: Set<number>
}

export class ProducerBook {
  /** As the store is now. A store that loses its tail begins a new table. */
  #records = new Map<string, Record>()
  /** Producer and epoch → highest number ever committed. */
  readonly #committed = new Map<string, number>()
  /** Producer and epoch → numbers committed as refused. */
  readonly #refused = new Map<string, Set<number>>()
  /** Epoch and id of every effect committed. */
  readonly #effects = new Set<string>()
  readonly #messages: MessageBook

  constructor(messages: MessageBook) {
    this.#messages = messages
  }

  /** The store lost its tail, or everything: what follows builds it up again. */
  lost(): void {
    this.#records = new Map()
  }

  committed(producer: string, epoch: string): number {
    return this.#committed.get(`${producer} ${epoch}`) ?? 0
  }

  refused(producer: string, epoch: string): ReadonlySet<number> {
    return this.#refused.get(`${producer} ${epoch}`) ?? new Set()
  }

  ownerOf(producer: string): string {
    return this.#records.get(producer)?.owner ?? ''
  }

  /** Requests that began and did not end. */
  begun(producer: string): ReadonlySet<number> {
    return this.#records.get(producer)?.begun ?? new Set()
  }

  attached(request: AttachRequest, result: AttachResult): void {
    const { offer, heldOwner, user } = request
    const known = this.#records.get(offer.id)
    if (!result.ok) {
      this.#checkRefusal(request, known, result.why)
      return
    }
    const { record, how } = result
    if (known !== undefined) {
      if (known.key !== offer.key)
        throw new Violation('I9', `producer ${record.id} was attached with a wrong key`)
      if (offer.attach <= known.attach) {
        throw new Violation('I9', `producer ${record.id}: attach ${offer.attach} after ${known.attach}`)
      }
    }
    if (known !== undefined && known.user !== user) {
      throw new Violation('I9', `producer ${record.id} of ${known.user} was attached by ${user}`)
    }
    if (how === 'created') {
      const isUsable =
        known !== undefined && (offer.epoch ?? known.epoch) === known.epoch && known.last >= offer.floor
      if (isUsable) throw new Violation('I1', `producer ${record.id} was begun anew; its record was there`)
      this.#begin(record, offer.attach, offer.floor)
      return
    }
    if (known === undefined || known.epoch !== record.epoch) {
      throw new Violation(
        'I1',
        `producer ${record.id} goes on in epoch ${record.epoch}, which is not its record's`,
      )
    }
    if (offer.epoch !== undefined && offer.epoch !== known.epoch) {
      throw new Violation(
        'I1',
        `producer ${record.id} of epoch ${offer.epoch} was attached to ${known.epoch}`,
      )
    }
    if (record.last < offer.floor) {
      throw new Violation(
        'I8',
        `producer ${record.id} goes on at ${record.last}; its client saw ${offer.floor} settled`,
      )
    }
    if (how === 'kept' && heldOwner !== known.owner) {
      throw new Violation('I9', `producer ${record.id} was kept by a process that does not own it`)
    }
    if (record.last !== known.last) {
      throw new Violation('I8', `producer ${record.id} is at ${known.last}, the store says ${record.last}`)
    }
    known.owner = record.owner
    known.attach = offer.attach
  }

  commit(commit: Commit, result: CommitResult): void {
    if (!result.ok) return
    const { producer, owner, from, to } = commit
    const record = this.#records.get(producer)
    if (record === undefined) throw new Violation('I9', `a commit of ${producer}, which has no record`)
    if (record.owner !== owner) throw new Violation('I9', `a commit of ${producer} by a process that lost it`)
    if (from !== record.last || to < from) {
      throw new Violation(
        'I2',
        `producer ${producer} is at ${record.last}; a commit from ${from} to ${to} succeeded`,
      )
    }
    record.last = to
    for (const { seq } of commit.begin) record.begun.add(seq)
    for (const seq of commit.end) record.begun.delete(seq)
    this.#committed.set(`${producer} ${record.epoch}`, Math.max(to, this.committed(producer, record.epoch)))
    this.#noteRefused(commit, record.epoch)
    this.#checkEffects(commit, record.epoch)
  }

  #checkRefusal({ offer, user }: AttachRequest, known: Record | undefined, why: string): void {
    const { id, attach } = offer
    const isExplained =
      known !== undefined &&
      // An equal one would be the same offer, asked twice.
      (why === 'stale' ? attach < known.attach : why === 'user' && user !== known.user)
    if (!isExplained)
      throw new Violation('I9', `producer ${id} was refused (${why}) with attach ${attach} of ${user}`)
  }

  #begin({ id, epoch, key, owner, user }: ProducerRecord, attach: number, floor: number): void {
    this.#records.set(id, { epoch, key, user, owner, attach, last: floor, begun: new Set() })
    this.#committed.set(`${id} ${epoch}`, floor)
  }

  #noteRefused({ producer, refused }: Commit, epoch: string): void {
    if (refused.length === 0) return
    const key = `${producer} ${epoch}`
    const known = this.#refused.get(key) ?? new Set<number>()
    for (const [seq] of refused) known.add(seq)
    this.#refused.set(key, known)
  }

  /** What a handler sent is appended with its message, all of it, once; of a refused one nothing is. */
  #checkEffects(commit: Commit, epoch: string): void {
    const { producer, owner, from, to, refused, appends } = commit
    const counts = new Map<string, number>()
    for (const { meta } of appends) {
      if (meta.re !== undefined) continue
      const key = `${epoch} ${meta.id}`
      if (this.#effects.has(key))
        throw new Violation('I1', `effect ${meta.id} was committed twice in one epoch`)
      this.#effects.add(key)
      checkPlace(commit, meta.id)
      const [message = ''] = meta.id.split(':', 1)
      counts.set(message, (counts.get(message) ?? 0) + 1)
    }
    const refusals = new Set(refused.map(([seq]) => seq))
    for (let seq = from + 1; seq <= to; seq++) {
      const id = `${producer}.${seq}`
      const count = counts.get(id) ?? 0
      if (refusals.has(seq)) {
        if (count > 0)
          throw new Violation('I3', `${id} was refused, and ${count} of its effects were committed`)
        continue
      }
      const run = this.#messages.runUnder(id, owner)
      if (run === undefined || this.#messages.get(id)?.kind !== 'message') continue
      if (run.ended === null) throw new Violation('I3', `${id} was committed while its handler ran`)
      if (count !== run.effects) {
        throw new Violation(
          'I1',
          `${id} was committed with ${count} effects; its handler sent ${run.effects}`,
        )
      }
    }
  }
}

/** Effects belong to a message of this commit, or to a request that ends with it. */
function checkPlace({ producer, from, to, end }: Commit, effect: string): void {
  const [message = ''] = effect.split(':', 1)
  const { producer: sender, seq } = splitId(message)
  if (sender === producer && ((seq > from && seq <= to) || end.includes(seq))) return
  throw new Violation('I3', `effect ${effect} was committed with ${producer} from ${from} to ${to}`)
}
