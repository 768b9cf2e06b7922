/**
 * One direction of a proxied TCP connection.
 *
 * Owns: what is read from one socket and not yet written to the other, and when it goes on: delay, buffering, trickle,
 * blackhole. Bounded: past a limit it stops reading, and TCP slows the sender down.
 * Does not own: connections and commands (fault-proxy.ts).
 */
import type { Socket } from 'node:net'

/** Past so many bytes held back nothing more is read. */
const HIGH_WATER_BYTES = 1024 * 1024
/** A trickle is written in steps of this length, or one byte at a time if that is slower. */
const TRICKLE_STEP_MS = 50

/** Settings of all pipes of a proxy; changed while they run. */
export interface PipeSettings {
  delayMs: number
  /** Everything goes on at the end of a period of this length; 0: at once. */
  bufferMs: number
  bytesPerSecond: number
}

export interface FaultPipeOptions {
  source: Socket
  sink: Socket
  settings: PipeSettings
  /** Bytes went by: the connection is not idle. */
  onTraffic: (bytes: number) => void
  /** The cut inside a frame that was asked for happened. */
  onCut: () => void
}

type Held = { readonly at: number } & (
  | { readonly kind: 'data'; chunk: Buffer }
  /** The source sent FIN. */
  | { readonly kind: 'end' }
  /** The source broke. */
  | { readonly kind: 'reset' }
)

export class FaultPipe {
  readonly #options: FaultPipeOptions
  #held: Held[] = []
  #heldBytes = 0
  #blocked = false
  #cutNext = false
  #closed = false
  #timer: NodeJS.Timeout | null = null
  #flushAt = 0

  constructor(options: FaultPipeOptions) {
    this.#options = options
    const { source } = options
    source.on('data', (chunk: Buffer) => this.#hold({ kind: 'data', chunk, at: this.#dueAt() }))
    source.on('end', () => this.#hold({ kind: 'end', at: this.#dueAt() }))
    source.on('error', () => this.#hold({ kind: 'reset', at: this.#dueAt() }))
  }

  /** Nothing goes on until {@link unblock}, not even the news that the source is gone. */
  block(): void {
    this.#blocked = true
  }

  unblock(): void {
    this.#blocked = false
    this.#pump()
  }

  /** The settings changed: what is held goes on by the new ones. */
  refresh(): void {
    this.#disarm()
    this.#pump()
  }

  /** Of the next data all but its last byte goes on; then the connection ends. */
  cutInsideNextFrame(): void {
    this.#cutNext = true
  }

  /** FIN to the sink; what the source still sends is swallowed. */
  endSink(): void {
    this.close()
    this.#options.sink.end()
  }

  close(): void {
    this.#closed = true
    this.#held = []
    this.#heldBytes = 0
    this.#disarm()
    this.#options.source.resume()
  }

  #dueAt(): number {
    const { delayMs, bufferMs } = this.#options.settings
    const now = Date.now()
    if (bufferMs === 0) return now + delayMs
    if (this.#flushAt <= now) this.#flushAt = now + bufferMs
    return this.#flushAt + delayMs
  }

  #hold(item: Held): void {
    if (this.#closed) return
    this.#held.push(item)
    if (item.kind === 'data') {
      this.#heldBytes += item.chunk.length
      this.#options.onTraffic(item.chunk.length)
      if (this.#heldBytes > HIGH_WATER_BYTES) this.#options.source.pause()
    }
    this.#pump()
  }

  #pump(): void {
    if (this.#blocked || this.#timer !== null) return
    for (let next = this.#held[0]; next !== undefined; next = this.#held[0]) {
      const waitMs = next.at - Date.now()
      // A healed line forgets the delays that were in force when its data was read.
      if (waitMs > 0 && !this.#isCalm()) return this.#arm(waitMs)
      if (next.kind !== 'data') return this.#finish(next.kind)
      if (!this.#forward(next)) return
    }
  }

  #isCalm(): boolean {
    const { delayMs, bufferMs } = this.#options.settings
    return delayMs === 0 && bufferMs === 0
  }

  /** Writes the next data, or a step of it; false if the rest has to wait. */
  #forward(item: Held & { kind: 'data' }): boolean {
    if (this.#cutNext && item.chunk.length > 1) {
      this.#cut(item.chunk)
      return false
    }
    const { bytesPerSecond } = this.#options.settings
    if (bytesPerSecond === Infinity) {
      this.#held.shift()
      this.#write(item.chunk)
      return true
    }
    const step = Math.max(1, Math.floor((bytesPerSecond * TRICKLE_STEP_MS) / 1_000))
    this.#write(item.chunk.subarray(0, step))
    item.chunk = item.chunk.subarray(step)
    if (item.chunk.length === 0) this.#held.shift()
    this.#arm((step * 1_000) / bytesPerSecond)
    return false
  }

  #write(bytes: Buffer): void {
    this.#heldBytes -= bytes.length
    this.#options.sink.write(bytes)
    if (this.#heldBytes <= HIGH_WATER_BYTES) this.#options.source.resume()
  }

  #cut(chunk: Buffer): void {
    const { sink, source, onCut } = this.#options
    this.close()
    sink.end(chunk.subarray(0, -1), () => {
      sink.destroy()
      source.resetAndDestroy()
      onCut()
    })
  }

  #finish(how: 'end' | 'reset'): void {
    const { sink } = this.#options
    this.close()
    if (how === 'end') sink.end()
    else sink.resetAndDestroy()
  }

  #arm(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#pump()
    }, ms)
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
