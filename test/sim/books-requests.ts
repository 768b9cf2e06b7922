/**
 * The book of requests: what was asked, what the store says became of it, what the application was told (I3, I10).
 *
 * Owns: that an answer is what was committed, and that one that came is told.
 * Does not own: runs of their handlers (books-messages.ts), what is committed with an answer (books-effects.ts).
 */
import { Violation } from '../../src/testing/simulation/index.js'

/** A request that the application made. */
export interface Question {
  readonly tag: number
  readonly policy: 'resend' | 'reject'
  readonly page: string
  readonly askedAt: number
  readonly timeoutMs: number
  readonly signal: AbortSignal | null
  /** Known once it is written. */
  id: string | null
  /** The answer that came to the page while it was waited for. */
  heard: Answer | null
  /** Why it has to end by the next check. */
  due: string | null
  isOpen: boolean
}

/** What the store holds of a request. */
export type Answer =
  | { readonly is: 'done'; readonly tag: number }
  | { readonly is: 'failed'; readonly code: string }

/** As the application is told of it. */
export interface Failure {
  readonly code: string
  /** Only a DeliveryError has one. */
  readonly outcome: string | null
}

export class RequestBook {
  readonly #byTag = new Map<number, Question>()
  readonly #byId = new Map<string, Question>()
  /** Committed, in any epoch: a store that loses its tail may come to answer anew. */
  readonly #answers = new Map<string, Answer[]>()
  /** Those that have to end by the next check. */
  #due: Question[] = []

  ask(question: Omit<Question, 'id' | 'heard' | 'due' | 'isOpen'>): Question {
    const asked = { ...question, id: null, heard: null, due: null, isOpen: true }
    this.#byTag.set(question.tag, asked)
    return asked
  }

  /** It is written, with this id. */
  written(tag: number, id: string): Question | undefined {
    const question = this.#byTag.get(tag)
    if (question === undefined) return undefined
    if (question.id !== null && question.id !== id) {
      throw new Violation('I1', `one request was written as ${question.id} and as ${id}`)
    }
    question.id = id
    this.#byId.set(id, question)
    return question
  }

  answered(id: string, answer: Answer): void {
    this.#answers.set(id, [...(this.#answers.get(id) ?? []), answer])
  }

  /** The answer arrived at the page's connection. */
  heard(id: string, answer: Answer): void {
    const question = this.#byId.get(id)
    if (question?.isOpen !== true) return
    question.heard = answer
    this.#mustEnd(question, 'its answer came')
  }

  /** The page was told that its session is over: what was accepted is answered in nobody's log (rule 16). */
  sessionEnded(page: string, isAccepted: (id: string) => boolean): void {
    for (const question of this.#byId.values()) {
      if (question.page === page && question.isOpen && isAccepted(question.id ?? ''))
        this.#mustEnd(question, 'the session of its answer ended')
    }
  }

  /** Whether the store ever held this end of a request. */
  isAnswered({ id }: Question, code: string): boolean {
    const answers = id === null ? [] : (this.#answers.get(id) ?? [])
    return answers.some((answer) => answer.is === 'failed' && answer.code === code)
  }

  /** It was fulfilled, with the reply to the question of this tag. */
  fulfilled(question: Question, tag: number): void {
    if (tag !== question.tag) throw new Violation('I10', `request ${question.tag} got the reply to ${tag}`)
    this.#checkTold(question, { is: 'done', tag })
  }

  /** It failed. Where an answer is told of, it is the one that the store holds. */
  failed(question: Question, { code, outcome }: Failure): void {
    const answer = { is: 'failed', code } as const
    if (outcome === 'rejected' || question.heard !== null) this.#checkTold(question, answer)
    question.isOpen = false
  }

  #checkTold(question: Question, told: Answer): void {
    question.isOpen = false
    const { id, heard, tag } = question
    const known = id === null ? [] : (this.#answers.get(id) ?? [])
    if ((heard === null || isSame(heard, told)) && known.some((answer) => isSame(answer, told))) return
    const held = heard === null ? known : [heard]
    throw new Violation(
      'I3',
      `request ${id ?? tag} ended as ${tell(told)}; it was answered ${held.map(tell).join(', ')}`,
    )
  }

  check(isAwake: (page: string) => boolean): void {
    for (const { page, isOpen, due, id } of this.#due.splice(0)) {
      if (isOpen && isAwake(page))
        throw new Violation('I10', `request ${id}: ${due}, and it is still waited for`)
    }
  }

  #mustEnd(question: Question, why: string): void {
    question.due = why
    this.#due.push(question)
  }
}

function isSame(one: Answer, other: Answer): boolean {
  return one.is === 'done' ? other.is === 'done' : other.is === 'failed' && one.code === other.code
}

function tell(answer: Answer): string {
  return answer.is === 'done' ? 'done' : `failed (${answer.code})`
}
