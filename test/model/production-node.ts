/**
 * One production server core whose handlers end, and whose questions are answered, when they are told to.
 *
 * Owns: its effects: what is asked of the store waits, all else is answered at once.
 */
import type { Serializer } from '../../src/protocol/codec.js'
import { FrameType } from '../../src/protocol/frames.js'
import type { Question, ServerEffect, ServerInput } from '../../src/server/core/effects.js'
import { DEFAULT_HEARTBEAT, DEFAULT_LIMITS } from '../../src/server/core/limits.js'
import type { Job, Producer } from '../../src/server/core/model.js'
import { ServerCore } from '../../src/server/core/server-core.js'
import type { AttachResult, Commit, CommitResult } from '../../src/server/core/store.js'
import type { MemoryProducers } from '../../src/server/memory-producers.js'
import { memoryStore } from '../../src/server/memory-store.js'
import { manualClock } from '../../src/testing/manual-clock.js'

/** A question that the store has not answered yet, or whose answer is under way. */
export interface Waiting {
  readonly node: ServerNode
  readonly ask:
    | { readonly is: 'attach'; readonly attach: number; readonly newOwner: string }
    | { readonly is: 'commit'; readonly commit: Commit }
  done: boolean
  execute(producers: MemoryProducers): void
  readonly answer: () => ServerInput
}

type Hear = (frame: readonly unknown[]) => void

export class ServerNode {
  readonly waiting: Waiting[] = []
  readonly #core: ServerCore
  readonly #serializer: Serializer
  /** Sessions and logs, which are no part of the model. */
  readonly #rest = memoryStore({ clock: manualClock() })
  readonly #hearers = new Map<number, Hear>()
  readonly #effects: ServerEffect[] = []
  #connections = 0
  #job: Job | null = null

  constructor(serializer: Serializer, id: () => string) {
    this.#serializer = serializer
    this.#core = new ServerCore({
      limits: DEFAULT_LIMITS,
      heartbeat: DEFAULT_HEARTBEAT,
      chance: { next: () => 0.5, id },
      wall: () => 0,
      emit: (effect) => this.#effects.push(effect),
    })
  }

  /** The number whose handler runs; 0: none. */
  get running(): number {
    return this.#job?.seq ?? 0
  }

  open(hear: Hear): number {
    const connection = ++this.#connections
    this.#hearers.set(connection, hear)
    this.#turn({ type: 'opened', connection, serializer: this.#serializer })
    return connection
  }

  receive(connection: number, data: string): void {
    this.#turn({ type: 'received', connection, data, bytes: data.length })
  }

  lose(connection: number): void {
    this.#turn({ type: 'closed', connection, code: 1006, reason: '' })
  }

  endHandler(): void {
    const job = this.#job
    if (job === null) throw new Error('no handler runs')
    this.#job = null
    this.#turn({ type: 'ran', job, outcome: { is: 'done', appends: [] } })
  }

  hear(waiting: Waiting): void {
    this.waiting.splice(this.waiting.indexOf(waiting), 1)
    this.#turn(waiting.answer())
  }

  /** One input and the end of its turn; commits are told in the flush after the one that asks for them. */
  #turn(input: ServerInput): void {
    for (const one of [input, { type: 'flush' } as const, { type: 'flush' } as const]) {
      this.#core.handle(one, 0)
      for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift()) {
        this.#perform(effect)
      }
    }
  }

  #perform(effect: ServerEffect): void {
    switch (effect.type) {
      case 'send': {
        const frames = JSON.parse(String(effect.data)) as (readonly unknown[])[]
        for (const frame of frames) {
          const concerns = frame[0] === FrameType.WELCOME || frame[0] === FrameType.ACCEPTED
          if (concerns) this.#hearers.get(effect.connection)?.(frame)
        }
        return
      }
      case 'ask':
        return this.#ask(effect.ref, effect.question)
      case 'commit':
        return this.#commit(effect.producer, effect.commit)
      case 'run':
        this.#job = effect.job
        return
      case 'abort':
        if (this.#job === effect.job) this.#job = null
        return
      default:
        return
    }
  }

  #ask(ref: number, question: Question): void {
    if (question.about === 'store' && question.call.method === 'attachProducer') {
      const { request } = question.call
      let result: AttachResult | null = null
      this.waiting.push({
        node: this,
        ask: { is: 'attach', attach: request.offer.attach, newOwner: request.newOwner },
        done: false,
        execute(producers) {
          result = producers.attach(request, 0)
          this.done = true
        },
        answer: () => ({ type: 'answer', ref, answer: { ok: true, value: result } }),
      })
      return
    }
    this.#core.handle({ type: 'answer', ref, answer: { ok: true, value: this.#usual(question) } }, 0)
  }

  #usual(question: Question): unknown {
    if (question.about === 'user') return { ok: true, user: null }
    if (question.about === 'permission') return 'allowed'
    const { call } = question
    if (call.method === 'attachSession') return this.#rest.attachSession(call.request)
    if (call.method === 'logState') return this.#rest.logState(call.log)
    return undefined
  }

  #commit(producer: Producer, commit: Commit): void {
    let result: CommitResult = { ok: true, offsets: [] }
    this.waiting.push({
      node: this,
      ask: { is: 'commit', commit },
      done: false,
      execute(producers) {
        result = producers.commit(commit) ?? result
        this.done = true
      },
      answer: () => ({ type: 'committed', producer, commit, result }),
    })
  }
}
