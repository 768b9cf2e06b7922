/**
 * The book of producers at the store: who owns them, how far they are committed (I1, I2, I8, I9).
 *
 * Owns: what a store may answer, derived from the calls alone. Epochs are those that the outside sees.
 */
import { VOIDED } from '../../src/protocol/frames.js'
import type {
  AttachRequest,
  AttachResult,
  Commit,
  CommitResult,
  ProducerRecord,
} from '../../src/server/core/store.js'
import { Violation } from '../../src/testing/simulation/index.js'
import { EffectBook } from './books-effects.js'
import type { MessageBook } from './books-messages.js'
import { checkOfferedAs } from './books-owners.js'

interface Record {
  readonly epoch: string
  readonly key: string
  readonly user: string
  owner: string
  attach: number
  last: number
  /** Up to here messages may have run before this owner had it. */
  maybeRun: number
}

export class ProducerBook {
  /** As the store is now. A store that loses its tail begins a new table. */
  #records = new Map<string, Record>()
  /** Producer and epoch → highest number ever committed. */
  readonly #committed = new Map<string, number>()
  /** Producer and epoch → numbers committed as refused. */
  readonly #refused = new Map<string, Set<number>>()
  /** Producer and epoch → requests that began in it and did not end in it. */
  readonly #begun = new Map<string, Set<number>>()
  /** Producer and epoch → whose record it was. */
  readonly #users = new Map<string, string>()
  /** Producer and attach that the store refused. */
  readonly #refusedOffers = new Set<string>()
  /** Producer → highest attach that the store took. */
  readonly #newest = new Map<string, number>()
  readonly #effects: EffectBook
  /** The store is being built up again from its journal. */
  #again = false

  constructor(messages: MessageBook, maxInFlight: number) {
    this.#effects = new EffectBook(messages, maxInFlight)
  }

  /** The store lost its tail, or everything: what follows builds it up again. */
  lost(): void {
    this.#records = new Map()
    this.#again = true
  }

  /** What follows is new. */
  rebuilt(): void {
    this.#again = false
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

  /** Whose it is. */
  userOf(producer: string): string | null {
    return this.#records.get(producer)?.user ?? null
  }

  /** Whose it was in an epoch, which may be over. */
  userIn(producer: string, epoch: string): string | null {
    return this.#users.get(`${producer} ${epoch}`) ?? null
  }

  /**
   * Requests that began in an epoch and did not end in it. A store that lost its tail holds what began as begun again, in an
   * epoch that no connection has: who attaches next begins anew (EPO-3), and what was answered stays answered.
   */
  begun(producer: string, epoch: string): ReadonlySet<number> {
    return this.#begun.get(`${producer} ${epoch}`) ?? new Set()
  }

  /** Whether the store said no to this attach, or a later one was quicker. */
  explainsRefused({ id, attach }: Pick<AttachRequest['offer'], 'id' | 'attach'>): boolean {
    return this.#refusedOffers.has(`${id} ${attach}`) || (this.#newest.get(id) ?? 0) > attach
  }

  attached(request: AttachRequest, result: AttachResult): void {
    const { offer, user } = request
    checkOfferedAs(offer.user, user, offer.id)
    const known = this.#records.get(offer.id)
    if (!result.ok) {
      this.#refusedOffers.add(`${offer.id} ${offer.attach}`)
      this.#checkRefusal(request, known, result.why)
      return
    }
    this.#newest.set(offer.id, Math.max(offer.attach, this.#newest.get(offer.id) ?? 0))
    const { record, how } = result
    if (known !== undefined) checkClaim(request, known)
    if (how !== 'created') return goOn(request, record, how, known)
    const isUsable =
      known !== undefined && (offer.epoch ?? known.epoch) === known.epoch && known.last >= offer.floor
    if (isUsable) throw new Violation('I1', `producer ${record.id} was begun anew; its record was there`)
    this.#begin(record, offer)
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
    this.#noteBegun(commit, record.epoch)
    this.#committed.set(`${producer} ${record.epoch}`, Math.max(to, this.committed(producer, record.epoch)))
    this.#noteRefused(commit, record.epoch)
    this.#effects.committed(commit, record.epoch, this.#again)
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

  #begin(record: ProducerRecord, { attach, floor, written }: AttachRequest['offer']): void {
    const { id, epoch, key, owner, user } = record
    this.#records.set(id, { epoch, key, user, owner, attach, last: floor, maybeRun: written })
    this.#committed.set(`${id} ${epoch}`, floor)
    this.#users.set(`${id} ${epoch}`, user)
    checkMarks(record, written)
  }

  #noteBegun({ producer, begin, end }: Commit, epoch: string): void {
    const key = `${producer} ${epoch}`
    const known = this.#begun.get(key) ?? new Set<number>()
    for (const { seq } of begin) known.add(seq)
    for (const seq of end) known.delete(seq)
    this.#begun.set(key, known)
  }

  #noteRefused({ producer, refused }: Commit, epoch: string): void {
    if (refused.length === 0) return
    const key = `${producer} ${epoch}`
    const known = this.#refused.get(key) ?? new Set<number>()
    for (const [seq, code] of refused) if (code !== VOIDED) known.add(seq)
    this.#refused.set(key, known)
  }
}

/** A record goes on under the owner that attached. */
function goOn(
  request: AttachRequest,
  record: ProducerRecord,
  how: 'kept' | 'taken',
  known: Record | undefined,
): void {
  if (known === undefined || known.epoch !== record.epoch) {
    throw new Violation(
      'I1',
      `producer ${record.id} goes on in epoch ${record.epoch}, which is not its record's`,
    )
  }
  checkGoesOn(request, record, known)
  if (how === 'kept' && request.heldOwner !== known.owner) {
    throw new Violation('I9', `producer ${record.id} was kept by a process that does not own it`)
  }
  known.owner = record.owner
  known.attach = request.offer.attach
  if (how === 'taken') known.maybeRun = Math.max(known.maybeRun, request.offer.written)
  checkMarks(record, known.maybeRun)
}

/** What may have run before is marked when it runs again (rule 5). */
function checkMarks({ id, redeliveredUpTo }: ProducerRecord, maybeRun: number): void {
  if (redeliveredUpTo >= maybeRun) return
  throw new Violation(
    'I1',
    `producer ${id} may have run up to ${maybeRun} before; only up to ${redeliveredUpTo} would be marked`,
  )
}

/** Whoever attaches has its key, is its user, and comes later than whoever did before. */
function checkClaim({ offer, user }: AttachRequest, known: Record): void {
  const { id, key, attach } = offer
  if (known.key !== key) throw new Violation('I9', `producer ${id} was attached with a wrong key`)
  if (attach <= known.attach)
    throw new Violation('I9', `producer ${id}: attach ${attach} after ${known.attach}`)
  if (known.user !== user)
    throw new Violation('I9', `producer ${id} of ${known.user} was attached by ${user}`)
}

/** What goes on is the record as it was left, and what its client remembers of it. */
function checkGoesOn({ offer }: AttachRequest, { id, last }: ProducerRecord, known: Record): void {
  if (offer.epoch !== undefined && offer.epoch !== known.epoch)
    throw new Violation('I1', `producer ${id} of epoch ${offer.epoch} was attached to ${known.epoch}`)
  if (last < offer.floor)
    throw new Violation('I8', `producer ${id} goes on at ${last}; its client saw ${offer.floor} settled`)
  if (last !== known.last)
    throw new Violation('I8', `producer ${id} is at ${known.last}, the store says ${last}`)
}
