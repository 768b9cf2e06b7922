/**
 * The book of sessions at the store: who resumes which (I5, I9; rules 3, 15, 16).
 *
 * Owns: what a store may answer to an attach, derived from the calls alone.
 */
import type { SessionRequest, SessionResult } from '../../src/server/core/store.js'
import { Violation } from '../../src/testing/simulation/index.js'

interface Known {
  readonly key: string
  readonly user: string
  attach: number
  owner: string
  detachedAt: number | null
}

export class SessionBook {
  #known = new Map<string, Known>()
  readonly #sessionMs: number

  constructor(sessionMs: number) {
    this.#sessionMs = sessionMs
  }

  /** The store lost its tail, or everything: what follows builds it up again. */
  lost(): void {
    this.#known = new Map()
  }

  attached(
    { offer, user, owner }: SessionRequest,
    { record, resumed, why }: SessionResult,
    now: number,
  ): void {
    const known = offer === null ? undefined : this.#known.get(offer.id)
    if (offer !== null && !resumed) this.#checkRefusal(offer, user, known, why, now)
    if (!resumed) {
      const { id, key, attach } = record
      this.#known.set(id, { key, user, attach, owner, detachedAt: null })
      return
    }
    if (known === undefined || offer === null || !this.#isKept(known, now))
      throw new Violation('I9', `session ${record.id} was resumed, and nobody had it`)
    if (known.user !== user)
      throw new Violation('I9', `session ${record.id} of ${known.user} was resumed by ${user}`)
    if (offer.key !== known.key)
      throw new Violation('I9', `session ${record.id} was resumed with a wrong key`)
    if (offer.attach <= known.attach) {
      throw new Violation(
        'I9',
        `session ${record.id} was resumed with attach ${offer.attach} after ${known.attach}`,
      )
    }
    known.attach = offer.attach
    known.owner = owner
    known.detachedAt = null
  }

  detached(id: string, owner: string, ended: boolean, now: number): void {
    const known = this.#known.get(id)
    if (known?.owner !== owner) return
    // A detach whose answer was lost is told again, and counts from then; one that comes when the session is over brings nothing back.
    if (ended || !this.#isKept(known, now)) this.#known.delete(id)
    else known.detachedAt = now
  }

  #isKept({ detachedAt }: Known, now: number): boolean {
    return detachedAt === null || now - detachedAt < this.#sessionMs
  }

  #checkRefusal(
    { id, attach }: NonNullable<SessionRequest['offer']>,
    user: string,
    known: Known | undefined,
    why: string | null,
    now: number,
  ): void {
    if (known === undefined) return
    if (why === 'unknown' && this.#isKept(known, now))
      throw new Violation('I5', `session ${id} is kept, and was not resumed`)
    if (why === 'key')
      throw new Violation('I9', `session ${id} was not resumed with the key that it was given`)
    if (why === 'user' && known.user === user)
      throw new Violation('I9', `session ${id} was refused to its own user`)
    if (why === 'stale' && attach > known.attach) {
      throw new Violation('I9', `session ${id}: attach ${attach} is called stale after ${known.attach}`)
    }
  }
}
