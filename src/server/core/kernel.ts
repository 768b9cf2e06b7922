/**
 * What every part of the core works with.
 *
 * Owns: the present time, chance, deadlines, counters, the way out for effects, and questions with their answers.
 */
import { TimeoutError } from '../../protocol/errors.js'
import type { Sink } from '../../protocol/machine.js'
import { Deadlines, type Due } from './deadlines.js'
import type {
  Answer,
  Authentication,
  Authorization,
  LogLevel,
  Question,
  ServerEffect,
  StoreAnswers,
  StoreCall,
} from './effects.js'
import type { Heartbeat, Limits } from './limits.js'

/** Chance, injected. */
export interface Chance {
  next(): number
  id(): string
}

export interface KernelOptions {
  readonly limits: Limits
  readonly heartbeat: Heartbeat
  readonly chance: Chance
  /** Wall-clock time in ms; travels as data, is never compared. */
  readonly wall: () => number
  readonly emit: Sink<ServerEffect>
}

/** Counters since the start. */
export interface Counters {
  messagesIn: number
  messagesOut: number
  bytesIn: number
  bytesOut: number
  requests: number
  accepted: number
  refused: number
  /** Numbers that came again although they were in hand or committed. */
  resent: number
  acknowledgements: number
  /** Entries that were read from the log for followers that lagged. */
  replayed: number
  gaps: number
  volatiles: number
  storeFailures: number
  protocolErrors: number
  sessionsResumed: number
  sessionsNew: number
}

/** First wait before a question to a failing store is asked again; doubles up to the longest. */
const FIRST_RETRY_MS = 50
const LONGEST_RETRY_MS = 5_000

/** About ten seconds' worth. */
const TELL_ATTEMPTS = 8

export class Kernel {
  readonly limits: Limits
  readonly heartbeat: Heartbeat
  readonly chance: Chance
  readonly wall: () => number
  readonly emit: Sink<ServerEffect>
  readonly deadlines = new Deadlines()
  readonly counters: Counters = noCounts()
  /** Time of the input at hand. */
  now = 0
  #nextRef = 1
  readonly #asked = new Map<number, (answer: Answer) => void>()

  constructor(options: KernelOptions) {
    this.limits = options.limits
    this.heartbeat = options.heartbeat
    this.chance = options.chance
    this.wall = options.wall
    this.emit = options.emit
  }

  log(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.emit({ type: 'log', level, message, fields })
  }

  /** Who is it? Errors of the application have become an {@link Authentication} outside. */
  askUser(connection: number, auth: unknown, then: (answer: Authentication) => void): void {
    this.#askInTime({ about: 'user', connection, auth }, this.#applicationMs, (answer) => {
      if (answer.ok) return then(answer.value as Authentication)
      this.log('error', 'authenticate failed', { error: answer.error })
      then({ ok: false, code: 'auth_unavailable', message: 'the server could not check the credentials' })
    })
  }

  /** May they? */
  askPermission(
    action: Extract<Question, { about: 'permission' }>['action'],
    then: (answer: Authorization) => void,
  ): void {
    this.#askInTime({ about: 'permission', action }, this.#applicationMs, (answer) => {
      if (answer.ok) return then(answer.value as Authorization)
      this.log('error', 'authorize failed', { ...action, user: action.user.id, error: answer.error })
      then('unavailable')
    })
  }

  /** Who has little time for handlers may still take the time of a handshake to say who it is. */
  get #applicationMs(): number {
    return Math.max(this.limits.handlerMs, this.limits.helloMs)
  }

  /** Asks the store, again and again while it fails and the answer is `wanted`. */
  askStore<M extends keyof StoreAnswers>(
    call: Extract<StoreCall, { method: M }>,
    wanted: () => boolean,
    then: (answer: StoreAnswers[M]) => void,
    attempt = 0,
  ): void {
    const answered = (answer: Answer): void => {
      if (answer.ok) {
        then(answer.value as StoreAnswers[M])
        return
      }
      this.storeFailed(call.method, answer.error, attempt)
      this.deadlines.arm(this.now + this.backoff(attempt), () => {
        if (wanted()) this.askStore(call, wanted, then, attempt + 1)
      })
    }
    // An append that is made again although it is only slow would be there twice.
    if (call.method === 'append') this.#ask({ about: 'store', call }, answered)
    else this.#askInTime({ about: 'store', call }, this.limits.handlerMs, answered)
  }

  /**
   * Asks the store once; `failed` is for calls that must not be repeated. There is no time limit, because what was attached late
   * has to be given back: whoever waits has one.
   */
  askStoreOnce<M extends keyof StoreAnswers>(
    call: Extract<StoreCall, { method: M }>,
    then: (answer: StoreAnswers[M]) => void,
    failed: () => void,
  ): void {
    this.#ask({ about: 'store', call }, (answer) => {
      if (answer.ok) {
        then(answer.value as StoreAnswers[M])
        return
      }
      this.storeFailed(call.method, answer.error, 0)
      failed()
    })
  }

  /** Tells the store something that may be said again while it holds; gives up after a while, because records expire anyway. */
  tellStore<M extends keyof StoreAnswers>(
    call: Extract<StoreCall, { method: M }>,
    holds: () => boolean = () => true,
  ): void {
    let left = TELL_ATTEMPTS
    this.askStore(
      call,
      () => --left > 0 && holds(),
      () => {},
    )
  }

  answer(ref: number, answer: Answer): void {
    const then = this.#asked.get(ref)
    this.#asked.delete(ref)
    then?.(answer)
  }

  storeFailed(method: string, error: unknown, attempt: number): void {
    this.counters.storeFailures++
    this.log('warn', 'the store failed', { method, attempt: attempt + 1, error })
  }

  /** Full jitter, above a floor, so that a recovering store is not hit by all at once. */
  backoff(attempt: number): number {
    const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt)
    return longest / 2 + (longest / 2) * this.chance.next()
  }

  /** Fails in `limitMs`; to be cancelled when the answer comes. */
  ifUnanswered(limitMs: number, failed: (error: TimeoutError) => void): Due {
    return this.deadlines.arm(this.now + limitMs, () =>
      failed(new TimeoutError(`no answer within ${limitMs} ms`, { code: 'no_answer' })),
    )
  }

  /** What is answered too late is not heard. */
  #askInTime(question: Question, limitMs: number, then: (answer: Answer) => void): void {
    const late = this.ifUnanswered(limitMs, (error) => this.answer(ref, { ok: false, error }))
    const ref = this.#ask(question, (answer) => {
      this.deadlines.cancel(late)
      then(answer)
    })
  }

  #ask(question: Question, then: (answer: Answer) => void): number {
    const ref = this.#nextRef++
    this.#asked.set(ref, then)
    this.emit({ type: 'ask', ref, question })
    return ref
  }
}

function noCounts(): Counters {
  return {
    messagesIn: 0,
    messagesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    requests: 0,
    accepted: 0,
    refused: 0,
    resent: 0,
    acknowledgements: 0,
    replayed: 0,
    gaps: 0,
    volatiles: 0,
    storeFailures: 0,
    protocolErrors: 0,
    sessionsResumed: 0,
    sessionsNew: 0,
  }
}
