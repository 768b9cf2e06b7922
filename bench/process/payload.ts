/** The messages that the benchmarks send. */
import type { Payload } from '../peers/peer.js'

const TEXT = 'x'.repeat(70)

/** About 100 B as JSON. */
export const payload = (index: number): Payload => ({ index, text: TEXT })

/** The same, but with a text that shares no memory with another's. */
export const ownPayload = (index: number): Payload => ({
  index,
  text: Buffer.from(`${index}${TEXT}`.slice(0, 70)).toString('latin1'),
})
