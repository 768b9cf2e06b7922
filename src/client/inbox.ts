/**
 * The inbox: deliveries on their way through handlers.
 *
 * Owns: that handlers of one log run one after another, each awaited before the next; different logs go side by side.
 * A handler that fails is an `error` event and counts as handled; so does a message that nobody handles, with a warning.
 * Does not own: which handlers there are (handlers.ts).
 */
import { type Contract, schemaOf, validate } from '../protocol/contract.js'
import { messageOf, SurewireError } from '../protocol/errors.js'
import type { Message } from '../protocol/messages.js'
import type { LogReader } from '../delivery/reader.js'
import { isThenable } from '../runtime/thenable.js'
import type { Delivery } from '../session/client/inputs.js'
import type { Announcer } from './announcer.js'
import type { ClientDriver } from './environment.js'
import type { HandlerRegistry, StoredHandler } from './handlers.js'

/** What the inbox needs of its client. */
export interface InboxHost {
  readonly announcer: Announcer
  readonly driver: ClientDriver
  readonly handlers: HandlerRegistry
}

/** After so many, what is done in a queue is let go of: a log that is always behind never empties it. */
const COMPACT_AFTER = 1_024

/** What waits behind a handler of its log that has not finished: an entry, or the news of a gap. */
type Waiting = Delivery | News

interface News {
  readonly reader: LogReader
  readonly announce: () => void
}

/** One log's queue; what is before `next` is done. Bounded by the receive window. */
interface LogQueue {
  readonly waiting: Waiting[]
  next: number
}

export class Inbox {
  readonly #host: InboxHost
  readonly #schemas: Contract['receive'] | undefined
  /** Logs with a handler that has not finished. */
  #queues: Map<string, LogQueue> | null = null

  constructor(host: InboxHost, contract: Contract | null) {
    this.#host = host
    this.#schemas = contract?.receive
  }

  deliver(delivery: Delivery): void {
    const queue = this.#queues?.get(delivery.log)
    if (queue !== undefined) queue.waiting.push(delivery)
    else this.#start(delivery)
  }

  /** Volatile messages have no order to keep. */
  deliverVolatile(message: Message): void {
    void this.#run(message)
  }

  /** Calls back in its turn: after the entries of the log that came before; never if the reader is abandoned by then. */
  inTurn(reader: LogReader, announce: () => void): void {
    const queue = this.#queues?.get(reader.log)
    if (queue !== undefined) queue.waiting.push({ reader, announce })
    else if (!reader.abandoned) announce()
  }

  /** A handler of an entry in the same batch may have turned away from the log. */
  #start(delivery: Delivery): void {
    const running = delivery.reader.abandoned ? null : this.#run(delivery.message)
    if (running === null) return this.#handled(delivery)
    const queue: LogQueue = { waiting: [], next: 0 }
    this.#queues ??= new Map()
    this.#queues.set(delivery.log, queue)
    void running.then(() => this.#finished(delivery, queue))
  }

  /** A handler that took its time is done: on with what waited behind it. */
  #finished(delivery: Delivery, queue: LogQueue): void {
    this.#handled(delivery)
    for (let next = queue.waiting[queue.next]; next !== undefined; next = queue.waiting[queue.next]) {
      queue.next++
      if (queue.next === COMPACT_AFTER) {
        queue.waiting.splice(0, COMPACT_AFTER)
        queue.next = 0
      }
      const current = next
      if ('announce' in current) {
        if (!current.reader.abandoned) current.announce()
        continue
      }
      const running = current.reader.abandoned ? null : this.#run(current.message)
      if (running !== null) {
        void running.then(() => this.#finished(current, queue))
        return
      }
      this.#handled(current)
    }
    this.#queues?.delete(delivery.log)
  }

  /** Runs all handlers; `null` when none of them needs waiting for. */
  #run(message: Message): Promise<void> | null {
    const checked = this.#check(message)
    if (checked === null) return null
    const handlers = this.#host.handlers.handlers(message.room, message.type)
    if (handlers.length === 0) this.#unhandled(message)
    let running: Promise<void> | null = null
    for (const handler of handlers) {
      if (running !== null) running = running.then(() => this.#guard(handler, checked) ?? undefined)
      else running = this.#guard(handler, checked)
    }
    return running
  }

  #guard(handler: StoredHandler, message: Message): Promise<void> | null {
    try {
      const result: unknown = handler(message.data, message)
      if (!isThenable(result)) return null
      return Promise.resolve(result).then(
        () => undefined,
        (error: unknown) => this.#fail(error),
      )
    } catch (error) {
      this.#fail(error)
      return null
    }
  }

  /** The receiver transforms: data as the contract's validator gives it, or `null` if it doesn't fit. */
  #check(message: Message): Message | null {
    const schema = schemaOf(this.#schemas, message.type)
    if (schema === undefined) return message
    try {
      const result = validate(schema, message.data)
      if (result.ok) return { ...message, data: result.value }
      this.#host.announcer.error(
        new SurewireError(
          `message '${message.type}' (${message.id}) does not fit the contract: ${result.message}`,
          {
            code: 'invalid',
          },
        ),
      )
    } catch (error) {
      this.#fail(error)
    }
    return null
  }

  #handled(delivery: Delivery): void {
    this.#host.driver.machine.handled(delivery)
    this.#host.driver.touch()
  }

  #unhandled({ room, type }: Message): void {
    const place = room === null ? 'client' : `room '${room}'`
    this.#host.announcer.warn(
      `unhandled_type:${type}`,
      `nobody handles '${type}' in ${place}; it counts as handled`,
    )
  }

  #fail(cause: unknown): void {
    this.#host.announcer.error(
      new SurewireError(`a message handler failed: ${messageOf(cause)}`, {
        code: 'handler_failed',
        cause,
      }),
    )
  }
}
