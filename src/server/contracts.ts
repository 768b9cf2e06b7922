/**
 * Contracts on the server's side: the receiver transforms, the sender checks.
 *
 * Owns: which types are known, and what validation makes of data.
 */
import { type Contract, type Schema, validate } from '../protocol/contract.js'
import { ConfigError } from '../protocol/errors.js'

/** `unknown`: the contract has no such type. */
export type Checked =
  | { readonly is: 'valid'; readonly value: unknown }
  | { readonly is: 'invalid'; readonly message: string }
  | { readonly is: 'unknown' }

/** What a client sent, after its validator. */
export function checkSend(contract: Contract | undefined, type: string, data: unknown): Checked {
  const schemas = contract?.send
  return schemas === undefined ? { is: 'valid', value: data } : check(find(schemas, type), data)
}

/** What a client asked, after its validator. */
export function checkRequest(contract: Contract | undefined, type: string, data: unknown): Checked {
  const schemas = contract?.request
  return schemas === undefined ? { is: 'valid', value: data } : check(find(schemas, type)?.data, data)
}

/** A handler's reply; a wrong one is the handler's fault. */
export function checkReply(contract: Contract | undefined, type: string, reply: unknown): void {
  const schemas = contract?.request
  if (schemas === undefined) return
  const result = check(find(schemas, type)?.reply, reply)
  if (result.is === 'invalid')
    throw new TypeError(`the reply to '${type}' breaks the contract: ${result.message}`)
}

/** What the application sends to clients; wrong data is an error at the call. */
export function checkPublish(contract: Contract | undefined, type: string, data: unknown): void {
  if (typeof type !== 'string' || type === '') throw new ConfigError('type', type, 'a non-empty string')
  const schemas = contract?.receive
  if (schemas === undefined) return
  const result = check(find(schemas, type), data)
  if (result.is === 'unknown') throw new ConfigError('type', type, "one of the contract's 'receive' types")
  if (result.is === 'invalid') throw new TypeError(`'${type}' breaks the contract: ${result.message}`)
}

function check(schema: Schema | undefined, data: unknown): Checked {
  if (schema === undefined) return { is: 'unknown' }
  const result = validate(schema, data)
  return result.ok ? { is: 'valid', value: result.value } : { is: 'invalid', message: result.message }
}

/** Own properties only: type names come from the network. */
function find<S>(schemas: { readonly [type: string]: S }, type: string): S | undefined {
  return Object.hasOwn(schemas, type) ? schemas[type] : undefined
}
