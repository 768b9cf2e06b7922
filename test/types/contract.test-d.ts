// oxlint-disable vitest/expect-expect -- a `@ts-expect-error` that is not needed fails the compiler: it is the assertion
import { describe, expectTypeOf, it } from 'vitest'
import {
  type AnyContract,
  type Contract,
  defineContract,
  type InputOf,
  type OutputOf,
  type PublishData,
  type ReceiveData,
  type ReceiveType,
  type ReplyData,
  type ReplyInput,
  type RequestData,
  type RequestedData,
  type RequestType,
  type Schema,
  type SendData,
  type SendType,
  type SentData,
  type,
} from '../../src/protocol/contract.js'

/** A schema whose receiver gets something else than its sender passes. */
declare const dateAsText: Schema<string, Date>

const contract = defineContract({
  send: { 'task.update': type<{ id: string; done: boolean }>(), 'task.due': dateAsText },
  receive: { 'task.updated': type<{ id: string }>(), 'task.due': dateAsText },
  request: { 'task.list': { data: type<{ project: string }>(), reply: dateAsText } },
})
type C = typeof contract

const sendOnly = defineContract({ send: { ping: type<null>() } })
type SendOnly = typeof sendOnly

describe('a contract', () => {
  it('names exactly its types', () => {
    expectTypeOf<SendType<C>>().toEqualTypeOf<'task.update' | 'task.due'>()
    expectTypeOf<ReceiveType<C>>().toEqualTypeOf<'task.updated' | 'task.due'>()
    expectTypeOf<RequestType<C>>().toEqualTypeOf<'task.list'>()
  })

  it('gives the sender what goes in and the receiver what comes out', () => {
    expectTypeOf<SendData<C, 'task.update'>>().toEqualTypeOf<{ id: string; done: boolean }>()
    expectTypeOf<SendData<C, 'task.due'>>().toEqualTypeOf<string>()
    expectTypeOf<SentData<C, 'task.due'>>().toEqualTypeOf<Date>()
    expectTypeOf<PublishData<C, 'task.due'>>().toEqualTypeOf<string>()
    expectTypeOf<ReceiveData<C, 'task.due'>>().toEqualTypeOf<Date>()
    expectTypeOf<RequestData<C, 'task.list'>>().toEqualTypeOf<{ project: string }>()
    expectTypeOf<RequestedData<C, 'task.list'>>().toEqualTypeOf<{ project: string }>()
    expectTypeOf<ReplyInput<C, 'task.list'>>().toEqualTypeOf<string>()
    expectTypeOf<ReplyData<C, 'task.list'>>().toEqualTypeOf<Date>()
  })

  it('may leave out what it has none of', () => {
    expectTypeOf<SendType<SendOnly>>().toEqualTypeOf<'ping'>()
    expectTypeOf<ReceiveType<SendOnly>>().toEqualTypeOf<never>()
    expectTypeOf<RequestType<SendOnly>>().toEqualTypeOf<never>()
  })

  it('is made of schemas only', () => {
    // @ts-expect-error a string is no schema
    defineContract({ send: { ping: 'null' } })
    // @ts-expect-error a request needs a reply
    defineContract({ request: { list: { data: type<null>() } } })
    // @ts-expect-error a request is a pair of schemas
    defineContract({ request: { list: type<null>() } })
  })

  it('takes Standard Schema validators as other libraries make them', () => {
    interface ForeignSchema {
      readonly '~standard': {
        readonly version: 1
        readonly vendor: string
        readonly validate: (
          value: unknown,
        ) => { readonly value: number } | { readonly issues: readonly { readonly message: string }[] }
        readonly types?: { readonly input: string; readonly output: number } | undefined
      }
      parse(value: unknown): number
    }
    expectTypeOf<ForeignSchema>().toExtend<Schema<string, number>>()
    expectTypeOf<InputOf<ForeignSchema>>().toEqualTypeOf<string>()
    expectTypeOf<OutputOf<ForeignSchema>>().toEqualTypeOf<number>()
  })
})

describe('without a contract', () => {
  it('every name is allowed', () => {
    expectTypeOf<SendType<AnyContract>>().toEqualTypeOf<string>()
    expectTypeOf<ReceiveType<AnyContract>>().toEqualTypeOf<string>()
    expectTypeOf<RequestType<AnyContract>>().toEqualTypeOf<string>()
  })

  it('data is unknown, never any', () => {
    expectTypeOf<SendData<AnyContract, 'x'>>().toEqualTypeOf<unknown>()
    expectTypeOf<ReceiveData<AnyContract, 'x'>>().toEqualTypeOf<unknown>()
    expectTypeOf<PublishData<AnyContract, 'x'>>().toEqualTypeOf<unknown>()
    expectTypeOf<SentData<AnyContract, 'x'>>().toEqualTypeOf<unknown>()
    expectTypeOf<RequestData<AnyContract, 'x'>>().toEqualTypeOf<unknown>()
    expectTypeOf<RequestedData<AnyContract, 'x'>>().toEqualTypeOf<unknown>()
    expectTypeOf<ReplyData<AnyContract, 'x'>>().toEqualTypeOf<unknown>()
    expectTypeOf<ReplyInput<AnyContract, 'x'>>().toEqualTypeOf<unknown>()
  })

  it('every contract fits where any contract does', () => {
    expectTypeOf<C>().toExtend<Contract>()
    expectTypeOf<AnyContract>().toExtend<Contract>()
  })
})
