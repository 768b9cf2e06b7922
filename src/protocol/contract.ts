/**
 * Contracts: the names and types of messages, shared by client and server.
 *
 * Owns: the types that make a misspelt message type a compile error, and `defineContract`.
 * Does not own: when validators run (client and server: the sender checks, the receiver transforms).
 */

import { ConfigError } from './errors.js'

/**
 * The part of Standard Schema v1 (https://standardschema.dev) that contracts use; Zod, Valibot, ArkType and others
 * implement it. Validation must be synchronous.
 */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What a request takes and answers. */
export interface RequestSchema {
  readonly data: Schema
  readonly reply: Schema
}

/** Message types of an application: what clients send, what they receive, what they request. */
export interface Contract {
  readonly send?: { readonly [type: string]: Schema }
  readonly receive?: { readonly [type: string]: Schema }
  readonly request?: { readonly [type: string]: RequestSchema }
}

/** Without a contract every type name is allowed and data is `unknown`. */
export interface AnyContract extends Contract {
  readonly send: { readonly [type: string]: Schema }
  readonly receive: { readonly [type: string]: Schema }
  readonly request: { readonly [type: string]: RequestSchema }
}

/**
 * Where an application names its contract once, for what has no client in its hands to take the types from, such as
 * the hooks of `surewire/react`. Empty until then: every type name is allowed and data is `unknown`.
 *
 * @example
 * declare module 'surewire' {
 *   interface Register {
 *     contract: typeof contract
 *   }
 * }
 */
// oxlint-disable-next-line typescript/no-empty-interface, typescript/no-empty-object-type -- filled by applications
export interface Register {}

/** The contract that a {@link Register} names. */
export type ContractIn<R> = R extends { contract: infer C extends Contract } ? C : AnyContract
/** The application's contract, or {@link AnyContract} if it named none. */
export type RegisteredContract = ContractIn<Register>

type Types<S> = S extends Schema ? NonNullable<S['~standard']['types']> : never
/** What a sender passes in. */
export type InputOf<S> = Types<S>['input']
/** What a receiver gets out. */
export type OutputOf<S> = Types<S>['output']

type Names<M> = M extends object ? keyof M & string : never
type At<M, Type extends string> = M extends { readonly [name: string]: unknown } ? M[Type] : never

export type SendType<C extends Contract> = Names<C['send']>
export type SendData<C extends Contract, Type extends string> = InputOf<At<C['send'], Type>>
export type SentData<C extends Contract, Type extends string> = OutputOf<At<C['send'], Type>>
export type ReceiveType<C extends Contract> = Names<C['receive']>
export type ReceiveData<C extends Contract, Type extends string> = OutputOf<At<C['receive'], Type>>
export type PublishData<C extends Contract, Type extends string> = InputOf<At<C['receive'], Type>>
export type RequestType<C extends Contract> = Names<C['request']>
type RequestAt<C extends Contract, Type extends string> = At<C['request'], Type>
export type RequestData<C extends Contract, Type extends string> =
  RequestAt<C, Type> extends RequestSchema ? InputOf<RequestAt<C, Type>['data']> : never
export type RequestedData<C extends Contract, Type extends string> =
  RequestAt<C, Type> extends RequestSchema ? OutputOf<RequestAt<C, Type>['data']> : never
export type ReplyData<C extends Contract, Type extends string> =
  RequestAt<C, Type> extends RequestSchema ? OutputOf<RequestAt<C, Type>['reply']> : never
export type ReplyInput<C extends Contract, Type extends string> =
  RequestAt<C, Type> extends RequestSchema ? InputOf<RequestAt<C, Type>['reply']> : never

/**
 * Defines a contract, shared by client and server.
 *
 * @example
 * const contract = defineContract({
 *   send: { 'task.update': type<{ id: string; done: boolean }>() },
 *   receive: { 'task.updated': type<{ id: string; done: boolean }>() },
 *   request: { 'task.list': { data: type<null>(), reply: type<string[]>() } },
 * })
 */
export function defineContract<const C extends Contract>(contract: C): C {
  return contract
}

/** A schema that only names a type and checks nothing at run time. */
export function type<T>(): Schema<T, T> {
  return {
    '~standard': { version: 1, vendor: 'surewire', validate: (value) => ({ value: value as T }) },
  }
}

/** What a map of schemas has of its own for a type: `constructor` and the like are no types of a contract. */
export function schemaOf<S>(
  schemas: { readonly [type: string]: S } | undefined,
  name: string,
): S | undefined {
  return schemas !== undefined && Object.hasOwn(schemas, name) ? schemas[name] : undefined
}

/** Checks what `options.contract` got; a wrong part is named: `contract.send.chat`. */
export function checkContract(contract: Contract | undefined, where?: string): void {
  const { send = {}, receive = {}, request = {} } = contract ?? {}
  const check = (group: string, schemas: { readonly [type: string]: unknown }): void => {
    for (const [name, schema] of Object.entries(schemas)) {
      if ((schema as Schema | null)?.['~standard'] !== undefined) continue
      throw new ConfigError(
        `contract.${group}.${name}`,
        schema,
        'a Standard Schema, such as type<T>()',
        where,
      )
    }
  }
  check('send', send)
  check('receive', receive)
  for (const [name, { data, reply }] of Object.entries(request)) check(`request.${name}`, { data, reply })
}

/** Result of a check by {@link validate}. */
export type Validation = { ok: true; value: unknown } | { ok: false; message: string }

/** Runs a validator; an asynchronous one is a programming error. */
export function validate(schema: Schema, value: unknown): Validation {
  const result = schema['~standard'].validate(value)
  if ('then' in result) {
    // Nobody else would handle its rejection, and that ends a Node process.
    result.then(ignore, ignore)
    throw new TypeError('contract validators must be synchronous; this one returned a promise')
  }
  if (result.issues === undefined) return { ok: true, value: result.value }
  return { ok: false, message: result.issues.map(describeIssue).join('; ') }
}

function ignore(): void {
  // The TypeError that follows says what is wrong; what the promise settles to does not matter.
}

function describeIssue(issue: SchemaIssue): string {
  if (issue.path === undefined || issue.path.length === 0) return issue.message
  const path = issue.path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.')
  return `${path}: ${issue.message}`
}
