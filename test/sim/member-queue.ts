/**
 * What may wait in the queue of one page, counted beside the client: at least so much, at most so much (I4, I7).
 *
 * Owns: both bounds. Between them lies what the page cannot know: what an earlier page left, and requests that nobody waits for any more.
 */
import type { Receipt } from '../../src/index.js'
import { Violation } from '../../src/testing/simulation/index.js'
import type { CauseBook } from './books-causes.js'
import type { MessageBook } from './books-messages.js'
import type { Disk } from './disk.js'
import type { Habits } from './parameters.js'

export interface QueueParts {
  /** The page's. */
  readonly name: string
  readonly habits: Habits
  readonly disk: Disk
  readonly messages: MessageBook
  readonly causes: CauseBook
}

interface Waiting {
  readonly receipt: Receipt
  readonly bytes: number
}

/** Around a message's text: its number in front, and what else a frame has. */
const OVERHEAD_BYTES = 40
/** Least share of the bytes that JSON takes. */
const LEAST_SHARE = { json: 1, msgpack: 0.5 }

/** Bytes take as much in MessagePack as their number of characters in JSON. */
const bytesAsText = (_key: string, value: unknown): unknown =>
  value instanceof Uint8Array ? '_'.repeat(value.length) : value

export class MemberQueue {
  readonly #parts: QueueParts
  #sent: Waiting[] = []
  #requests = 0
  /** Bytes of the longest request. */
  #requestBytes = 0

  constructor(parts: QueueParts) {
    this.#parts = parts
  }

  /** Something is about to be queued: whether the queue may be full is known now only. */
  before(tag: number, replaces: string | null, body: readonly unknown[]): number {
    const { habits, causes } = this.#parts
    const bytes = JSON.stringify(body, habits.wire === 'msgpack' ? bytesAsText : undefined).length
    const { messages, bytes: most } = this.#most()
    const isFull = messages >= habits.maxMessages || most + bytes + OVERHEAD_BYTES > habits.maxBytes
    causes.sending(tag, replaces, isFull)
    return bytes
  }

  sent(receipt: Receipt, bytes: number): void {
    this.#sent.push({ receipt, bytes })
  }

  asked(bytes: number): void {
    this.#requests++
    this.#requestBytes = Math.max(this.#requestBytes, bytes + OVERHEAD_BYTES)
  }

  check(): void {
    const { name, habits } = this.#parts
    const open = this.#open()
    if (open.length > habits.maxMessages)
      throw new Violation(
        'I7',
        `${name}: ${open.length} messages wait; the queue takes ${habits.maxMessages}`,
      )
    const least = open.reduce((sum, { bytes }) => sum + bytes, 0) * LEAST_SHARE[habits.wire]
    if (least > habits.maxBytes)
      throw new Violation('I7', `${name}: at least ${least} bytes wait; the queue takes ${habits.maxBytes}`)
  }

  #open(): readonly Waiting[] {
    this.#sent = this.#sent.filter(({ receipt: { state } }) => state === 'queued' || state === 'written')
    return this.#sent
  }

  /** Own messages, requests that the server has not acknowledged, and what another page left. */
  #most(): { messages: number; bytes: number } {
    const { name, disk, messages, causes } = this.#parts
    const open = this.#open()
    const requests = this.#requests - causes.requestsDone
    let left = 0
    for (const id of disk.kept) if (messages.get(id)?.page !== name) left++
    const bytes = open.reduce((sum, one) => sum + one.bytes + OVERHEAD_BYTES, 0)
    const others = (requests + left) * Math.max(this.#requestBytes, 200)
    return { messages: open.length + requests + left, bytes: bytes + others }
  }
}
