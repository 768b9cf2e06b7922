/**
 * From `send(type, data)` to a queued message and its receipt, and from `request(type, data)` to the reply.
 *
 * Owns: the way into the session: what has to be written before, when the clock is read, that the driver hears of it;
 * and what receipts ask for later.
 * Does not own: what is checked and encoded before (message-checks.ts), nor the queue (delivery/outbox.ts).
 */
import { ClosedError, DeliveryError } from '../protocol/errors.js'
import type { Draft } from '../delivery/outbox.js'
import type { OutboxEntry } from '../delivery/producer.js'
import type { VolatileFate } from '../session/client/session.js'
import { abortError, onAbort } from './abort.js'
import type { Announcer } from './announcer.js'
import type { ClientDriver, ClientEnvironment } from './environment.js'
import type { Lifetime } from './lifetime.js'
import { checkPriority, checkReply, checkType, draftOf, refusalOf } from './message-checks.js'
import { checkOption, DURATION } from './option-rules.js'
import type { ResolvedOptions } from './options.js'
import { endedSource, MessageReceipt, type ReceiptHost, type ReceiptSource } from './receipt.js'
import type { StorageWriter } from './storage-writer.js'
import type { Receipt, RequestOptions, RoomSendOptions } from './types.js'

/** What the sender needs of its client. */
export interface SenderHost {
  readonly environment: ClientEnvironment
  readonly announcer: Announcer
  readonly driver: ClientDriver
  readonly lifetime: Lifetime
  readonly storage: StorageWriter | null
}

/** Why a volatile message was dropped. */
const DROPPED: Readonly<Record<Exclude<VolatileFate, 'sent'>, string>> = {
  offline: 'not connected; volatile messages do not wait',
  congested: 'the network takes less than is sent; volatile messages do not wait',
  too_large: 'it is larger than the server takes in one frame',
}

/** The host of all receipts of a client: a receipt must cost no closures. */
export class MessageSender implements ReceiptHost {
  readonly #host: SenderHost
  readonly #options: ResolvedOptions

  constructor(host: SenderHost, options: ResolvedOptions) {
    this.#host = host
    this.#options = options
  }

  send(room: string | null, type: string, data: unknown, options: RoomSendOptions = {}): Receipt {
    checkType(type)
    const { contract, serializer } = this.#options
    const refusal = refusalOf(contract, 'send', type, data)
    if (refusal !== null) return this.#end('rejected', refusal.code, refusal.message)
    if (this.#host.lifetime.closed) return this.#end('dropped', 'closed', 'the client is closed')
    if (options.signal?.aborted) return this.#end('cancelled', 'aborted', 'its signal was aborted')
    if (options.volatile === true) return this.#sendVolatile(room, type, data)
    const parts = [room, type, data ?? null]
    if (options.echo === false) parts.push({ echo: false })
    const entry = this.#enqueue(draftOf(serializer, checkPriority(options.priority), parts, options))
    const receipt = new MessageReceipt(entry, this)
    if (options.signal !== undefined) {
      const stopListening = onAbort(options.signal, () => receipt.cancel())
      void receipt.settled.then(stopListening)
    }
    return receipt
  }

  async request(type: string, data: unknown, options: RequestOptions): Promise<never> {
    const { contract, serializer, requestTimeoutMs } = this.#options
    const { timeoutMs = requestTimeoutMs, signal } = options
    checkType(type)
    checkOption('timeoutMs', timeoutMs, DURATION)
    const refusal = refusalOf(contract, 'request', type, data)
    if (refusal !== null)
      throw new DeliveryError(refusal.message, { code: refusal.code, outcome: 'rejected' })
    const draft = draftOf(serializer, 'requests', [type, data ?? null, Math.ceil(timeoutMs)], {})
    const { driver, environment, lifetime } = this.#host
    if (lifetime.closed) throw new ClosedError('the client is closed; make a new one')
    if (signal?.aborted) throw abortError(signal)
    return new Promise<never>((resolve, reject) => {
      const now = environment.clock.now()
      const stopListening = onAbort(signal, () => {
        driver.machine.abortRequest(entry, abortError(signal))
        driver.touch()
      })
      const entry = driver.machine.request(draft, now + timeoutMs, now, (result) => {
        stopListening()
        const checked = result.ok ? checkReply(contract, type, result.data) : result
        if (checked.ok) resolve(checked.data as never)
        else reject(checked.error)
      })
      driver.touch()
    })
  }

  cancel(source: ReceiptSource): boolean {
    if (source.settled) return false
    const { driver } = this.#host
    const cancelled = driver.machine.cancel(source as OutboxEntry, 'cancelled', 'cancel() was called')
    if (cancelled) driver.touch()
    return cancelled
  }

  async stored(source: ReceiptSource): Promise<'stored' | 'memory-only'> {
    const { storage } = this.#host
    if (storage === null || (source.settled && source.state !== 'accepted')) return 'memory-only'
    // The message goes to storage at the end of this turn, so look after it.
    await Promise.resolve()
    await storage.idle
    return storage.healthy ? 'stored' : 'memory-only'
  }

  /** Tells of a message that is settled, whether it was ever queued or not. */
  announceSettled(source: ReceiptSource): void {
    const { announcer } = this.#host
    if (announcer.hears('settled')) announcer.announce('settled', new MessageReceipt(source, this))
  }

  #enqueue(draft: Draft): OutboxEntry {
    const { driver, environment } = this.#host
    // One that replaces others may find them unwritten until the turn ends.
    if (draft.replaces === null && driver.machine.takeFullBatch()) driver.dispatch({ type: 'flush' })
    // The clock costs as much as queueing itself, and only a time limit needs it.
    const entry = driver.machine.enqueue(draft, draft.ttlMs === null ? 0 : environment.clock.now())
    driver.touch()
    return entry
  }

  #sendVolatile(room: string | null, type: string, data: unknown): Receipt {
    const { driver } = this.#host
    const fate = driver.machine.sendVolatile(room, type, data ?? null)
    if (fate !== 'sent') return this.#end('dropped', fate, DROPPED[fate])
    driver.touch()
    return this.#end('written', null, null)
  }

  #end(
    state: 'rejected' | 'dropped' | 'cancelled' | 'written',
    code: string | null,
    message: string | null,
  ): Receipt {
    const source = endedSource(this.#host.environment.random.id(), state, code, message)
    this.announceSettled(source)
    return new MessageReceipt(source, this)
  }
}
