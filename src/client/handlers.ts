/**
 * The handler registry: who hears which message.
 *
 * Owns: subscriptions by room and type, kept in an eventemitter3 for each room that has any.
 * Does not own: the order of messages (inbox.ts).
 */
import { EventEmitter } from 'eventemitter3'
import { ConfigError, SurewireError } from '../protocol/errors.js'
import type { Message } from '../protocol/messages.js'
import { onAbort } from './abort.js'
import type { MessagesOptions, OnOptions } from './types.js'

/** A handler as the registry keeps it: types were checked where it was registered. */
export type AnyHandler = (data: never, message: never) => void | Promise<void>
export type StoredHandler = (data: unknown, message: Message) => void | Promise<void>

/** More unread messages than this end an iteration; the default of `messages({ maxBuffered })`. */
const DEFAULT_MAX_BUFFERED = 10_000

type Handlers = EventEmitter<Record<string, (data: unknown, message: Message) => unknown>>

export class HandlerRegistry {
  #emitters: Map<string | null, Handlers> | null = null
  #buffers: Set<MessageBuffer> | null = null
  #isEnded = false

  /** Handlers of a type in a room, or in none (`null`), in order of registration. */
  handlers(room: string | null, type: string): readonly StoredHandler[] {
    return this.#emitters?.get(room)?.listeners(type) ?? []
  }

  on(room: string | null, type: string, handler: AnyHandler, options: OnOptions = {}): () => void {
    if (typeof handler !== 'function') throw new ConfigError('handler', handler, 'a function')
    const { signal } = options
    if (signal?.aborted) return () => undefined
    let active = true
    // A wrapper of its own, so that the same function registered twice is two subscriptions. It may be called after it
    // was taken out, when the handlers before it took their time.
    const stored: StoredHandler = (data, message) =>
      active ? (handler as StoredHandler)(data, message) : undefined
    // The emitter only keeps handlers; the inbox calls them, and awaits what they return.
    const emitters = (this.#emitters ??= new Map<string | null, Handlers>())
    const emitter = emitters.get(room) ?? new EventEmitter()
    emitters.set(room, emitter)
    // oxlint-disable-next-line typescript/no-misused-promises
    emitter.on(type, stored)
    const off = (): void => {
      // Once: the room may have another emitter by then.
      if (!active) return
      active = false
      // oxlint-disable-next-line typescript/no-misused-promises
      emitter.off(type, stored)
      if (emitter.eventNames().length === 0) emitters.delete(room)
      stopListening()
    }
    const stopListening = onAbort(signal, off)
    return off
  }

  once(room: string | null, type: string, handler: AnyHandler): () => void {
    if (typeof handler !== 'function') throw new ConfigError('handler', handler, 'a function')
    const off = this.on(room, type, (data: never, message: never) => {
      off()
      return handler(data, message)
    })
    return off
  }

  /** Messages of a type as they come; reading ends the buffering. */
  messages<T extends string>(
    room: string | null,
    type: T,
    options: MessagesOptions = {},
  ): AsyncIterableIterator<Message<T>> {
    const buffer = new MessageBuffer(options.maxBuffered ?? DEFAULT_MAX_BUFFERED)
    const off = this.on(room, type, (_data: unknown, message: Message) => buffer.push(message))
    const { signal } = options
    const stopListening = onAbort(signal, () => buffer.end(null))
    const buffers = (this.#buffers ??= new Set())
    buffers.add(buffer)
    buffer.onEnd = () => {
      buffers.delete(buffer)
      off()
      stopListening()
    }
    if (signal?.aborted || this.#isEnded) buffer.end(null)
    // Subscribed by this type, so nothing else comes in.
    return buffer as unknown as AsyncIterableIterator<Message<T>>
  }

  /** The client is closed: whoever reads gets what is unread, and then the end. */
  end(): void {
    this.#isEnded = true
    for (const buffer of [...(this.#buffers ?? [])]) buffer.end(null)
  }
}

/** Between a handler and a `for await` loop. */
class MessageBuffer implements AsyncIterableIterator<Message> {
  readonly #maxBuffered: number
  readonly #unread: Message[] = []
  readonly #readers: {
    resolve: (result: IteratorResult<Message>) => void
    reject: (error: unknown) => void
  }[] = []
  #ended: { error: unknown } | null = null
  onEnd: () => void = () => undefined

  constructor(maxBuffered: number) {
    this.#maxBuffered = maxBuffered
  }

  push(message: Message): void {
    const reader = this.#readers.shift()
    if (reader !== undefined) reader.resolve({ done: false, value: message })
    else if (this.#unread.length < this.#maxBuffered) this.#unread.push(message)
    else this.end(overflow(this.#maxBuffered))
  }

  end(error: unknown): void {
    if (this.#ended !== null) return
    this.#ended = { error }
    this.onEnd()
    for (const reader of this.#readers.splice(0)) {
      if (error === null) reader.resolve({ done: true, value: undefined })
      else reader.reject(error)
    }
  }

  next(): Promise<IteratorResult<Message>> {
    const message = this.#unread.shift()
    if (message !== undefined) return Promise.resolve({ done: false, value: message })
    if (this.#ended === null) return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }))
    const { error } = this.#ended
    if (error === null) return Promise.resolve({ done: true, value: undefined })
    this.#ended = { error: null }
    return Promise.reject(error)
  }

  return(): Promise<IteratorResult<Message>> {
    this.#unread.length = 0
    this.end(null)
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

function overflow(maxBuffered: number): SurewireError {
  return new SurewireError(
    `more than ${maxBuffered} messages were waiting to be read; read faster, or raise maxBuffered`,
    { code: 'buffer_overflow' },
  )
}
