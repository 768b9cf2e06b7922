/**
 * The application's handlers, and running them.
 *
 * Owns: who handles which type, authorisation before it, validation, what an error becomes. A handler that returns at
 * once is answered at once, without a promise.
 * Does not own: when a handler may run and what its outcome means (core/acceptance.ts, core/requests.ts).
 */
import type { Contract } from '../protocol/contract.js'
import { ConfigError, isSurewireError } from '../protocol/errors.js'
import { roomLog } from '../protocol/logs.js'
import type { Logger } from '../runtime/ports.js'
import { checkReply, checkRequest, checkSend, type Checked } from './contracts.js'
import type { Outcome } from './core/effects.js'
import type { Job } from './core/model.js'
import type { MaybePromise } from './core/store.js'
import { type ContextServices, HandlerContext } from './handler-context.js'
import { copyData } from './copy-data.js'
import { isPromise } from './promises.js'
import type { Authorize } from './types.js'

type Handler = (data: unknown, context: HandlerContext) => unknown

/** Codes and messages of refusals are kept in the store and travel: they stay short. */
const MAX_CODE = 64
const MAX_MESSAGE = 500

export interface HandlersOptions extends ContextServices {
  readonly authorize: Authorize | undefined
  readonly logger: Logger
  /** How a job ended; called during `run` if its handler returned at once. */
  readonly ran: (job: Job, outcome: Outcome) => void
}

export class Handlers {
  readonly #options: HandlersOptions
  readonly #sends = new Map<string, Handler>()
  readonly #requests = new Map<string, Handler>()
  /** Handlers that have not returned. */
  readonly #running = new Map<Job, HandlerContext>()
  errors = 0

  constructor(options: HandlersOptions) {
    this.#options = options
  }

  get contract(): Contract | undefined {
    return this.#options.contract
  }

  addSend(type: string, handler: Handler): () => void {
    return add(this.#sends, type, handler)
  }

  addRequest(type: string, handler: Handler): () => void {
    return add(this.#requests, type, handler)
  }

  run(job: Job): void {
    const allowed = this.#mayRun(job)
    if (isPromise(allowed)) {
      allowed.then(
        (outcome) => (outcome === null ? this.#invoke(job) : this.#options.ran(job, outcome)),
        (error: unknown) => this.#options.ran(job, this.#failed(job, error, 'authorize_failed')),
      )
    } else if (allowed === null) this.#invoke(job)
    else this.#options.ran(job, allowed)
  }

  abort(job: Job, code: string): void {
    this.#running.get(job)?.abort(code)
    this.#running.delete(job)
  }

  /** `null`: it may. */
  #mayRun(job: Job): MaybePromise<Outcome | null> {
    const { authorize } = this.#options
    if (authorize === undefined) return null
    const { room, type, session } = job
    const kind = job.kind === 'request' ? 'request' : 'send'
    try {
      const allowed = authorize({ kind, room, type, user: session.user })
      if (isPromise(allowed)) return allowed.then((yes) => (yes ? null : forbidden(job)))
      return allowed ? null : forbidden(job)
    } catch (error) {
      return this.#failed(job, error, 'authorize_failed')
    }
  }

  #invoke(job: Job): void {
    const handler = (job.kind === 'request' ? this.#requests : this.#sends).get(job.type)
    const checked = this.#check(job)
    if (checked.is === 'invalid') return this.#refuse(job, 'invalid', checked.message)
    if (handler === undefined) {
      if (checked.is === 'valid' && job.room !== null && job.kind !== 'request')
        return this.#passOn(job, job.room)
      return this.#refuse(job, 'unknown_type', `nothing here handles '${job.type}'`)
    }
    const context = new HandlerContext(this.#options, job)
    try {
      const result = handler(checked.is === 'valid' ? checked.value : job.data, context)
      if (isPromise(result)) this.#await(job, context, result)
      else this.#succeed(job, context, result)
    } catch (error) {
      context.discard()
      this.#options.ran(job, this.#failed(job, error, 'handler_failed'))
    }
  }

  #await(job: Job, context: HandlerContext, result: PromiseLike<unknown>): void {
    this.#running.set(job, context)
    const fail = (error: unknown): void => {
      context.discard()
      this.#running.delete(job)
      this.#options.ran(job, this.#failed(job, error, 'handler_failed'))
    }
    result.then((value) => {
      this.#running.delete(job)
      try {
        this.#succeed(job, context, value)
      } catch (error) {
        fail(error)
      }
    }, fail)
  }

  #succeed(job: Job, context: HandlerContext, result: unknown): void {
    if (job.kind !== 'request') {
      this.#options.ran(job, { is: 'done', appends: context.end() })
      return
    }
    const reply = result ?? null
    checkReply(this.#options.contract, job.type, reply)
    const copy = copyData(reply)
    this.#options.ran(job, { is: 'done', appends: context.end(), reply: copy })
  }

  #check({ kind, type, data }: Job): Checked {
    const { contract } = this.#options
    try {
      return kind === 'request' ? checkRequest(contract, type, data) : checkSend(contract, type, data)
    } catch (error) {
      this.#options.logger.error('a validator failed', { type, error })
      return { is: 'invalid', message: 'the validator failed' }
    }
  }

  /** No handler, but a room: the message goes there as it is. */
  #passOn(job: Job, room: string): void {
    if (job.kind === 'volatile') {
      this.#options.ran(job, { is: 'done', appends: [], forwardTo: room })
      return
    }
    const { id, type, data, echo, redelivered, session } = job
    const meta = {
      id,
      from: session.user.id,
      at: this.#options.wall(),
      ...(redelivered ? { redelivered } : {}),
    }
    const audience = echo ? null : { exceptSessions: [session.id] }
    this.#options.ran(job, { is: 'done', appends: [{ log: roomLog(room), type, data, meta, audience }] })
  }

  #refuse(job: Job, code: string, message: string): void {
    this.#options.logger.info('message refused', { id: job.id, type: job.type, code })
    this.#options.ran(job, { is: 'refused', code, message: message.slice(0, MAX_MESSAGE) })
  }

  /** What a client may know of an error: a code, and a message only if the application wrote it for clients. */
  #failed(job: Job, error: unknown, fallback: string): Outcome {
    this.errors++
    this.#options.logger.error('handler failed', { id: job.id, type: job.type, error })
    const given = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
    const code = typeof given === 'string' && given !== '' ? given.slice(0, MAX_CODE) : fallback
    const message = isSurewireError(error) ? error.message : `the server could not handle '${job.type}'`
    return { is: 'refused', code, message: message.slice(0, MAX_MESSAGE) }
  }
}

function add(handlers: Map<string, Handler>, type: string, handler: Handler): () => void {
  if (typeof type !== 'string' || type === '') throw new ConfigError('type', type, 'a non-empty string')
  if (typeof handler !== 'function') throw new ConfigError('handler', handler, 'a function')
  if (handlers.has(type)) throw new ConfigError('type', type, 'a type that has no handler yet')
  handlers.set(type, handler)
  return () => {
    if (handlers.get(type) === handler) handlers.delete(type)
  }
}

function forbidden(job: Job): Outcome {
  const where = job.room === null ? '' : ` to room '${job.room}'`
  return {
    is: 'refused',
    code: 'forbidden',
    message: `not allowed: '${job.type}'${where}`.slice(0, MAX_MESSAGE),
  }
}
