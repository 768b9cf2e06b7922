/**
 * One number for all that happened.
 *
 * Owns: hashing a run's events, in order. Two runs with the same hash were the same run.
 * Does not own: secrecy. It is a checksum (cyrb53, 53 bits), not a digest.
 */
import type { Encoded } from '../../protocol/codec.js'
import type { TraceEvent } from '../network-types.js'

export class TraceHash {
  #high = 0xdead_beef
  #low = 0x41c6_ce57

  text(text: string): void {
    for (let index = 0; index < text.length; index++) this.#mix(text.charCodeAt(index))
    this.#mix(-1)
  }

  number(value: number): void {
    this.#mix(Math.trunc(value))
    this.#mix(Math.floor((value % 1) * 1e6))
  }

  event({ at, link, what, direction, data, detail }: TraceEvent): void {
    this.number(at)
    this.number(link)
    this.text(what)
    this.text(direction ?? '')
    // What arrives was hashed when it was sent.
    if (data !== undefined && what !== 'arrive') this.#data(data)
    if (detail !== undefined) this.text(detail)
  }

  /** 14 hexadecimal digits. */
  digest(): string {
    const high = Math.imul(this.#high ^ (this.#high >>> 16), 2_246_822_507) >>> 0
    const low = Math.imul(this.#low ^ (this.#low >>> 13), 3_266_489_909) >>> 0
    return ((high & 0x1f_ffff) * 0x1_0000_0000 + low).toString(16).padStart(14, '0')
  }

  #data(data: Encoded): void {
    if (typeof data === 'string') return this.text(data)
    for (const byte of data) this.#mix(byte)
    this.#mix(-2)
  }

  #mix(unit: number): void {
    this.#high = Math.imul(this.#high ^ unit, 2_654_435_761)
    this.#low = Math.imul(this.#low ^ unit, 1_597_334_677)
    this.#high ^= this.#low >>> 15
    this.#low ^= this.#high >>> 13
  }
}
