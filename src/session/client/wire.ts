/**
 * The client's end of one link: from frames to messages.
 *
 * Owns: the translator of the link, the frames that go ahead of messages, and how much is handed to the platform at once.
 * Does not own: which messages are written (uplink.ts).
 */
import type { Translator } from '../../connection/dialect.js'
import type { Encoded } from '../../protocol/codec.js'
import { SurewireError } from '../../protocol/errors.js'
import { FrameType } from '../../protocol/frames.js'
import type { SessionParts } from './parts.js'
import type { UplinkBatch } from './uplink.js'

/** Above this many bytes waiting in the platform's socket, nothing more is handed to it … */
const MAX_BUFFERED_BYTES = 1_048_576
/** … and it is looked at again after this time: WebSockets don't say when they have drained. */
const BUFFER_CHECK_MS = 20

/** Between links there is nobody to speak to. */
const NO_LINK: Translator = {
  outgoing: () => [],
  incoming: () => [],
  deadline: () => null,
  tick: () => [],
}

export class Wire {
  readonly #parts: SessionParts
  readonly #buffered: () => number
  #translator = NO_LINK
  /** Encoded frames that go ahead of messages in the next batch. */
  #control: Encoded[] = []
  #bufferCheckAt: number | null = null

  constructor(parts: SessionParts, buffered: () => number) {
    this.#parts = parts
    this.#buffered = buffered
  }

  /** A link is up. */
  open(translator: Translator): void {
    this.#translator = translator
  }

  /** The link is gone, with everything that was to go over it. */
  lost(): void {
    this.#control = []
    this.#translator = NO_LINK
    this.#bufferCheckAt = null
  }

  /** When the platform's socket is looked at again. */
  get bufferCheckAt(): number | null {
    return this.#bufferCheckAt
  }

  get translatorDeadline(): number | null {
    return this.#translator.deadline()
  }

  /** Time has passed: what the translator says by itself. */
  tick(now: number): readonly unknown[] {
    if (this.#bufferCheckAt !== null && now >= this.#bufferCheckAt) this.#bufferCheckAt = null
    const due = this.translatorDeadline
    return due !== null && now >= due ? this.#translator.tick(now) : []
  }

  incoming(data: Encoded): readonly unknown[] {
    return this.#translator.incoming(data)
  }

  /** A frame that is encoded already. */
  pushEncoded(frame: Encoded): void {
    this.#control.push(frame)
  }

  /** Lets a frame go ahead of messages. One that the server would end the connection for is an error instead. */
  push(frame: readonly unknown[]): boolean {
    const encoded = this.#parts.serializer.encode(frame)
    const bytes = this.#parts.serializer.size(encoded)
    if (bytes <= this.#parts.uplink.maxFrameBytes) {
      this.#control.push(encoded)
      return true
    }
    this.#parts.emit({ type: 'error', error: tooLarge(frame[0], bytes, this.#parts.uplink.maxFrameBytes) })
    return false
  }

  /** The end of a turn: everything that came up in it travels together. */
  write(dial: number, now: number): void {
    const { downlink, uplink } = this.#parts
    const handled = downlink.report()
    if (handled !== null) this.push([FrameType.HANDLED, ...handled])
    this.#pushRooms()
    this.#attachNew(now)
    // Most turns of a client that listens: asking the socket would be half of their cost.
    if (this.#control.length === 0 && uplink.isQuiet) return
    if (this.isCongested) {
      this.#bufferCheckAt = now + BUFFER_CHECK_MS
      return
    }
    let batch: UplinkBatch | null
    while ((batch = uplink.nextBatch(this.#control)) !== null)
      uplink.wrote(batch, this.transmit(dial, batch.frames), now)
  }

  #pushRooms(): void {
    for (const frame of this.#parts.rooms.takeFrames()) {
      if (this.push(frame) || frame[0] !== FrameType.JOIN) continue
      this.#parts.rooms.left(
        frame[1] as number,
        frame[2] as string,
        'its presence is larger than the server takes',
      )
    }
  }

  #attachNew(now: number): void {
    const unattached = this.#parts.uplink.takeUnattached(
      (producer) => this.#parts.persistence?.attachIsKept(producer) ?? true,
      now,
    )
    for (const { producer, index } of unattached) this.push([FrameType.ATTACH, index, producer.offer()])
  }

  get isCongested(): boolean {
    return this.#buffered() > MAX_BUFFERED_BYTES
  }

  transmit(dial: number, frames: readonly Encoded[]): number {
    let total = 0
    for (const data of this.#translator.outgoing(frames)) {
      const bytes = this.#parts.serializer.size(data)
      total += bytes
      this.#parts.emit({ type: 'transmit', dial, data, bytes })
    }
    this.#parts.counters.bytesSent += total
    return total
  }

  /** Everything that waits to go ahead of messages, at once: the link is about to end. */
  flushControl(dial: number): void {
    this.transmit(dial, this.#control.splice(0))
  }
}

function tooLarge(frame: unknown, bytes: number, maxBytes: number): SurewireError {
  return new SurewireError(
    `a frame of type ${String(frame)} has ${bytes} bytes and was not sent; the server takes at most ${maxBytes} (limits.maxFrameBytes)`,
    { code: 'too_large' },
  )
}
