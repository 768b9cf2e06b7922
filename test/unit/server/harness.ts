/**
 * A server in memory that moves only when told, and clients that are nothing but frames.
 *
 * Owns: the engine on a manual clock, peers by hand, a store that can be late, fail, and lose its answers.
 */
import type { Encoded } from '../../../src/protocol/codec.js'
import { FrameType, type Hello, type ProducerOffer, type Welcome } from '../../../src/protocol/frames.js'
import type { Logger } from '../../../src/runtime/ports.js'
import { json } from '../../../src/serializers/json.js'
import type { MaybePromise, Store } from '../../../src/server/core/store.js'
import { createEngine, type Engine, type EngineConnection } from '../../../src/server/engine.js'
import type { EngineOptions } from '../../../src/server/engine-options.js'
import { memoryStore } from '../../../src/server/memory-store.js'
import { type ManualClock, manualClock } from '../../../src/testing/manual-clock.js'
import { seededRandom } from '../../../src/testing/seeded-random.js'

export type Frame = readonly [FrameType, ...unknown[]]

export interface World {
  readonly engine: Engine
  readonly clock: ManualClock
  readonly store: Store
  readonly logs: { readonly level: string; readonly message: string; readonly fields: unknown }[]
  connect(): RawPeer
}

/** A server; `authorize` allows everything unless the test says otherwise. */
export function world(options: Partial<EngineOptions> = {}): World {
  const clock = (options.clock as ManualClock | undefined) ?? manualClock()
  const store = options.store ?? memoryStore({ clock, maxInFlight: options.limits?.maxInFlight ?? 1_024 })
  const logs: { level: string; message: string; fields: unknown }[] = []
  const note =
    (level: string): Logger['info'] =>
    (message, fields) =>
      logs.push({ level, message, fields })
  const logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
  const engine = createEngine({ random: seededRandom(1), logger, ...options, clock, store })
  return { engine, clock, store, logs, connect: () => new RawPeer(engine, clock) }
}

/** One connection, seen from its client. */
export class RawPeer {
  readonly protocol = 'surewire.1.json'
  readonly request = { from: 'test' }
  /** Batches that arrived and were not taken. */
  batches: Frame[][] = []
  /** Length of every batch that arrived, in bytes. */
  readonly sizes: number[] = []
  readonly raw: Encoded[] = []
  ended: { code: number; reason: string } | null = null
  bufferedAmount = 0
  readonly #clock: ManualClock
  readonly #connection: EngineConnection

  constructor(engine: Engine, clock: ManualClock) {
    this.#clock = clock
    this.#connection = engine.accept(this)
  }

  send(data: Encoded): void {
    this.raw.push(data)
    this.sizes.push(json().size(data))
    this.batches.push(JSON.parse(String(data)) as Frame[])
  }

  close(code: number, reason: string): void {
    this.ended = { code, reason }
  }

  /** The client sends one batch; the turn ends. */
  says(...frames: Frame[]): void {
    this.saysText(JSON.stringify(frames))
  }

  saysText(text: string): void {
    this.#connection.received(text, Buffer.byteLength(text))
    this.#clock.endTurn()
  }

  /** The socket breaks. */
  breaks(code = 1006): void {
    this.#connection.closed(code, '')
    this.#clock.endTurn()
  }

  /** Says HELLO and takes everything up to WELCOME. */
  hello(hello: Partial<Hello> = {}): Welcome {
    this.says([FrameType.HELLO, helloOf(hello)])
    const welcome = this.take().find(([type]) => type === FrameType.WELCOME)
    if (welcome === undefined) throw new Error(`no WELCOME; closed with ${JSON.stringify(this.ended)}`)
    return welcome[1] as Welcome
  }

  /** Takes the frames that arrived. */
  take(...types: FrameType[]): Frame[] {
    const frames = this.batches.flat()
    this.batches = []
    return types.length === 0 ? frames : frames.filter(([type]) => types.includes(type))
  }

  /** What FAIL said, of what arrived. */
  get failure(): unknown {
    return this.batches.flat().find(([type]) => type === FrameType.FAIL)?.[1]
  }
}

export function helloOf(hello: Partial<Hello> = {}): Hello {
  return {
    v: 1,
    producers: [],
    cursors: {},
    window: { messages: 1_000, bytes: 1_000_000 },
    maxFrame: 1_000_000,
    caps: {},
    ...hello,
  }
}

export function offer(id: string, more: Partial<ProducerOffer> = {}): ProducerOffer {
  return { id, key: `key of ${id}`, kind: 'messages', attach: 1, floor: 0, written: 0, ...more }
}

export const requests = (id: string, more: Partial<ProducerOffer> = {}): ProducerOffer =>
  offer(id, { kind: 'requests', ...more })

export const send = (seq: number, type = 'note', data: unknown = seq, room: string | null = null): Frame => [
  FrameType.SEND,
  seq,
  room,
  type,
  data,
]

/** Lets the platform's promises run, and the turns they ask for. */
export async function settle(clock: ManualClock): Promise<void> {
  for (let round = 0; round < 5; round++) await clock.advanceAsync(0)
}

/** How one call of an unreliable store goes. */
export type Fate = 'done' | 'fails' | 'lost' /* it happens, but the answer says that it failed */

/** A store that answers late, fails or loses its answers, as told. */
export interface Unreliable extends Store {
  /** Fates of the next calls of a method; `done` when there are none left. */
  readonly fates: Partial<Record<keyof Store, Fate[]>>
  /** Answers wait until {@link release}; `null`: they come at once. */
  held: (() => void)[] | null
  release(): void
  readonly calls: string[]
}

export function unreliable(store: Store): Unreliable {
  const fates: Unreliable['fates'] = {}
  const calls: string[] = []
  const state: { held: (() => void)[] | null } = { held: null }
  const wrap =
    <Args extends unknown[], Answer>(method: keyof Store, call: (...args: Args) => MaybePromise<Answer>) =>
    (...args: Args): MaybePromise<Answer> => {
      calls.push(method)
      const fate = fates[method]?.shift() ?? 'done'
      if (fate === 'fails') return Promise.reject(new Error(`${method} failed`))
      const go = (): MaybePromise<Answer> => {
        const answer = call(...args)
        return fate === 'lost' ? Promise.reject(new Error(`the answer of ${method} was lost`)) : answer
      }
      const { held } = state
      if (held === null) return go()
      return new Promise((resolve, reject) => {
        held.push(() => void Promise.resolve(go()).then(resolve, reject))
      })
    }
  return {
    name: 'unreliable',
    fates,
    calls,
    get held() {
      return state.held
    },
    set held(held) {
      state.held = held
    },
    release() {
      const held = state.held ?? []
      state.held = null
      for (const go of held) go()
    },
    attachProducer: wrap('attachProducer', (request) => store.attachProducer(request)),
    commit: wrap('commit', (commit) => store.commit(commit)),
    append: wrap('append', (append) => store.append(append)),
    logState: wrap('logState', (log) => store.logState(log)),
    read: wrap('read', (log, after, limit) => store.read(log, after, limit)),
    attachSession: wrap('attachSession', (request) => store.attachSession(request)),
    detachSession: wrap('detachSession', (id, owner, ended) => store.detachSession(id, owner, ended)),
    detachProducer: wrap('detachProducer', (id, owner) => store.detachProducer(id, owner)),
    listen: (listener) => store.listen(listener),
    close: () => store.close(),
  }
}
