/**
 * A client driven by hand: it sends the frames it is told to and shows those that arrive.
 *
 * Owns: frames in and out of one connection, and waiting for them with a bound. Checks nothing on the way out, so that it
 * can break every rule; on the way in it checks that each frame is shaped as the document says.
 * Does not own: what is right (rules/).
 */
import { MAX_DEPTH } from '../protocol/codec.js'
import { FrameType, type Hello, type ServerFrame, type Welcome } from '../protocol/frames.js'
import { parseServerFrame } from '../protocol/parse.js'
import { Failure, shorten } from './failure.js'
import { type KitCodec, type KitSocket, lengthOf } from './socket.js'

export type FrameOf<Type extends FrameType> = Extract<ServerFrame, readonly [Type, ...unknown[]]>

type Data = string | Uint8Array

export interface Ended {
  readonly code: number
  readonly reason: string
}

/** A frame as a report should show it. */
export function show(frame: readonly unknown[]): string {
  return shorten(`${FrameType[frame[0] as number] ?? '?'} ${JSON.stringify(frame.slice(1))}`)
}

export class Peer {
  readonly codec: KitCodec
  ended: Ended | null = null
  /** Frames that arrived and were not asked for yet. PINGs, presence and the log `all` are left out. */
  readonly unread: ServerFrame[] = []
  /** Lengths of the batches with an entry that counts in the window. */
  entryBytes = 0
  readonly pings: number[] = []
  answersPings = true
  /** Frames that belong to the log `all` are shown: other checks send to it too. */
  hearsAll = false
  hearsPresence = false
  #failure: string | null = null
  #barriers = 0
  readonly #waiters = new Set<() => void>()
  readonly #socket: KitSocket
  readonly #patienceMs: number

  constructor(socket: KitSocket, codec: KitCodec, patienceMs: number) {
    this.codec = codec
    this.#socket = socket
    this.#patienceMs = patienceMs
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', ({ data }: { data: unknown }) => this.#receive(data))
    socket.addEventListener('close', ({ code, reason }: Ended) => {
      this.ended = { code, reason }
      this.#stir()
    })
    // 'close' follows and ends every wait.
    socket.addEventListener('error', () => this.#stir())
  }

  get protocol(): string {
    return this.#socket.protocol
  }

  opened(): Promise<void> {
    let isOpen = false
    this.#socket.addEventListener('open', () => {
      isOpen = true
      this.#stir()
    })
    return this.wait(() => isOpen, 'the connection to open')
  }

  /** Sends frames as one batch, unchecked. */
  send(...frames: readonly (readonly unknown[])[]): void {
    this.sendRaw(this.codec.encode(frames))
  }

  sendRaw(data: Data): void {
    if (this.ended === null) this.#socket.send(data)
  }

  /** Ends the connection as a broken network would, as far as the platform can. */
  drop(): void {
    if (this.#socket.terminate === undefined) this.#socket.close()
    else this.#socket.terminate()
  }

  /** The next frame, which must be of this type. */
  async next<Type extends FrameType>(type: Type): Promise<FrameOf<Type>> {
    await this.wait(() => this.unread.length > 0, `${FrameType[type]} next`)
    const frame = this.unread.shift()
    if (frame?.[0] === type) return frame as FrameOf<Type>
    throw new Failure(`${FrameType[type]} should come next, but ${show(frame ?? [])} came`)
  }

  /** The first unread frame of this type, and that passes, taken out of turn. */
  async find<Type extends FrameType>(
    type: Type,
    passes: (frame: FrameOf<Type>) => boolean = () => true,
  ): Promise<FrameOf<Type>> {
    const at = (): number =>
      this.unread.findIndex((frame) => frame[0] === type && passes(frame as FrameOf<Type>))
    await this.wait(() => at() >= 0, FrameType[type])
    return this.unread.splice(at(), 1)[0] as FrameOf<Type>
  }

  async findAll<Type extends FrameType>(type: Type, count: number): Promise<FrameOf<Type>[]> {
    const found: FrameOf<Type>[] = []
    while (found.length < count) found.push(await this.find(type))
    return found
  }

  /** ACCEPTED that covers this number. */
  async accepted(seq: number, index = 0): Promise<void> {
    await this.find(FrameType.ACCEPTED, (frame) => frame[1] === index && frame[2] >= seq)
  }

  /**
   * Waits until whatever the server had to say has arrived; returns and takes it. So a check shows that something does
   * *not* come, without sleeping: by two PINGs (HS-13).
   */
  async barrier(): Promise<ServerFrame[]> {
    const before = await this.#upToPong()
    return [...before, ...(await this.#upToPong())]
  }

  async #upToPong(): Promise<ServerFrame[]> {
    const t = 1_000_000 + ++this.#barriers
    this.send([FrameType.PING, t])
    const at = (): number => this.unread.findIndex((frame) => frame[0] === FrameType.PONG && frame[1] === t)
    await this.wait(() => at() >= 0, `PONG ${t}`)
    return this.unread.splice(0, at() + 1).slice(0, -1)
  }

  /** Waits until the server ended the connection. */
  async closing(): Promise<Ended> {
    const ended = (): Ended | null => this.ended
    await this.#until(() => ended() !== null, 'the server to end the connection')
    return ended() ?? { code: 0, reason: '' }
  }

  /** Sends HELLO and waits for WELCOME. */
  async hello(hello: Partial<Hello>): Promise<Welcome> {
    this.send([FrameType.HELLO, helloOf(hello)])
    const [, welcome] = await this.next(FrameType.WELCOME)
    return welcome
  }

  /** Waits for a condition; the end of the connection ends the wait. */
  async wait(condition: () => boolean, forWhat: string): Promise<void> {
    await this.#until(() => condition() || this.ended !== null, forWhat)
    if (condition()) return
    const { code, reason } = this.ended ?? { code: 0, reason: '' }
    throw new Failure(
      `waited for ${forWhat}, but the connection ended with ${code} '${reason}'${this.#rest()}`,
    )
  }

  #until(condition: () => boolean, forWhat: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (failure: string | null): void => {
        clearTimeout(timer)
        this.#waiters.delete(look)
        if (failure === null) resolve()
        else reject(new Failure(failure))
      }
      const look = (): void => {
        if (this.#failure !== null) finish(this.#failure)
        else if (condition()) finish(null)
      }
      const timer = setTimeout(
        () => finish(`waited ${this.#patienceMs} ms in vain for ${forWhat}${this.#rest()}`),
        this.#patienceMs,
      )
      this.#waiters.add(look)
      look()
    })
  }

  #stir(): void {
    for (const look of this.#waiters) look()
  }

  #rest(): string {
    return this.unread.length === 0 ? '' : `; unread: ${this.unread.slice(0, 5).map(show).join(', ')}`
  }

  #receive(raw: unknown): void {
    try {
      this.#read(raw instanceof ArrayBuffer ? new Uint8Array(raw) : (raw as Data))
    } catch (error) {
      this.#failure ??= `the server sent what the document does not know: ${String(error)}`
    }
    this.#stir()
  }

  #read(data: Data): void {
    const batch = this.codec.decode(data, MAX_DEPTH)
    if (!Array.isArray(batch)) throw new Failure('a message that is no batch')
    let counts = false
    for (const element of batch) {
      const frame = parseServerFrame(element)
      if (frame === null) continue
      counts ||= frame[0] === FrameType.ENTRY && !frame[1].startsWith('replies/')
      this.#take(frame)
    }
    if (counts) this.entryBytes += lengthOf(data)
  }

  #take(frame: ServerFrame): void {
    switch (frame[0]) {
      case FrameType.PING:
        this.pings.push(frame[1])
        if (this.answersPings) this.send([FrameType.PONG, frame[1]])
        return
      case FrameType.PRESENCE:
        if (this.hearsPresence) this.unread.push(frame)
        return
      case FrameType.ENTRY:
      case FrameType.SKIP:
      case FrameType.GAP:
        if (this.hearsAll || frame[1] !== 'all') this.unread.push(frame)
        return
      default:
        this.unread.push(frame)
    }
  }
}

/** A HELLO that asks for nothing, but for what is named. */
export function helloOf(overrides: Partial<Hello>): Hello {
  return {
    v: 1,
    producers: [],
    cursors: {},
    window: { messages: 10_000, bytes: 16_777_216 },
    maxFrame: 4_194_304,
    caps: {},
    ...overrides,
  }
}
