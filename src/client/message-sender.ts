/**
 * From `send(type, data)` to a queued message and its receipt.
 *
 * Owns: the checks before a message is queued: its name, the contract (the sender checks), encoding, size.
 * Does not own: the queue (delivery/outbox.ts).
 */
import type { Encoded, Serializer } from '../protocol/codec.js'
import { MAX_NAME_LENGTH } from '../protocol/check.js'
import { type Contract, type Schema, schemaOf, validate } from '../protocol/contract.js'
import { ConfigError, DeliveryError, messageOf } from '../protocol/errors.js'
import type { Priority } from '../protocol/messages.js'
import type { Draft, Lane } from '../delivery/outbox.js'
import type { OutboxEntry } from '../delivery/producer.js'
import type { RequestResult } from '../session/client/requests.js'
import type { VolatileFate } from '../session/client/session.js'
import { onAbort } from './abort.js'
import { checkOption, DURATION } from './option-rules.js'
import { endedSource, MessageReceipt, type ReceiptHost, type ReceiptSource } from './receipt.js'
import type { Receipt, RoomSendOptions } from './types.js'

/** What the sender needs of its client. */
export interface SenderHost extends ReceiptHost {
  closed(): boolean
  newId(): string
  enqueue(draft: Draft): OutboxEntry
  sendVolatile(room: string | null, type: string, data: unknown): VolatileFate
  /** A message that ended without ever being queued. */
  ended(source: ReceiptSource): void
}

/** Why a volatile message was dropped. */
const DROPPED: Readonly<Record<Exclude<VolatileFate, 'sent'>, string>> = {
  offline: 'not connected; volatile messages do not wait',
  congested: 'the network takes less than is sent; volatile messages do not wait',
  too_large: 'it is larger than the server takes in one frame',
}

export class MessageSender {
  readonly #host: SenderHost
  readonly #serializer: Serializer
  readonly #contract: Contract | null

  constructor(host: SenderHost, serializer: Serializer, contract: Contract | null) {
    this.#host = host
    this.#serializer = serializer
    this.#contract = contract
  }

  send(room: string | null, type: string, data: unknown, options: RoomSendOptions = {}): Receipt {
    checkType(type)
    const refusal = this.#refusal(type, data, this.#contract?.send, (schema) => schema)
    if (refusal !== null) return this.#end('rejected', refusal.code, refusal.message)
    if (this.#host.closed()) return this.#end('dropped', 'closed', 'the client is closed')
    if (options.signal?.aborted) return this.#end('cancelled', 'aborted', 'its signal was aborted')
    if (options.volatile === true) return this.#sendVolatile(room, type, data)
    const meta = options.echo === false ? { echo: false } : undefined
    const parts = meta === undefined ? [room, type, data ?? null] : [room, type, data ?? null, meta]
    const entry = this.#host.enqueue(this.#draft(checkPriority(options.priority), parts, options))
    const receipt = new MessageReceipt(entry, this.#host)
    if (options.signal !== undefined) {
      const stopListening = onAbort(options.signal, () => receipt.cancel())
      void receipt.settled.then(stopListening)
    }
    return receipt
  }

  /** The draft of a request, or why the contract refuses it. */
  requestDraft(type: string, data: unknown, timeoutMs: number): Draft | { code: string; message: string } {
    checkType(type)
    checkOption('timeoutMs', timeoutMs, DURATION)
    const refusal = this.#refusal(type, data, this.#contract?.request, (schema) => schema.data)
    return refusal ?? this.#draft('requests', [type, data ?? null, Math.ceil(timeoutMs)], {})
  }

  /** The receiver transforms: a reply as the contract's validator gives it. */
  checkReply(type: string, data: unknown): RequestResult {
    const schema = schemaOf(this.#contract?.request, type)?.reply
    if (schema === undefined) return { ok: true, data }
    try {
      const result = validate(schema, data)
      return result.ok
        ? { ok: true, data: result.value }
        : { ok: false, error: badReply(type, result.message) }
    } catch (error) {
      return { ok: false, error: badReply(type, String(error), error) }
    }
  }

  #draft(lane: Lane, parts: unknown[], options: RoomSendOptions): Draft {
    const body: Encoded = this.#serializer.encode(parts)
    const size = this.#serializer.size(body)
    return { lane, body, size, ttlMs: checkTtl(options.ttlMs), replaces: options.replaces ?? null }
  }

  #sendVolatile(room: string | null, type: string, data: unknown): Receipt {
    const fate = this.#host.sendVolatile(room, type, data ?? null)
    return fate === 'sent' ? this.#end('written', null, null) : this.#end('dropped', fate, DROPPED[fate])
  }

  /** Why the contract refuses to send this; `null`: it doesn't. */
  #refusal<S>(
    type: string,
    data: unknown,
    schemas: { readonly [type: string]: S } | undefined,
    sent: (schema: S) => Schema,
  ): { code: string; message: string } | null {
    if (this.#contract === null) return null
    const schema = schemaOf(schemas, type)
    if (schema === undefined) {
      const known = Object.keys(schemas ?? {}).join(', ') || 'none'
      return { code: 'unknown_type', message: `the contract has no type '${type}' here; it has ${known}` }
    }
    const problem = problemOf(sent(schema), data)
    return problem === null
      ? null
      : { code: 'invalid', message: `'${type}' does not fit the contract: ${problem}` }
  }

  #end(
    state: 'rejected' | 'dropped' | 'cancelled' | 'written',
    code: string | null,
    message: string | null,
  ): Receipt {
    const source = endedSource(this.#host.newId(), state, code, message)
    this.#host.ended(source)
    return new MessageReceipt(source, this.#host)
  }
}

/** What a validator has against data, or that it failed itself; `null`: nothing. */
function problemOf(schema: Schema, data: unknown): string | null {
  try {
    const result = validate(schema, data)
    return result.ok ? null : result.message
  } catch (error) {
    return `its validator failed: ${messageOf(error)}`
  }
}

function checkType(type: unknown): void {
  if (typeof type === 'string' && type.length > 0 && type.length <= MAX_NAME_LENGTH) return
  throw new ConfigError('type', type, `a string of 1 to ${MAX_NAME_LENGTH} characters`)
}

/** The request itself was accepted; its reply is of no use. */
const badReply = (type: string, why: string, cause?: unknown): DeliveryError =>
  new DeliveryError(`the reply to '${type}' does not fit the contract: ${why}`, {
    code: 'invalid_reply',
    outcome: 'accepted',
    cause,
  })

function checkTtl(ttlMs: unknown): number | null {
  if (ttlMs === undefined) return null
  if (typeof ttlMs === 'number' && ttlMs >= 0) return Number.isFinite(ttlMs) ? ttlMs : null
  throw new ConfigError('ttlMs', ttlMs, 'a number of milliseconds, at least 0')
}

function checkPriority(priority: unknown = 'normal'): Priority {
  if (priority === 'high' || priority === 'normal' || priority === 'low') return priority
  throw new ConfigError('priority', priority, "one of 'high', 'normal', 'low'")
}
