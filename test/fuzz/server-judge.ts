/**
 * What docs/PROTOCOL.md demands of a server, for one link: an account of its own of what was offered, held, sent.
 *
 * Owns: whether a message must end the connection, and whether what the server says can be true.
 */
import { type Encoded, MAX_DEPTH } from '../../src/protocol/codec.js'
import { verdict } from './frame-law.js'
import { CODECS, type CodecName } from './raw-codec.js'
import { LIMITS } from './server-world.js'
import { faultOf } from './values.js'

interface Producer {
  readonly kind: unknown
  state: 'pending' | 'ready' | 'refused'
  held: number
  last: number
}

type Frame = readonly unknown[]

/** Frames that no window bounds, and how many of them a server may be sent at once (section 10). */
const UNBOUNDED = new Set<unknown>([8, 9, 16, 18, 21, 22, 23, 24])
const BURST = LIMITS.controlFramesPerSecond * 5

function isUnbounded(frame: unknown): boolean {
  const type: unknown = Array.isArray(frame) ? frame[0] : undefined
  return UNBOUNDED.has(type) || (typeof type === 'number' && type >= 64)
}

export class ServerJudge {
  readonly #codec: CodecName
  #phase: 'waiting' | 'greeting' | 'live' = 'waiting'
  #producers: Producer[] = []
  #using: Producer | undefined
  readonly #sent = { messages: 0, bytes: 0 }
  #handled = { messages: 0, bytes: 0 }
  /** Something the server said that cannot be true. */
  complaint: string | null = null

  constructor(codec: CodecName) {
    this.#codec = codec
  }

  /** Why the connection must end because of this message; `null`: it need not. */
  received(data: Encoded): string | null {
    if (CODECS[this.#codec].size(data) > LIMITS.maxFrameBytes) return 'too long'
    let batch: unknown
    try {
      batch = CODECS[this.#codec].decode(data, MAX_DEPTH)
    } catch {
      return 'not decodable'
    }
    const fault = faultOf(batch, MAX_DEPTH)
    if (fault !== null) return fault
    if (!Array.isArray(batch)) return 'no array'
    this.#using = this.#producers[0]
    if (batch.filter(isUnbounded).length > BURST) return 'a flood'
    for (const frame of batch) {
      const why = this.#frame(frame)
      if (why !== null) return why
    }
    return null
  }

  /** The server said something. */
  said(data: Encoded): void {
    const frames = CODECS[this.#codec].decode(data, MAX_DEPTH) as Frame[]
    let counted = false
    for (const frame of frames) {
      if (verdict(frame, 'server') !== 'lawful') this.complaint ??= `it said ${JSON.stringify(frame)}`
      counted = this.#heard(frame) || counted
    }
    if (counted) this.#sent.bytes += CODECS[this.#codec].size(data)
  }

  #frame(frame: unknown): string | null {
    const lawful = verdict(frame, 'client')
    if (lawful === 'unlawful') return `frame ${JSON.stringify(frame)?.slice(0, 80)}`
    if (lawful === 'ignored') return null
    const known = frame as Frame
    if (known[0] === 28) return 'BYE'
    if (this.#phase === 'live') return this.#live(known)
    if (this.#phase === 'greeting' || known[0] !== 1) return 'before WELCOME'
    return this.#hello(known[1] as { v: number; producers: { id: string; kind: unknown }[]; cursors: object })
  }

  #hello({
    v,
    producers,
    cursors,
  }: {
    v: number
    producers: { id: string; kind: unknown }[]
    cursors: object
  }) {
    if (v !== 1) return 'version'
    const ids = new Set(producers.map(({ id }) => id))
    if (ids.size < producers.length || producers.length > LIMITS.maxProducers) return 'producers of HELLO'
    if (Object.keys(cursors).length > 1_100) return 'cursors of HELLO'
    this.#phase = 'greeting'
    this.#producers = producers.map(({ kind }) => ({ kind, state: 'pending', held: 0, last: 0 }))
    return null
  }

  #live(frame: Frame): string | null {
    const [type, first, second] = frame as readonly [number, number, number]
    switch (type) {
      case 1:
        return 'second HELLO'
      case 3:
        return this.#attach(first, (frame[2] as { kind: unknown }).kind)
      case 5:
        this.#using = this.#producers[first]
        return first > 0 && first >= this.#producers.length ? 'USE of nothing' : null
      case 6:
        return this.#number(first, 'messages')
      case 7:
        return this.#number(first, 'requests')
      case 8:
        return this.#ready('requests') === null ? 'CANCEL of nothing' : null
      case 9:
        return this.#void(first, second)
      case 15:
        return this.#handledAt(first, second)
      default:
        return null
    }
  }

  #ready(kind: string | null): Producer | null {
    const producer = this.#using
    if (producer === undefined || producer.state !== 'ready') return null
    return kind === null || producer.kind === kind ? producer : null
  }

  #attach(index: number, kind: unknown): string | null {
    if (index !== this.#producers.length || index >= LIMITS.maxProducers) return 'ATTACH at another index'
    this.#producers.push({ kind, state: 'pending', held: 0, last: 0 })
    return null
  }

  #number(seq: number, kind: string): string | null {
    const producer = this.#ready(kind)
    if (producer === null) return 'a number for no producer'
    if (seq > producer.held + 1) return `number ${seq} after ${producer.held}`
    if (seq > producer.last + LIMITS.maxInFlight) return `number ${seq} beyond the window`
    producer.held = Math.max(producer.held, seq)
    return null
  }

  #void(from: number, to: number): string | null {
    const producer = this.#ready(null)
    if (producer === null) return 'VOID of nothing'
    if (from > producer.held + 1) return `VOID from ${from} after ${producer.held}`
    producer.held = Math.max(producer.held, to)
    return null
  }

  #handledAt(messages: number, bytes: number): string | null {
    const handled = this.#handled
    if (messages > this.#sent.messages || bytes > this.#sent.bytes) return 'HANDLED of what was not sent'
    if (messages < handled.messages || bytes < handled.bytes) return 'HANDLED goes back'
    this.#handled = { messages, bytes }
    return null
  }

  /** `true`: an entry that counts in the window. */
  #heard(frame: Frame): boolean {
    switch (frame[0]) {
      case 2: {
        this.#phase = 'live'
        const { producers } = frame[1] as { producers: ({ held: number; last: number } | null)[] }
        for (const [index, state] of producers.entries()) this.#stateOf(index, state)
        return false
      }
      case 4:
        this.#stateOf(frame[1] as number, (frame[2] ?? null) as { held: number; last: number } | null)
        return false
      case 10:
        this.#acknowledged(frame[1] as number, frame[2] as number)
        return false
      case 12:
        if (String(frame[1]).startsWith('replies/')) return false
        this.#sent.messages++
        return true
      default:
        return false
    }
  }

  #stateOf(index: number, state: { held: number; last: number } | null): void {
    const producer = this.#producers[index]
    if (producer === undefined) this.complaint ??= `a state of producer ${index}, which was not offered`
    else if (state === null) producer.state = 'refused'
    else Object.assign(producer, { state: 'ready', held: state.held, last: state.last })
  }

  #acknowledged(index: number, seq: number): void {
    const producer = this.#producers[index]
    if (producer === undefined || seq > producer.held || seq < producer.last) {
      this.complaint ??= `ACCEPTED ${seq} of producer ${index}, of which ${producer?.last} to ${producer?.held} is open`
    } else producer.last = seq
  }
}
