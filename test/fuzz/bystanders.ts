/**
 * Two sessions that do nothing wrong while others attack.
 *
 * Owns: what they send, and what they must be told: each message accepted once, each in the room once and in order, each
 * request answered once.
 */
import { type Encoded, MAX_DEPTH } from '../../src/protocol/codec.js'
import type { EngineConnection } from '../../src/server/engine.js'
import { CODECS, protocolOf } from './raw-codec.js'
import type { ServerWorld } from './server-world.js'
import { settle } from './settle.js'

const ROOM = 'lobby'
const TYPE = 'greeting'
/** As many frames as both bystanders need to arrive. */
const HELLO = {
  v: 1,
  cursors: {},
  window: { messages: 1_000_000_000, bytes: 1_000_000_000_000 },
  maxFrame: 1_000_000,
  pingMs: 0,
}

interface Bystander {
  readonly end: EngineConnection
  readonly closed: () => string | null
}

export class Bystanders {
  readonly #world: ServerWorld
  #speaker: Bystander | null = null
  #listener: Bystander | null = null
  #sent = 0
  #accepted = 0
  #answered = 0
  #heard = 0
  #offset = 0
  /** What went wrong. */
  readonly complaints: string[] = []

  constructor(world: ServerWorld) {
    this.#world = world
  }

  async arrive(): Promise<void> {
    this.#speaker = this.#link((frame) => this.#spokenTo(frame))
    this.#listener = this.#link((frame) => this.#hears(frame))
    const producer = (id: string, kind: string) => ({
      id,
      key: `${id} key`,
      kind,
      attach: 1,
      floor: 0,
      written: 0,
    })
    say(this.#speaker, [
      [1, { ...HELLO, auth: 'eve', producers: [producer('by-m', 'messages'), producer('by-r', 'requests')] }],
    ])
    say(this.#listener, [[1, { ...HELLO, auth: 'fay', producers: [] }]])
    await settle(this.#world.clock)
    say(this.#listener, [[16, 1, ROOM]])
    await settle(this.#world.clock)
  }

  /** A message to the room, one of its own, and a request. */
  act(): void {
    if (this.#speaker === null) return
    const n = ++this.#sent
    say(this.#speaker, [
      [6, 2 * n - 1, ROOM, TYPE, n],
      [6, 2 * n, null, 'note', n],
      [5, 1],
      [7, n, 'echo', n],
    ])
  }

  /** What is missing once the server had time. */
  judge(): string | null {
    const [complaint] = this.complaints
    if (complaint !== undefined) return complaint
    const ended = this.#speaker?.closed() ?? this.#listener?.closed() ?? null
    if (ended !== null) return `a bystander was closed: ${ended}`
    if (this.#accepted !== 2 * this.#sent)
      return `${this.#accepted} of a bystander's ${2 * this.#sent} accepted`
    if (this.#answered !== this.#sent)
      return `${this.#answered} of a bystander's ${this.#sent} requests answered`
    if (this.#heard !== this.#sent) return `${this.#heard} of ${this.#sent} room messages delivered`
    return null
  }

  #link(hear: (frame: readonly unknown[]) => void): Bystander {
    let closed: string | null = null
    const end = this.#world.link(protocolOf('json'), {
      send: (data: Encoded) => {
        for (const frame of CODECS.json.decode(data, MAX_DEPTH) as (readonly unknown[])[]) {
          if (frame[0] === 22) end.received(JSON.stringify([[23, frame[1]]]), 10)
          else hear(frame)
        }
      },
      close: (code, reason) => {
        closed ??= `${code} ${reason}`
      },
    })
    return { end, closed: () => closed }
  }

  #spokenTo(frame: readonly unknown[]): void {
    if (frame[0] === 10 && frame[1] === 0) this.#accepted = frame[2] as number
    if (frame[0] === 11) this.complaints.push(`a bystander's message was refused: ${String(frame[3])}`)
    if (frame[0] !== 12 || !String(frame[1]).startsWith('replies/')) return
    this.#answered++
    if (frame[4] !== this.#answered)
      this.complaints.push(`a bystander's request was answered ${String(frame[4])}`)
  }

  /** What others said in MessagePack may be nothing that JSON can say: that one entry is missing, and named. */
  #gap([, , , from, to, why]: readonly unknown[]): void {
    const isNext = from === this.#offset + 1 && to === from
    if (why !== 'unencodable' || !isNext)
      this.complaints.push(`a bystander was told of a gap: ${String(why)}`)
    this.#offset = to as number
  }

  #hears(frame: readonly unknown[]): void {
    const [type, log, offset] = frame
    if (log !== `room/${ROOM}`) return
    if (type === 14) this.#gap(frame)
    if (type === 13) this.#offset = offset as number
    if (type !== 12) return
    if (offset !== this.#offset + 1) this.complaints.push(`entry ${String(offset)} after ${this.#offset}`)
    this.#offset = offset as number
    const from = (frame[5] as { from?: unknown }).from
    if (from !== 'eve') return
    this.#heard++
    if (frame[4] !== this.#heard)
      this.complaints.push(`room message ${String(frame[4])} came as ${this.#heard}`)
  }
}

function say({ end }: Bystander, frames: readonly unknown[]): void {
  const data = JSON.stringify(frames)
  end.received(data, data.length)
}
