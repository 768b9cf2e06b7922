/**
 * The server's core without engine: inputs in, effects out, on a time of its own.
 *
 * Owns: turns, answers of a store in memory to what the core asks, unless the test gives them itself.
 * Does not own: handlers (a test feeds `ran`), a clock.
 */
import type { Serializer } from '../../../../src/protocol/codec.js'
import type { Answer, Question, ServerEffect, ServerInput } from '../../../../src/server/core/effects.js'
import type { Chance } from '../../../../src/server/core/kernel.js'
import { DEFAULT_HEARTBEAT, DEFAULT_LIMITS, type Limits } from '../../../../src/server/core/limits.js'
import { ServerCore } from '../../../../src/server/core/server-core.js'
import type { CommitResult, Store } from '../../../../src/server/core/store.js'
import { memoryStore } from '../../../../src/server/memory-store.js'
import { json } from '../../../../src/serializers/json.js'
import { manualClock } from '../../../../src/testing/manual-clock.js'
import type { Frame } from '../harness.js'

export type EffectOf<Type extends ServerEffect['type']> = Extract<ServerEffect, { readonly type: Type }>

export class BareCore {
  readonly core: ServerCore
  readonly store: Store = memoryStore({ clock: manualClock() })
  readonly effects: ServerEffect[] = []
  now = 1_000
  /** The test's own answer to a question; `null`: none for now. By default the store's, and yes to all else. */
  answer: (question: Question) => Answer | null = (question) => ({ ok: true, value: this.usual(question) })
  readonly #todo: ServerEffect[] = []
  #ids = 0
  #commits = 0

  constructor(limits: Partial<Limits> = {}, chance: Partial<Chance> = {}) {
    this.core = new ServerCore({
      limits: { ...DEFAULT_LIMITS, ...limits },
      heartbeat: DEFAULT_HEARTBEAT,
      chance: { next: () => 0.5, id: () => `id${++this.#ids}`, ...chance },
      wall: () => 0,
      emit: (effect) => {
        this.effects.push(effect)
        this.#todo.push(effect)
      },
    })
  }

  /** What the store says, and that everybody is anonymous and may do everything. */
  usual(question: Question): unknown {
    if (question.about === 'user') return { ok: true, user: null }
    if (question.about === 'permission') return 'allowed'
    const { call } = question
    switch (call.method) {
      case 'attachProducer':
        return this.store.attachProducer(call.request)
      case 'attachSession':
        return this.store.attachSession(call.request)
      case 'logState':
        return this.store.logState(call.log)
      case 'read':
        return this.store.read(call.log, call.after, call.limit)
      case 'append':
        return this.store.append(call.append)
      default:
        return undefined
    }
  }

  /** Inputs and the end of their turn. */
  do(...inputs: ServerInput[]): void {
    for (const input of inputs) this.#handle(input)
    this.#handle({ type: 'flush' })
    this.#handle({ type: 'flush' })
  }

  #handle(input: ServerInput): void {
    this.core.handle(input, this.now)
    for (let effect = this.#todo.shift(); effect !== undefined; effect = this.#todo.shift()) {
      if (effect.type !== 'ask') continue
      const answer = this.answer(effect.question)
      if (answer !== null) this.core.handle({ type: 'answer', ref: effect.ref, answer }, this.now)
    }
  }

  open(connection: number, serializer: Serializer = json()): void {
    this.do({ type: 'opened', connection, serializer })
  }

  says(connection: number, ...frames: readonly Frame[]): void {
    this.saysText(connection, JSON.stringify(frames))
  }

  saysText(connection: number, data: string): void {
    this.do({ type: 'received', connection, data, bytes: data.length })
  }

  /** The store confirms the commits that wait for it. */
  commit(): void {
    for (const { producer, commit } of this.all('commit').slice(this.#commits)) {
      this.#commits++
      const result = this.store.commit(commit) as CommitResult
      this.do({ type: 'committed', producer, commit, result })
    }
  }

  /** All effects of a type. */
  all<Type extends ServerEffect['type']>(type: Type): EffectOf<Type>[] {
    return this.effects.filter((effect): effect is EffectOf<Type> => effect.type === type)
  }

  /** Frames that were sent to a connection, of these types or all. */
  sent(connection: number, ...types: number[]): Frame[] {
    return this.all('send')
      .filter((effect) => effect.connection === connection)
      .flatMap(({ data }) => JSON.parse(String(data)) as Frame[])
      .filter(([type]) => types.length === 0 || types.includes(type))
  }

  /** Close codes so far. */
  closed(connection: number): number[] {
    return this.all('close')
      .filter((effect) => effect.connection === connection)
      .map(({ code }) => code)
  }
}
