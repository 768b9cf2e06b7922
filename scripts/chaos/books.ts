/**
 * What the journals of a chaos run prove: every message, request and log judged by the invariants of the protocol.
 *
 * Owns: the judgement, from what the processes wrote down. It asks the library nothing. A broken promise is a line that begins
 * with the name of the invariant.
 * Does not own: readers of logs (reader-books.ts).
 */
import type { OutcomeState } from '../../src/index.js'
import type { ClientLine, Policy, ServerLine, Timed } from './journal.js'
import { ProducerOrder } from './producer-order.js'
import { LogTruth, readAll } from './reader-books.js'
import { type LifeJournal, type PageJournal, tally, type Verdict } from './verdict.js'

interface Run {
  readonly life: number
  readonly at: number
  readonly redelivered: boolean
}

interface Sent {
  readonly id: string
  readonly type: string
  readonly policy: Policy
  readonly fragile: boolean
  readonly pageKilled: boolean
  stored: boolean
  outcome: OutcomeState | null
  settledAt: number
  readonly runs: Run[]
  /** Lives in which its first effect was appended, and when. */
  readonly effects: Run[]
}

interface Asked {
  readonly pageKilled: boolean
  readonly answers: string[]
  runs: number
}

/** The handlers of these tell two logs. */
const WITH_EFFECT: ReadonlySet<string> = new Set(['fan', 'chat'])
const WITHOUT_RUN: ReadonlySet<OutcomeState> = new Set(['cancelled', 'expired', 'dropped'])

export class Books {
  readonly #sent = new Map<string, Sent>()
  readonly #asked = new Map<string, Asked>()
  readonly #keys = new Map<string, string>()
  readonly #truth = new LogTruth()
  readonly #violations: string[] = []
  #runs = 0
  #redelivered = 0
  readonly #count = { opened: 0, resumed: 0, outOfOrder: 0, lost: 0, duplicated: 0 }

  /** Judges a run that has come to rest. */
  judge(pages: readonly PageJournal[], lives: readonly LifeJournal[]): Verdict {
    for (const page of pages) this.#readPage(page)
    for (const [life, { lines }] of lives.entries()) this.#readLife(life, lines)
    for (const sent of this.#sent.values()) this.#judgeSent(sent)
    for (const [key, asked] of this.#asked) this.#judgeAsked(key, asked)
    const read = readAll(pages, this.#truth)
    this.#violations.push(...this.#truth.violations, ...read.violations)
    const answers = [...this.#asked.values()].map(({ answers: [first = 'page killed'] }) => first)
    return {
      connections: this.#count.opened,
      resumed: this.#count.resumed,
      sent: this.#sent.size,
      outcomes: tally([...this.#sent.values()].map(({ outcome }) => outcome ?? 'page killed')),
      requests: tally(answers),
      runs: this.#runs,
      redelivered: this.#redelivered,
      delivered: read.delivered,
      gaps: read.gaps,
      lost: this.#count.lost + read.lost,
      duplicated: this.#count.duplicated + read.duplicated,
      outOfOrder: this.#count.outOfOrder + read.outOfOrder,
      violations: this.#violations,
    }
  }

  // ── what happened ─────────────────────────────────────────────────────────────────────────────────────────────────

  #readPage({ name, policy, killed, lines }: PageJournal): void {
    for (const line of lines) {
      if (line.what === 'sent') this.#send(line, policy, killed)
      else if (line.what === 'stored') this.#known(line.id, (sent) => (sent.stored = true))
      else if (line.what === 'settled') this.#settle(line)
      else if (line.what === 'asked') this.#asked.set(line.key, { pageKilled: killed, answers: [], runs: 0 })
      else if (line.what === 'answered') this.#asked.get(line.key)?.answers.push(line.how)
      else if (line.what === 'opened') this.#opened(line.resumed)
      else if (line.what === 'error') this.#fail('protocol', `${name}: ${line.message}`)
    }
  }

  #opened(resumed: boolean): void {
    this.#count.opened++
    if (resumed) this.#count.resumed++
  }

  #send(line: Timed<ClientLine> & { what: 'sent' }, policy: Policy, pageKilled: boolean): void {
    const { id, key, type, fragile } = line
    if (this.#sent.has(id)) this.#fail('I4', `two messages have the id ${id}`)
    this.#keys.set(id, key)
    this.#sent.set(id, {
      ...{ id, type, policy, fragile, pageKilled },
      ...{ stored: false, outcome: null, settledAt: Infinity, runs: [], effects: [] },
    })
  }

  #settle({ id, outcome, at }: Timed<ClientLine> & { what: 'settled' }): void {
    this.#known(id, (sent) => {
      if (sent.outcome !== null) this.#fail('I4', `${id} ended twice: ${sent.outcome}, ${outcome}`)
      sent.outcome = outcome
      sent.settledAt = at
    })
  }

  #readLife(life: number, lines: readonly Timed<ServerLine>[]): void {
    const order = new ProducerOrder()
    const effects = new Set<string>()
    for (const line of lines) {
      if (line.what === 'ran') this.#ran(line, life, order)
      else this.#appended(line, life, order, effects)
    }
  }

  #ran(line: Timed<ServerLine> & { what: 'ran' }, life: number, order: ProducerOrder): void {
    const { id, key, kind, redelivered, at } = line
    if (kind === 'request') {
      const asked = this.#asked.get(key)
      if (asked === undefined) this.#fail('I1', `request ${key} ran, and nobody asked it`)
      else asked.runs++
      return
    }
    this.#runs++
    if (this.#keys.get(id) !== key) this.#fail('I1', `${id} ran with the data of ${key}`)
    if (!order.isNext('runs', id)) this.#outOfOrder(`${id} ran out of order in life ${life}`)
    this.#known(id, ({ runs }) => runs.push({ life, at, redelivered }))
  }

  #appended(
    line: Timed<ServerLine> & { what: 'appended' },
    life: number,
    order: ProducerOrder,
    effects: Set<string>,
  ): void {
    this.#truth.appended(line)
    const { id, at, redelivered } = line
    const [cause = '', part] = id.split(':')
    const sent = this.#sent.get(cause)
    if (sent === undefined) return
    if (effects.has(id)) this.#duplicated(`the effect ${id} was appended twice in life ${life}`)
    effects.add(id)
    if (part !== undefined && part !== '1') return
    if (!order.isNext('effects', cause))
      this.#outOfOrder(`${cause} was committed out of order in life ${life}`)
    sent.effects.push({ life, at, redelivered })
    // Nothing handles messages to rooms: the entry itself is the run.
    if (part !== undefined) return
    this.#runs++
    sent.runs.push({ life, at, redelivered })
  }

  // ── whether it adds up ────────────────────────────────────────────────────────────────────────────────────────────

  #judgeSent(sent: Sent): void {
    const { id, outcome, runs, effects, type } = sent
    this.#judgeRuns(sent)
    const [first] = runs
    if (outcome === null) return this.#judgeUnsettled(sent)
    if (outcome === 'accepted') {
      if (first === undefined || first.at > sent.settledAt) this.#lost(`I3: ${id} was accepted before it ran`)
      if (WITH_EFFECT.has(type) && !effects.some(({ at }) => at <= sent.settledAt)) {
        this.#lost(`I3: ${id} was accepted, and its effects are in no log`)
      }
      if (type === 'fail') this.#fail('I3', `${id} was accepted, but its handler failed`)
    }
    if (WITHOUT_RUN.has(outcome) && first !== undefined)
      this.#fail('I3', `${id} ended as ${outcome}, but ran`)
    const last = runs.at(-1)
    if (outcome === 'rejected' && effects.some(({ life }) => life === last?.life)) {
      this.#fail('I3', `${id} was rejected and had an effect`)
    }
    if (outcome === 'unknown' && sent.policy === 'resend') {
      this.#fail('I4', `${id} ended as unknown under onUnknown: 'resend'`)
    }
  }

  #judgeRuns({ id, runs, effects, policy, type }: Sent): void {
    if (type === 'fail' && effects.length > 0) this.#fail('I3', `${id} failed and had an effect`)
    for (const [index, run] of runs.entries()) {
      const before = runs[index - 1]
      if (before === undefined) continue
      if (before.life === run.life) this.#duplicated(`${id} ran twice in life ${run.life}`)
      else if (policy === 'reject') this.#duplicated(`${id} ran in two lives under onUnknown: 'reject'`)
      else if (!run.redelivered) this.#duplicated(`the second run of ${id} is not announced as redelivered`)
      else this.#redelivered++
    }
  }

  /** The network has healed and everything came to rest: only a page that was killed leaves a message without an end. */
  #judgeUnsettled({ id, pageKilled, stored, fragile, policy, runs }: Sent): void {
    if (!pageKilled) return this.#fail('I4', `${id} never ended`)
    const mustHaveRun = stored && !fragile && policy === 'resend'
    if (mustHaveRun && runs.length === 0)
      this.#lost(`I4: ${id} was stored, its page was killed, and it never ran`)
  }

  #judgeAsked(key: string, { answers, pageKilled, runs }: Asked): void {
    if (runs > 1) this.#duplicated(`request ${key} ran ${runs} times`)
    if (answers.length > 1) this.#fail('I10', `request ${key} was answered ${answers.length} times`)
    if (answers.includes('wrong')) this.#fail('I10', `request ${key} got the reply of another`)
    if (answers.includes('right') && runs === 0)
      this.#fail('I10', `request ${key} was answered and never ran`)
    if (answers.length === 0 && !pageKilled) this.#fail('I4', `request ${key} never ended`)
  }

  #known(id: string, then: (sent: Sent) => void): void {
    const sent = this.#sent.get(id)
    if (sent === undefined) this.#fail('I1', `${id} is known to one side only`)
    else then(sent)
  }

  #fail(invariant: string, detail: string): void {
    this.#violations.push(`${invariant}: ${detail}`)
  }

  #lost(violation: string): void {
    this.#count.lost++
    this.#violations.push(violation)
  }

  #duplicated(detail: string): void {
    this.#count.duplicated++
    this.#fail('I1', detail)
  }

  #outOfOrder(detail: string): void {
    this.#count.outOfOrder++
    this.#fail('I2', detail)
  }
}
