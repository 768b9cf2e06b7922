/**
 * Performing what the core wants done.
 *
 * Owns: the peers, and turning effects into calls on them, on the store, on handlers. What is answered at once goes
 * back into the same turn.
 * Does not own: when anything is wanted (core/), the driver's turns (engine.ts).
 */
import type { Encoded } from '../protocol/codec.js'
import type { Contract } from '../protocol/contract.js'
import { unreachable } from '../protocol/machine.js'
import type { Logger } from '../runtime/ports.js'
import { type AnswerServices, answer } from './answers.js'
import type { ServerEffect, ServerInput } from './core/effects.js'
import type { Job, Session } from './core/model.js'
import type { Store } from './core/store.js'
import { type ContextServices, HandlerContext } from './handler-context.js'
import type { Handlers } from './handlers.js'
import { isPromise } from './promises.js'
import type { SessionHandler } from './types.js'

/** One end of an open connection, as a transport hands it over. */
export interface EnginePeer {
  /** The subprotocol that was agreed, e.g. `surewire.1.json`. */
  readonly protocol: string
  /** What `authenticate` sees of the upgrade. */
  readonly request: unknown
  send(data: Encoded): void
  close(code: number, reason: string): void
  /** Bytes handed to `send` and not yet on the wire. */
  readonly bufferedAmount: number
}

export interface PerformerOptions {
  readonly dispatch: (input: ServerInput) => void
  readonly store: Store
  readonly handlers: Handlers
  readonly answers: AnswerServices
  readonly context: ContextServices
  readonly logger: Logger
  /** Sockets with more than this waiting are reported to the core. */
  readonly highWaterBytes: number
}

export class Performer<C extends Contract> {
  readonly peers: Map<number, EnginePeer>
  readonly sessionHandlers = new Set<SessionHandler<C>>()
  readonly #options: PerformerOptions

  constructor(peers: Map<number, EnginePeer>, options: PerformerOptions) {
    this.peers = peers
    this.#options = options
  }

  perform(effect: ServerEffect): void {
    const { handlers, answers, logger } = this.#options
    switch (effect.type) {
      case 'send':
        this.#send(effect.connection, effect.data)
        return
      case 'run':
        handlers.run(effect.job)
        return
      case 'commit':
        this.#commit(effect)
        return
      case 'ask':
        answer(answers, effect.ref, effect.question)
        return
      case 'abort':
        this.#abort(effect.job, effect.code)
        return
      case 'measure':
        this.#measure(effect.connection)
        return
      case 'close':
        this.#close(effect.connection, effect.code, effect.reason)
        return
      case 'session':
        for (const handler of this.sessionHandlers) void this.#greet(effect.session, handler)
        return
      case 'log':
        logger[effect.level](effect.message, effect.fields)
        return
      default:
        unreachable(effect)
    }
  }

  #send(connection: number, data: Encoded): void {
    const peer = this.peers.get(connection)
    if (peer === undefined) return
    peer.send(data)
    if (peer.bufferedAmount > this.#options.highWaterBytes) this.#measure(connection)
  }

  #measure(connection: number): void {
    const bytes = this.peers.get(connection)?.bufferedAmount ?? 0
    this.#options.dispatch({ type: 'buffered', connection, bytes })
  }

  #close(connection: number, code: number, reason: string): void {
    const peer = this.peers.get(connection)
    this.peers.delete(connection)
    peer?.close(code, reason)
  }

  #commit({ producer, commit }: Extract<ServerEffect, { type: 'commit' }>): void {
    const { store, dispatch } = this.#options
    const failed = (error: unknown): void => dispatch({ type: 'commit-failed', producer, commit, error })
    try {
      const result = store.commit(commit)
      if (isPromise(result)) {
        result.then((later) => dispatch({ type: 'committed', producer, commit, result: later }), failed)
      } else dispatch({ type: 'committed', producer, commit, result })
    } catch (error) {
      failed(error)
    }
  }

  #abort(job: Job, code: string): void {
    this.#options.logger.warn('handler stopped', { id: job.id, type: job.type, code })
    this.#options.handlers.abort(job, code)
  }

  /** A handler of new sessions: what it sends is appended once it has ended. */
  async #greet(session: Session, handler: SessionHandler<C>): Promise<void> {
    const { context: services, store, handlers, logger } = this.#options
    const occasion = { id: session.id, type: 'session', room: null, redelivered: false, session }
    const context = new HandlerContext(services, occasion)
    try {
      await handler(context)
      for (const append of context.end()) await store.append(append)
    } catch (error) {
      context.discard()
      handlers.errors++
      logger.error('session handler failed', { session: session.id, error })
    }
  }
}
