/**
 * What is checked before a message goes out, and a reply before it comes in.
 *
 * Owns: type, contract (the sender checks; the receiver of a reply transforms) and a send's options; encoding.
 * Does not own: what happens to a message that is refused (message-sender.ts).
 */
import type { Serializer } from '../protocol/codec.js'
import { MAX_NAME_LENGTH } from '../protocol/check.js'
import { type Contract, type Schema, schemaOf, validate } from '../protocol/contract.js'
import { ConfigError, DeliveryError, messageOf } from '../protocol/errors.js'
import type { Priority } from '../protocol/messages.js'
import type { Draft, Lane } from '../delivery/outbox.js'
import type { RequestResult } from '../session/client/requests.js'
import type { RoomSendOptions } from './types.js'

/** Why the contract does not let a message go. */
export interface Refusal {
  readonly code: 'unknown_type' | 'invalid'
  readonly message: string
}

/** Why the contract refuses to send this; `null`: it doesn't. */
export function refusalOf(
  contract: Contract | null,
  kind: 'send' | 'request',
  type: string,
  data: unknown,
): Refusal | null {
  if (contract === null) return null
  const schema = kind === 'send' ? schemaOf(contract.send, type) : schemaOf(contract.request, type)?.data
  if (schema === undefined) {
    const known = Object.keys(contract[kind] ?? {}).join(', ') || 'none'
    return { code: 'unknown_type', message: `the contract has no type '${type}' here; it has ${known}` }
  }
  const problem = problemOf(schema, data)
  return problem === null
    ? null
    : { code: 'invalid', message: `'${type}' does not fit the contract: ${problem}` }
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

/** The receiver transforms: a reply as the contract's validator gives it. */
export function checkReply(contract: Contract | null, type: string, data: unknown): RequestResult {
  const schema = schemaOf(contract?.request, type)?.reply
  if (schema === undefined) return { ok: true, data }
  try {
    const result = validate(schema, data)
    return result.ok ? { ok: true, data: result.value } : { ok: false, error: badReply(type, result.message) }
  } catch (error) {
    return { ok: false, error: badReply(type, String(error), error) }
  }
}

/** The request itself was accepted; its reply is of no use. */
const badReply = (type: string, why: string, cause?: unknown): DeliveryError =>
  new DeliveryError(`the reply to '${type}' does not fit the contract: ${why}`, {
    code: 'invalid_reply',
    outcome: 'accepted',
    cause,
  })

/** Encodes: what is changed afterwards does not go out. */
export function draftOf(
  serializer: Serializer,
  lane: Lane,
  parts: unknown[],
  options: RoomSendOptions,
): Draft {
  const body = serializer.encode(parts)
  return {
    lane,
    body,
    size: serializer.size(body),
    ttlMs: checkTtl(options.ttlMs),
    replaces: options.replaces ?? null,
  }
}

export function checkType(type: unknown): void {
  if (typeof type === 'string' && type.length > 0 && type.length <= MAX_NAME_LENGTH) return
  throw new ConfigError('type', type, `a string of 1 to ${MAX_NAME_LENGTH} characters`)
}

function checkTtl(ttlMs: unknown): number | null {
  if (ttlMs === undefined) return null
  if (typeof ttlMs === 'number' && ttlMs >= 0) return Number.isFinite(ttlMs) ? ttlMs : null
  throw new ConfigError('ttlMs', ttlMs, 'a number of milliseconds, at least 0')
}

export function checkPriority(priority: unknown = 'normal'): Priority {
  if (priority === 'high' || priority === 'normal' || priority === 'low') return priority
  throw new ConfigError('priority', priority, "one of 'high', 'normal', 'low'")
}
