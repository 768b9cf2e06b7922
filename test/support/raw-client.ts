/**
 * A client driven by hand: it sends the frames it is told to and shows those that arrive.
 *
 * Owns: frames in and out of one connection, and waiting for them. Checks nothing on the way out, so that it can break
 * every rule.
 * Does not own: how it is connected or how time passes while it waits (world.ts).
 */
import { type Encoded, MAX_DEPTH, type Serializer } from '../../src/protocol/codec.js'
import {
  FrameType,
  type Hello,
  type ProducerOffer,
  type ServerFrame,
  type Welcome,
} from '../../src/protocol/frames.js'
import { parseServerFrame } from '../../src/protocol/parse.js'
import type { Link, LinkEvents } from '../../src/runtime/ports.js'

/** A frame of the type with this number. */
export type FrameOf<Type extends FrameType> = Extract<ServerFrame, readonly [Type, ...unknown[]]>

/** How a raw peer waits: the world makes time pass until the condition holds, or fails naming what was awaited. */
export interface Waiting {
  wait(condition: () => boolean, forWhat: string): Promise<void>
  /** Something happened to a peer: conditions may hold now. */
  stir(): void
}

/** How a connection ended. */
export interface Ended {
  readonly code: number
  readonly reason: string
}

const nameOf = new Map<unknown, string>(Object.entries(FrameType).map(([name, type]) => [type, name]))

/** A frame as a failing test should show it. */
export function show(frame: readonly unknown[]): string {
  return `${nameOf.get(frame[0]) ?? '?'} ${JSON.stringify(frame.slice(1))}`
}

export class RawClient {
  readonly serializer: Serializer
  /** Subprotocol the server chose; `null` until open. */
  protocol: string | null = null
  ended: Ended | null = null
  failure: Error | null = null
  /** Frames that arrived and were not asked for yet, PINGs left out. */
  readonly unread: ServerFrame[] = []
  /** Every message as it came. */
  readonly messages: Encoded[] = []
  /** PINGs of the server that were not answered. */
  readonly pings: number[] = []
  /** Whether PINGs are answered. */
  answersPings = true
  #link: Link | null = null
  #barriers = 0
  readonly #ignored = new Set<FrameType>()
  readonly #waiting: Waiting

  constructor(serializer: Serializer, waiting: Waiting) {
    this.serializer = serializer
    this.#waiting = waiting
  }

  /** Takes the connection; called once, before anything happens on it. */
  use(open: (events: LinkEvents) => Link): void {
    const stirring =
      <Arguments extends unknown[]>(take: (...all: Arguments) => void) =>
      (...all: Arguments): void => {
        take(...all)
        this.#waiting.stir()
      }
    this.#link = open({
      opened: stirring((protocol: string) => (this.protocol = protocol)),
      received: stirring((data: Encoded) => this.#receive(data)),
      closed: stirring((code: number, reason: string) => (this.ended = { code, reason })),
      failed: stirring((error: Error) => (this.failure = error)),
    })
  }

  /** Sends frames as one batch. They are not checked, so that wrong ones can be sent. */
  send(...frames: readonly (readonly unknown[])[]): void {
    this.sendRaw(this.serializer.batch(frames.map((frame) => this.serializer.encode(frame))))
  }

  /** Sends bytes or text as they are. */
  sendRaw(data: Encoded): void {
    if (this.#link === null) throw new Error('the raw client has no connection')
    this.#link.send(data)
  }

  close(code = 1000, reason = ''): void {
    this.#link?.close(code, reason)
  }

  /** The next frame, which must be of this type. */
  async next<Type extends FrameType>(type: Type): Promise<FrameOf<Type>> {
    const wanted = nameOf.get(type) ?? String(type)
    await this.#waiting.wait(() => this.unread.length > 0 || this.#isOver(), `the next frame, ${wanted}`)
    const frame = this.unread.shift()
    if (frame === undefined) throw new Error(`${wanted} should come next, but ${this.#how()}`)
    if (frame[0] !== type) throw new Error(`${wanted} should come next, but ${show(frame)} came`)
    return frame as FrameOf<Type>
  }

  /** The first unread frame of this type, taken out of turn. */
  async find<Type extends FrameType>(type: Type): Promise<FrameOf<Type>> {
    const wanted = nameOf.get(type) ?? String(type)
    const at = (): number => this.unread.findIndex((frame) => frame[0] === type)
    await this.#waiting.wait(() => at() >= 0 || this.#isOver(), wanted)
    const index = at()
    if (index < 0) throw new Error(`${wanted} should come, but ${this.#how()}; unread: ${this.#showUnread()}`)
    return this.unread.splice(index, 1)[0] as FrameOf<Type>
  }

  /** Frames of this type that are unread, taken out of turn, once there are `count`. */
  async findAll<Type extends FrameType>(type: Type, count: number): Promise<FrameOf<Type>[]> {
    const found: FrameOf<Type>[] = []
    while (found.length < count) found.push(await this.find(type))
    return found
  }

  /**
   * Waits until whatever the server had to say has arrived; returns and takes it. This is how a test shows that
   * something does *not* come, without sleeping: two PINGs, one after the other, because a PONG may overtake entries of
   * its own turn.
   */
  async barrier(): Promise<ServerFrame[]> {
    const before = await this.#upToPong()
    return [...before, ...(await this.#upToPong())]
  }

  async #upToPong(): Promise<ServerFrame[]> {
    const t = 1_000_000 + ++this.#barriers
    this.send([FrameType.PING, t])
    const isPong = (frame: ServerFrame): boolean => frame[0] === FrameType.PONG && frame[1] === t
    await this.#waiting.wait(() => this.unread.some(isPong) || this.#isOver(), 'the PONG of a barrier')
    const at = this.unread.findIndex(isPong)
    if (at < 0) throw new Error(`a PONG should come, but ${this.#how()}; unread: ${this.#showUnread()}`)
    return this.unread.splice(0, at + 1).slice(0, -1)
  }

  /** Frames of this type are dropped as they arrive: the test is about others. */
  ignore(type: FrameType): void {
    this.#ignored.add(type)
  }

  /** Waits until the server ended the connection. */
  async closing(): Promise<Ended> {
    await this.#waiting.wait(() => this.#isOver(), 'the end of the connection')
    if (this.ended === null) throw new Error(`the connection should have been closed, but ${this.#how()}`)
    return this.ended
  }

  /** Waits for FAIL and the close that follows; returns both. */
  async refusal(): Promise<{ fail: string; code: number }> {
    const [, fail] = await this.find(FrameType.FAIL)
    const { code } = await this.closing()
    return { fail, code }
  }

  /** Sends HELLO and waits for WELCOME. */
  async hello(hello: Partial<Hello> = {}): Promise<Welcome> {
    this.send([FrameType.HELLO, helloOf(hello)])
    const [, welcome] = await this.next(FrameType.WELCOME)
    return welcome
  }

  #receive(data: Encoded): void {
    this.messages.push(data)
    const batch = this.serializer.decode(data, MAX_DEPTH)
    if (!Array.isArray(batch)) throw new Error('the server sent something that is not a batch')
    for (const raw of batch) {
      const frame = parseServerFrame(raw)
      if (frame === null) continue
      if (frame[0] === FrameType.PING) this.#takePing(frame[1])
      else if (!this.#ignored.has(frame[0])) this.unread.push(frame)
    }
  }

  #takePing(t: number): void {
    if (this.answersPings) this.send([FrameType.PONG, t])
    else this.pings.push(t)
  }

  #isOver(): boolean {
    return this.ended !== null || this.failure !== null
  }

  #how(): string {
    if (this.ended !== null) return `the connection was closed with ${this.ended.code} '${this.ended.reason}'`
    if (this.failure !== null) return `the dial failed: ${this.failure.message}`
    return 'nothing came'
  }

  #showUnread(): string {
    return this.unread.map(show).join(', ') || 'nothing'
  }
}

/** A HELLO that asks for nothing, but for what is named. */
export function helloOf(overrides: Partial<Hello> = {}): Hello {
  return {
    v: 1,
    producers: [],
    cursors: {},
    window: { messages: 10_000, bytes: 16 * 1024 * 1024 },
    maxFrame: 1024 * 1024,
    caps: {},
    ...overrides,
  }
}

/** What a fresh producer offers, but for what is named. */
export function producer(id: string, overrides: Partial<ProducerOffer> = {}): ProducerOffer {
  return { id, key: `key of ${id}`, kind: 'messages', attach: 1, floor: 0, written: 0, ...overrides }
}

/** A fresh producer of requests. */
export function requests(id: string, overrides: Partial<ProducerOffer> = {}): ProducerOffer {
  return producer(id, { kind: 'requests', ...overrides })
}
