/**
 * Answers to the core's questions: the store's, the application's.
 *
 * Owns: asking them, and that every question is answered exactly once, whatever throws or rejects.
 */
import { unreachable } from '../protocol/machine.js'
import type { Logger } from '../runtime/ports.js'
import type { Authenticator } from './authentication.js'
import type { Answer, Authorization, Question, StoreCall } from './core/effects.js'
import type { MaybePromise, Store } from './core/store.js'
import { isPromise } from './promises.js'
import type { Authorize } from './types.js'

export interface AnswerServices {
  readonly store: Store
  readonly authenticator: Authenticator
  readonly authorize: Authorize | undefined
  readonly logger: Logger
  /** The upgrade request of a connection. */
  requestOf(connection: number): unknown
  answered(ref: number, answer: Answer): void
}

/** Asks, and reports the answer at once or later. */
export function answer(services: AnswerServices, ref: number, question: Question): void {
  const failed = (error: unknown): void => services.answered(ref, { ok: false, error })
  try {
    const value = ask(services, question)
    if (isPromise(value)) value.then((later) => services.answered(ref, { ok: true, value: later }), failed)
    else services.answered(ref, { ok: true, value })
  } catch (error) {
    failed(error)
  }
}

function ask(services: AnswerServices, question: Question): MaybePromise<unknown> {
  switch (question.about) {
    case 'store':
      return callStore(services.store, question.call)
    case 'user':
      return services.authenticator.check(question.auth, services.requestOf(question.connection))
    case 'permission':
      return permission(services, question)
    default:
      return unreachable(question)
  }
}

function permission(
  { authorize, logger }: AnswerServices,
  { action }: Extract<Question, { about: 'permission' }>,
): MaybePromise<Authorization> {
  if (authorize === undefined) return 'allowed'
  const failed = (error: unknown): Authorization => {
    logger.error('authorize failed', { kind: action.kind, room: action.room, user: action.user.id, error })
    return 'unavailable'
  }
  const verdict = (allowed: boolean): Authorization => (allowed ? 'allowed' : 'forbidden')
  try {
    const allowed = authorize(action)
    return isPromise(allowed) ? allowed.then(verdict, failed) : verdict(allowed)
  } catch (error) {
    return failed(error)
  }
}

function callStore(store: Store, call: StoreCall): MaybePromise<unknown> {
  switch (call.method) {
    case 'attachProducer':
      return store.attachProducer(call.request)
    case 'attachSession':
      return store.attachSession(call.request)
    case 'logState':
      return store.logState(call.log)
    case 'read':
      return store.read(call.log, call.after, call.limit)
    case 'append':
      return store.append(call.append)
    case 'detachSession':
      return store.detachSession(call.id, call.owner, call.ended)
    case 'detachProducer':
      return store.detachProducer(call.id, call.owner)
    default:
      return unreachable(call)
  }
}
