/**
 * A server driven by hand, for tests of the client: it shows the frames that arrive and sends those it is told to,
 * right or wrong.
 *
 * Owns: one connection of such a server, and a WELCOME to start from.
 * Does not own: listening, and how time passes (world.ts).
 */
import { type Encoded, MAX_DEPTH, type Serializer } from '../../src/protocol/codec.js'
import { type ClientFrame, FrameType, type Hello, type Welcome } from '../../src/protocol/frames.js'
import { parseClientFrame } from '../../src/protocol/parse.js'
import { type Ended, show, type Waiting } from './raw-client.js'

export type ClientFrameOf<Type extends FrameType> = Extract<ClientFrame, readonly [Type, ...unknown[]]>

/** What a raw server's connection writes to. */
export interface RawSink {
  send(data: Encoded): void
  close(code: number, reason: string): void
  /** Breaks the connection without a closing handshake. */
  cut(): void
}

export class RawServerConnection {
  readonly protocol: string
  readonly serializer: Serializer
  readonly unread: ClientFrame[] = []
  readonly messages: Encoded[] = []
  ended: Ended | null = null
  /** Numbers of the client's PONGs. */
  readonly pongs: number[] = []
  /** Whether PINGs of the client are answered. */
  answersPings = true
  readonly #sink: RawSink
  readonly #waiting: Waiting

  constructor(protocol: string, serializer: Serializer, sink: RawSink, waiting: Waiting) {
    this.protocol = protocol
    this.serializer = serializer
    this.#sink = sink
    this.#waiting = waiting
  }

  send(...frames: readonly (readonly unknown[])[]): void {
    this.sendRaw(this.serializer.batch(frames.map((frame) => this.serializer.encode(frame))))
  }

  sendRaw(data: Encoded): void {
    this.#sink.send(data)
  }

  close(code: number, reason = ''): void {
    this.#sink.close(code, reason)
  }

  cut(): void {
    this.#sink.cut()
  }

  /** The next frame, which must be of this type. */
  async next<Type extends FrameType>(type: Type): Promise<ClientFrameOf<Type>> {
    await this.#waiting.wait(
      () => this.unread.length > 0 || this.ended !== null,
      `frame ${type} of the client`,
    )
    const frame = this.unread.shift()
    if (frame?.[0] !== type) {
      throw new Error(
        `frame ${type} should come next, but ${frame === undefined ? this.#how() : show(frame)} came`,
      )
    }
    return frame as ClientFrameOf<Type>
  }

  /** Waits until something is unread. */
  async some(): Promise<void> {
    await this.#waiting.wait(() => this.unread.length > 0 || this.ended !== null, 'a frame of the client')
    if (this.unread.length === 0) throw new Error(`a frame should come, but ${this.#how()} came`)
  }

  /** The first unread frame of this type, taken out of turn. */
  async find<Type extends FrameType>(type: Type): Promise<ClientFrameOf<Type>> {
    const at = (): number => this.unread.findIndex((frame) => frame[0] === type)
    await this.#waiting.wait(() => at() >= 0 || this.ended !== null, `frame ${type} of the client`)
    const index = at()
    if (index < 0) throw new Error(`frame ${type} should come, but ${this.#how()}`)
    return this.unread.splice(index, 1)[0] as ClientFrameOf<Type>
  }

  /** Waits until the client ended the connection. */
  async closing(): Promise<Ended> {
    await this.#waiting.wait(() => this.ended !== null, 'the client to end the connection')
    if (this.ended === null) throw new Error('unreachable')
    return this.ended
  }

  /** Waits for HELLO and answers with a WELCOME that agrees to it, but for what is named. */
  async welcome(overrides: Partial<Welcome> | ((hello: Hello) => Partial<Welcome>) = {}): Promise<Hello> {
    const [, hello] = await this.next(FrameType.HELLO)
    const changed = typeof overrides === 'function' ? overrides(hello) : overrides
    this.send([FrameType.WELCOME, { ...welcomeOf(hello), ...changed }])
    return hello
  }

  receive(data: Encoded): void {
    this.messages.push(data)
    const batch = this.serializer.decode(data, MAX_DEPTH)
    if (!Array.isArray(batch)) throw new Error('the client sent something that is not a batch')
    for (const raw of batch) {
      const frame = parseClientFrame(raw)
      if (frame === null) continue
      if (frame[0] === FrameType.PING && this.answersPings) this.send([FrameType.PONG, frame[1]])
      else if (frame[0] === FrameType.PONG) this.pongs.push(frame[1])
      else this.unread.push(frame)
    }
    this.#waiting.stir()
  }

  closed(code: number, reason: string): void {
    this.ended = { code, reason }
    this.#waiting.stir()
  }

  #how(): string {
    return this.ended === null ? 'nothing' : `the end of the connection with ${this.ended.code}`
  }
}

/** A WELCOME that agrees to a HELLO: known producers at their floor, logs from their start. */
export function welcomeOf(hello: Hello): Welcome {
  const session = 'session-1'
  const resumed = hello.session?.id === session
  return {
    v: 1,
    session: { id: session, key: 'key of the session', resumed },
    user: { id: 'user-1' },
    producers: hello.producers.map(({ floor, epoch }) => ({
      last: floor,
      held: floor,
      epoch: epoch ?? 'epoch-1',
      refused: [],
    })),
    logs: {
      all: ['log-epoch', 0],
      'user/user-1': ['log-epoch', 0],
      [`session/${session}`]: ['log-epoch', 0],
      [`replies/${session}`]: ['log-epoch', 0],
      ...Object.fromEntries(Object.entries(hello.cursors).filter(([log]) => log !== 'user')),
    },
    pingMs: hello.pingMs ?? 25_000,
    sessionMs: 120_000,
    window: { messages: 1_024, bytes: 4 * 1024 * 1024 },
    maxFrame: 1024 * 1024,
    caps: {},
  }
}
