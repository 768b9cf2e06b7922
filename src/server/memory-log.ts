/**
 * One log of the memory store.
 *
 * Owns: entries, and trimming them by count, size and age, exact to the message.
 */
import type { Append, LogEntry, LogPage, LogState } from './core/store.js'

/** What a log may hold. */
export interface History {
  readonly messages: number
  readonly bytes: number
  readonly ms: number
}

export class MemoryLog {
  readonly epoch: string
  head = 0
  touchedAt: number
  #kept: LogEntry[] = []
  /** Of each kept entry, in lists of their own: an object for each would cost three times the memory. */
  #sizes: number[] = []
  #times: number[] = []
  /** Index of the oldest entry held. */
  #start = 0
  #bytes = 0

  constructor(epoch: string, now: number) {
    this.epoch = epoch
    this.touchedAt = now
  }

  get isEmpty(): boolean {
    return this.#start === this.#kept.length
  }

  append({ type, data, meta, audience }: Append, history: History, now: number): LogEntry {
    const bytes = estimateBytes(data) + type.length + ENTRY_OVERHEAD
    const entry: LogEntry = { offset: ++this.head, type, data, meta, audience }
    this.#kept.push(entry)
    this.#sizes.push(bytes)
    this.#times.push(now)
    this.#bytes += bytes
    this.touchedAt = now
    this.trim(history, now)
    return entry
  }

  state(): LogState {
    return { epoch: this.epoch, first: this.#first, head: this.head }
  }

  read(after: number, limit: number): LogPage {
    const skip = Math.max(0, after + 1 - this.#first)
    const from = this.#start + skip
    return { state: this.state(), entries: this.#kept.slice(from, from + limit) }
  }

  trim({ messages, bytes, ms }: History, now: number): void {
    for (let count = this.#kept.length - this.#start; count > 0; count--) {
      const age = now - (this.#times[this.#start] ?? now)
      if (count <= messages && this.#bytes <= bytes && age < ms) break
      this.#bytes -= this.#sizes[this.#start] ?? 0
      this.#start++
    }
    // Copying is paid for by as many appends.
    if (this.#start > 32 && this.#start * 2 > this.#kept.length) this.#compact()
  }

  #compact(): void {
    this.#kept = this.#kept.slice(this.#start)
    this.#sizes = this.#sizes.slice(this.#start)
    this.#times = this.#times.slice(this.#start)
    this.#start = 0
  }

  get #first(): number {
    return this.head + 1 - (this.#kept.length - this.#start)
  }
}

/** An entry's meta and bookkeeping. */
const ENTRY_OVERHEAD = 128

/** Roughly what a value takes: good enough to bound memory, and cheap. */
function estimateBytes(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return value.length + 16
    case 'object':
      return value === null ? 8 : estimateObject(value)
    default:
      return 8
  }
}

function estimateObject(value: object): number {
  if (ArrayBuffer.isView(value)) return value.byteLength + 16
  let bytes = 16
  if (Array.isArray(value)) for (const element of value) bytes += estimateBytes(element)
  else for (const key in value) bytes += key.length + 8 + estimateBytes(value[key as keyof typeof value])
  return bytes
}
