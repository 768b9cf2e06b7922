/**
 * The book of effects: what is committed with a message or with a request's end (I1, I3, I5, I10).
 *
 * Owns: what one commit may append, by what the handlers of its process did.
 * Does not own: whether the commit may be made at all (books-producers.ts).
 */
import { VOIDED } from '../../src/protocol/frames.js'
import type { Append, Commit } from '../../src/server/core/store.js'
import { Violation } from '../../src/testing/simulation/index.js'
import { type MessageBook, splitId } from './books-messages.js'
import type { Answer } from './books-requests.js'

/** Ends of a request that its handler has no part in: it may be done, or still at it. */
const NOT_BY_ITS_HANDLER = ['timeout', 'cancelled', 'unknown']

/** What one commit appends, by the message that it belongs to. */
interface Sorted {
  readonly effects: ReadonlyMap<string, readonly Append[]>
  readonly replies: ReadonlyMap<string, Append>
}

export class EffectBook {
  readonly #messages: MessageBook
  readonly #maxInFlight: number
  /** Epoch and id of every effect committed. */
  readonly #known = new Set<string>()

  /** `maxInFlight`: of so many numbers a server remembers what was void. */
  constructor(messages: MessageBook, maxInFlight: number) {
    this.#messages = messages
    this.#maxInFlight = maxInFlight
  }

  /** `again`: the store is built up from its journal, so that nobody runs anything now. */
  committed(commit: Commit, epoch: string, again: boolean): void {
    const { from, to, refused, end, producer } = commit
    const sorted = this.#sort(commit, epoch)
    const refusals = new Map(refused.map(([seq, code]) => [seq, code]))
    for (let seq = from + 1; seq <= to; seq++) {
      const id = `${producer}.${seq}`
      const effects = sorted.effects.get(id) ?? []
      if (!again) this.#checkVoid(id, epoch, to - seq, refusals.get(seq) === VOIDED)
      if (refusals.has(seq)) checkNone(id, 'refused', effects)
      else if (!again && !end.includes(seq)) this.#checkMessage(commit, epoch, id, effects)
    }
    for (const [id, reply] of sorted.replies) this.#checkReply(commit, id, reply)
    for (const seq of end) this.#checkEnd(commit, `${producer}.${seq}`, sorted, again)
  }

  /** What was void in this epoch is remembered, for a page that still finds it on its disk; and nothing else is. */
  #checkVoid(id: string, epoch: string, behind: number, isRemembered: boolean): void {
    const message = this.#messages.get(id)
    if (message?.kind !== 'message') return
    if (isRemembered && !message.voided)
      throw new Violation('I3', `${id} was committed as void, and nobody said so`)
    const isVoid = message.voided && message.runs.length === 0 && !message.writtenIn.has(epoch)
    if (isRemembered || !isVoid || behind >= this.#maxInFlight) return
    throw new Violation('I3', `${id} was void, and a later page would be told that it was accepted`)
  }

  #sort(commit: Commit, epoch: string): Sorted {
    const effects = new Map<string, Append[]>()
    const replies = new Map<string, Append>()
    for (const append of commit.appends) {
      const { id, re } = append.meta
      if (re !== undefined) {
        if (replies.has(re)) throw new Violation('I10', `request ${re} was answered twice`)
        replies.set(re, append)
        continue
      }
      const key = `${epoch} ${id}`
      if (this.#known.has(key)) throw new Violation('I1', `effect ${id} was committed twice in one epoch`)
      this.#known.add(key)
      checkPlace(commit, id)
      const [message = ''] = id.split(':', 1)
      effects.set(message, [...(effects.get(message) ?? []), append])
    }
    return { effects, replies }
  }

  /** A message that is accepted ran, and all that it sent is appended; without a handler it is in its room. */
  #checkMessage({ owner }: Commit, epoch: string, id: string, effects: readonly Append[]): void {
    const message = this.#messages.get(id)
    if (message?.kind !== 'message') return
    if (message.isForItsRoom && effects.length > 0) message.passedOn()
    const run = this.#messages.runUnder(id, owner)
    if (run !== undefined) {
      if (run.ended === null) throw new Violation('I3', `${id} was committed while its handler ran`)
      checkAll(id, run.effects, effects)
      return
    }
    if (!message.writtenIn.has(epoch) || message.voided) return
    const { terms } = message
    if (message.handled) throw new Violation('I3', `${id} was accepted, and its handler never ran`)
    if (terms.room === null) throw new Violation('I3', `${id} was accepted, and nothing handles it`)
    checkPassedOn(id, terms.room, terms.echo, effects)
  }

  /** What a request is answered. One that never began can only have expired. */
  #checkReply({ end }: Commit, id: string, reply: Append): void {
    const answer = answerOf(reply)
    this.#messages.requests.answered(id, answer)
    if (!end.includes(splitId(id).seq) && !(answer.is === 'failed' && answer.code === 'expired'))
      throw new Violation('I3', `request ${id} was answered, and does not end`)
  }

  #checkEnd({ owner }: Commit, id: string, { effects, replies }: Sorted, again: boolean): void {
    const reply = replies.get(id)
    if (reply === undefined) throw new Violation('I10', `request ${id} ended without an answer`)
    const answer = answerOf(reply)
    const sent = effects.get(id) ?? []
    if (answer.is === 'failed') checkNone(id, 'failed', sent)
    if (again) return
    const run = this.#messages.runUnder(id, owner)
    if (answer.is === 'failed') {
      if (run?.ended === 'done' && !NOT_BY_ITS_HANDLER.includes(answer.code))
        throw new Violation('I3', `request ${id} failed (${answer.code}); its handler succeeded`)
      return
    }
    if (run?.ended !== 'done')
      throw new Violation('I3', `request ${id} was answered; its handler has ${run?.ended ?? 'not ended'}`)
    if (answer.tag !== this.#messages.get(id)?.tag)
      throw new Violation('I10', `request ${id} was answered with the reply to ${answer.tag}`)
    checkAll(id, run.effects, sent)
  }
}

export function answerOf({ data, meta }: Pick<Append, 'data' | 'meta'>): Answer {
  const { code = '', tag = 0 } = data as { code?: string; tag?: number }
  return meta.error === true ? { is: 'failed', code } : { is: 'done', tag }
}

function checkNone(id: string, how: string, effects: readonly Append[]): void {
  if (effects.length > 0)
    throw new Violation('I3', `${id} ${how}, and ${effects.length} of its effects were committed`)
}

function checkAll(id: string, sent: number, effects: readonly Append[]): void {
  if (effects.length === sent) return
  throw new Violation('I1', `${id} was committed with ${effects.length} effects; its handler sent ${sent}`)
}

/** Once, in its room and in no other, for those whom it is for. */
function checkPassedOn(id: string, room: string, echo: boolean, effects: readonly Append[]): void {
  const [only] = effects
  if (only === undefined || effects.length > 1)
    throw new Violation('I3', `${id} was accepted, and is ${effects.length} times in room ${room}`)
  if (only.log !== `room/${room}`)
    throw new Violation('I3', `${id} was sent to room ${room}, and is in ${only.log}`)
  if ((only.audience === null) !== echo)
    throw new Violation('I5', `${id} was sent ${echo ? 'to all' : 'without echo'}; its entry says otherwise`)
}

/** Effects belong to a message of this commit, or to a request that ends with it. */
function checkPlace({ producer, from, to, end }: Commit, effect: string): void {
  const [message = ''] = effect.split(':', 1)
  const { producer: sender, seq } = splitId(message)
  if (sender === producer && ((seq > from && seq <= to) || end.includes(seq))) return
  throw new Violation('I3', `effect ${effect} was committed with ${producer} from ${from} to ${to}`)
}
