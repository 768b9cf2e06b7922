/**
 * A client's session without client, driver or network: inputs in, effects and frames out.
 *
 * Owns: the time of one test, the turn after each input, and the reading of what the session wrote.
 * Does not own: what a server would answer (fake-server-frames.ts).
 */
import { nativeDialect } from '../../src/dialects/native.js'
import type { Draft } from '../../src/delivery/outbox.js'
import type { OutboxEntry } from '../../src/delivery/producer.js'
import { MAX_DEPTH } from '../../src/protocol/codec.js'
import { type ClientFrame, FrameType, type Hello, type Welcome } from '../../src/protocol/frames.js'
import { parseClientFrame } from '../../src/protocol/parse.js'
import { json } from '../../src/serializers/json.js'
import type { SessionEffect, SessionInput } from '../../src/session/client/inputs.js'
import type { RequestResult } from '../../src/session/client/requests.js'
import type { JoinAnswer, JoinFrom } from '../../src/session/client/rooms.js'
import { ClientSession, type SessionConfig } from '../../src/session/client/session.js'
import { welcomeOf } from './fake-server-frames.js'

const serializer = json()

export type EffectOf<Type extends SessionEffect['type']> = Extract<SessionEffect, { readonly type: Type }>

/** One batch as it went on the wire. */
export interface SentBatch {
  readonly dial: number
  readonly bytes: number
  readonly frames: readonly ClientFrame[]
}

export type Overrides<Config> = { [Key in keyof Config]?: Config[Key] }

export class SessionHarness {
  readonly session: ClientSession
  readonly effects: SessionEffect[] = []
  now = 1_000
  /** What `buffered` says. */
  buffered = 0
  #ids = 0
  #seenBatches = 0

  constructor(config: Overrides<SessionConfig> = {}) {
    this.session = new ClientSession({ ...this.#defaults(), ...config }, (effect) =>
      this.effects.push(effect),
    )
  }

  #defaults(): SessionConfig {
    return {
      serializer,
      translator: () => nativeDialect(serializer).translator(),
      connection: {
        connectTimeoutMs: 20_000,
        heartbeat: { intervalMs: 25_000, timeoutMs: 10_000 },
        reconnect: {
          initialDelayMs: 500,
          maxDelayMs: 30_000,
          factor: 2,
          jitter: 'none',
          maxAttempts: Number.POSITIVE_INFINITY,
          stableAfterMs: 10_000,
        },
        freshCredentials: false,
      },
      handshake: { device: null, userLogFrom: 'now', pingMs: 25_000, maxFrame: 1_000_000 },
      outbox: { maxMessages: 10_000, maxBytes: 16_777_216, overflow: 'reject' },
      window: { messages: 8, bytes: 10_000 },
      onUnknown: 'resend',
      random: () => 0.5,
      newId: () => `id${++this.#ids}`,
      buffered: () => this.buffered,
      persistence: null,
    }
  }

  // ── inputs ──

  /** One input and the end of its turn. */
  do(input: SessionInput): void {
    this.session.handle(input, this.now)
    this.turn()
  }

  /** The end of a turn. */
  turn(): void {
    this.session.handle({ type: 'flush' }, this.now)
  }

  /** The handlers of a delivered entry are done, and the turn is over. */
  handled(delivery: Parameters<ClientSession['handled']>[0]): void {
    this.session.handled(delivery)
    this.turn()
  }

  /** Lets time pass; ticks come when they are due. */
  advance(ms: number): void {
    const until = this.now + ms
    for (let steps = 0; ; steps++) {
      if (steps > 10_000) throw new Error('the session asks for ticks without end')
      const due = this.session.deadline()
      if (due === null || due > until) break
      this.now = Math.max(this.now, due)
      this.do({ type: 'tick' })
    }
    this.now = until
  }

  /** From idle or waiting to an open link that was greeted; returns HELLO. */
  connect(auth?: unknown): Hello {
    this.do({ type: 'connect' })
    return this.open(auth)
  }

  /** The link of the newest dial opens; returns HELLO. */
  open(auth?: unknown): Hello {
    this.takeBatches()
    this.do({ type: 'opened', dial: this.dial, auth })
    const [batch] = this.takeBatches()
    const frame = batch?.frames[0]
    if (frame?.[0] !== FrameType.HELLO) throw new Error('HELLO should be the first frame')
    return frame[1]
  }

  /** Connects and is welcomed; returns HELLO. */
  live(welcome: Partial<Welcome> | ((hello: Hello) => Partial<Welcome>) = {}): Hello {
    const hello = this.session.connection.name === 'dialing' ? this.open() : this.connect()
    this.welcome(hello, welcome)
    return hello
  }

  welcome(hello: Hello, overrides: Partial<Welcome> | ((hello: Hello) => Partial<Welcome>) = {}): void {
    const changed = typeof overrides === 'function' ? overrides(hello) : overrides
    this.receive([FrameType.WELCOME, { ...welcomeOf(hello), ...changed }])
  }

  /** Loses the link and dials again; returns HELLO. */
  reconnect(code = 1006): Hello {
    this.lose(code)
    for (let waited = 0; this.session.connection.name === 'waiting' && waited < 100; waited++)
      this.advance(500)
    return this.open()
  }

  /** Loses the link, dials again and is welcomed. */
  relive(welcome: Partial<Welcome> | ((hello: Hello) => Partial<Welcome>) = {}): Hello {
    const hello = this.reconnect()
    this.welcome(hello, welcome)
    return hello
  }

  lose(code: number, reason = ''): void {
    this.do({ type: 'closed', dial: this.dial, code, reason })
  }

  /** One batch of the server. */
  receive(...frames: readonly (readonly unknown[])[]): number {
    const data = serializer.batch(frames.map((frame) => serializer.encode(frame)))
    this.do({ type: 'received', dial: this.dial, data })
    return serializer.size(data)
  }

  // ── calls ──

  /** Queues a message; it goes at the end of the turn. */
  queue(data: unknown, options: Partial<Draft> & { room?: string } = {}): OutboxEntry {
    const body = serializer.encode([options.room ?? null, 'say', data])
    return this.session.enqueue(
      {
        lane: 'normal',
        body,
        size: serializer.size(body),
        ttlMs: null,
        replaces: null,
        ...options,
      },
      this.now,
    )
  }

  /** Queues a message and ends the turn. */
  send(data: unknown, options: Partial<Draft> & { room?: string } = {}): OutboxEntry {
    const entry = this.queue(data, options)
    this.turn()
    return entry
  }

  /** A request, with its result once there is one. */
  request(data: unknown, timeoutMs = 15_000): { entry: OutboxEntry; results: RequestResult[] } {
    const body = serializer.encode(['ask', data, timeoutMs])
    const results: RequestResult[] = []
    const entry = this.session.request(
      { lane: 'requests', body, size: serializer.size(body), ttlMs: null, replaces: null },
      this.now + timeoutMs,
      this.now,
      (result) => results.push(result),
    )
    this.turn()
    return { entry, results }
  }

  join(room: string, from: JoinFrom | null = null, presence: object | null = null): JoinAnswer[] {
    const answers: JoinAnswer[] = []
    this.session.join(room, from, presence, (answer) => answers.push(answer))
    this.turn()
    return answers
  }

  // ── what came out ──

  /** Number of the newest dial. */
  get dial(): number {
    return this.all('dial').at(-1)?.dial ?? 0
  }

  /** All effects of a type. */
  all<Type extends SessionEffect['type']>(type: Type): EffectOf<Type>[] {
    return this.effects.filter((effect): effect is EffectOf<Type> => effect.type === type)
  }

  /** Batches written since this was last asked. */
  takeBatches(): SentBatch[] {
    const batches = this.all('transmit').map(({ dial, data, bytes }) => ({
      dial,
      bytes,
      frames: (serializer.decode(data, MAX_DEPTH) as unknown[]).map((frame) => {
        const parsed = parseClientFrame(frame)
        if (parsed === null) throw new Error('the session wrote a frame of a later version')
        return parsed
      }),
    }))
    const fresh = batches.slice(this.#seenBatches)
    this.#seenBatches = batches.length
    return fresh
  }

  /** Frames written since batches were last taken. */
  takeFrames(): ClientFrame[] {
    return this.takeBatches().flatMap(({ frames }) => frames)
  }

  /** The data of the messages among {@link takeFrames}, as `index:data`. */
  takeSent(): unknown[] {
    return this.takeBatches().flatMap(({ frames }) => {
      const sent: unknown[] = []
      for (const frame of frames) {
        if (frame[0] === FrameType.SEND) sent.push(frame[4])
        if (frame[0] === FrameType.REQUEST) sent.push(frame[3])
      }
      return sent
    })
  }

  /** Whether and how the session fell out with the server. */
  get violation(): string | null {
    const drop = this.all('drop').at(-1)
    return drop === undefined || drop.code < 1002 || drop.code > 1007 ? null : drop.reason
  }
}
