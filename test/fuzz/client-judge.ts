/**
 * What docs/PROTOCOL.md demands of a client, for one link: an account of its own of what was written and received.
 *
 * Owns: whether a message must end the connection (CLI-16, CLI-21, CLI-39, CLI-40), and whether what the client says is
 * lawful.
 */
import { type Encoded, MAX_DEPTH } from '../../src/protocol/codec.js'
import { verdict } from './frame-law.js'
import { CODECS, type CodecName } from './raw-codec.js'
import { faultOf } from './values.js'

type Frame = readonly unknown[]

interface Offers {
  readonly producers: readonly { readonly written: number }[]
  readonly cursors: { readonly [log: string]: readonly [epoch: string, offset: number] }
}

interface Answers {
  readonly producers: readonly ({ readonly last: number } | null)[]
  readonly logs: Offers['cursors']
}

export class ClientJudge {
  readonly #codec: CodecName
  #isLive = false
  /** Highest number written on this link or before, by index; absent: never offered. */
  readonly #written: number[] = []
  /** Where the logs stand: the client's own word, else the welcome's, until something else than an entry moves them. */
  readonly #positions = new Map<unknown, number>()
  /** The client said something unlawful. */
  complaint: string | null = null

  constructor(codec: CodecName) {
    this.#codec = codec
  }

  received(data: Encoded): string | null {
    let batch: unknown
    try {
      batch = CODECS[this.#codec].decode(data, MAX_DEPTH)
    } catch {
      return 'not decodable'
    }
    const fault = faultOf(batch, MAX_DEPTH)
    if (fault !== null) return fault
    if (!Array.isArray(batch)) return 'no array'
    for (const frame of batch) {
      const why = this.#frame(frame)
      if (why !== null) return why
    }
    return null
  }

  /** The client said something. */
  said(data: Encoded): void {
    let using = 0
    for (const frame of CODECS[this.#codec].decode(data, MAX_DEPTH) as Frame[]) {
      if (verdict(frame, 'client') !== 'lawful') this.complaint ??= `the client said ${JSON.stringify(frame)}`
      if (frame[0] === 1) this.#offers(frame[1] as Offers)
      else if (frame[0] === 3) this.#written[frame[1] as number] = (frame[2] as { written: number }).written
      else if (frame[0] === 5) using = frame[1] as number
      else if (frame[0] === 6 || frame[0] === 7) this.#write(using, frame[1] as number)
      else if (frame[0] === 9) this.#write(using, frame[2] as number)
    }
  }

  #offers({ producers, cursors }: Offers): void {
    for (const [index, { written }] of producers.entries()) this.#written[index] = written
    for (const [log, [, offset]] of Object.entries(cursors)) this.#positions.set(log, offset)
  }

  #write(index: number, seq: number): void {
    this.#written[index] = Math.max(this.#written[index] ?? 0, seq)
  }

  #frame(frame: unknown): string | null {
    const lawful = verdict(frame, 'server')
    if (lawful === 'unlawful') return `frame ${JSON.stringify(frame)?.slice(0, 80)}`
    if (lawful === 'ignored') return null
    const [type, first, second] = frame as Frame
    if (type === 2) return this.#welcome(first as Answers)
    if (!this.#isLive) return type === 26 || type === 27 || type === 28 ? null : 'before WELCOME'
    if (type === 10 || type === 11) return this.#acknowledged(first as number, second as number)
    if (type === 12) return this.#entry(first, second as number)
    // Whatever else moves a position: what follows is not judged.
    if (type === 13 || type === 14 || type === 17)
      this.#positions.delete(type === 17 ? `room/${String(second)}` : first)
    return null
  }

  #welcome({ producers, logs }: Answers): string | null {
    if (this.#isLive) return 'a second WELCOME'
    if (producers.length !== this.#written.length) return 'producers that were not offered'
    for (const [index, state] of producers.entries()) {
      if ((state?.last ?? 0) > (this.#written[index] ?? 0)) return 'a last that was never sent'
    }
    for (const [log, [, offset]] of Object.entries(logs)) {
      if (!this.#positions.has(log)) this.#positions.set(log, offset)
    }
    this.#isLive = true
    return null
  }

  #acknowledged(index: number, seq: number): string | null {
    const written = this.#written[index]
    return written === undefined || seq > written ? `an acknowledgement of ${seq}, never sent` : null
  }

  #entry(log: unknown, offset: number): string | null {
    // A room may have been left, then its entries are nobody's.
    if (String(log).startsWith('room/')) return null
    const position = this.#positions.get(log)
    if (position === undefined) return null
    if (offset > position + 1) return `entry ${offset} after ${position}`
    this.#positions.set(log, Math.max(position, offset))
    return null
  }
}
