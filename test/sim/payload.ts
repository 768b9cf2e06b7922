/**
 * What messages carry: a tag that the books know them by, and bytes if they can be read at the other end.
 */
import { Violation } from '../../src/testing/simulation/index.js'

export interface Payload {
  readonly tag: number
  /** How long its handler shall take. */
  readonly ms: number
  /** The log that an entry is of, if its type does not tell. */
  readonly to: string
  readonly bytes?: Uint8Array
}

export function payload(tag: number, ms: number, binary: boolean): Payload {
  return binary ? { tag, ms, to: '', bytes: bytesOf(tag) } : { tag, ms, to: '' }
}

/** Bytes arrive as they were sent. Says whether there are any. */
export function checkPayload(data: unknown): boolean {
  const { tag, bytes } = data as Partial<Payload>
  if (bytes === undefined || tag === undefined) return false
  if (bytes instanceof Uint8Array && bytes.join() === bytesOf(tag).join()) return true
  throw new Violation('data', `the bytes of ${tag} arrived as ${String(bytes)}`)
}

/** Of every length from none to 40, all values. */
function bytesOf(tag: number): Uint8Array {
  return Uint8Array.from({ length: tag % 41 }, (_, index) => (tag * 31 + index * 7) % 256)
}
