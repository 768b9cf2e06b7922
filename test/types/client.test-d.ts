// oxlint-disable vitest/expect-expect -- a `@ts-expect-error` that is not needed fails the compiler: it is the assertion
import { describe, expectTypeOf, it } from 'vitest'
import type { WebSocket as NodeWebSocketClass } from 'ws'
import type {
  Client,
  ClientOptions,
  Delivered,
  JoinResult,
  LifecycleEvents,
  Manager,
  Receipt,
  Snapshot,
} from '../../src/client/types.js'
import { defineContract, type Schema, type } from '../../src/protocol/contract.js'
import type { SurewireError } from '../../src/protocol/errors.js'
import type { Message } from '../../src/protocol/messages.js'
import { type WebSocketOptions, webSocket } from '../../src/transports/websocket.js'

declare const dateAsText: Schema<string, Date>

const contract = defineContract({
  send: { 'task.update': type<{ id: string; done: boolean }>() },
  receive: { 'task.updated': type<{ id: string }>(), 'task.due': dateAsText },
  request: { 'task.list': { data: type<null>(), reply: type<string[]>() } },
})

declare const NodeWebSocket: typeof NodeWebSocketClass
declare const client: Client<typeof contract>
declare const anyClient: Client
declare const manager: Manager

describe('send', () => {
  it('takes the data of its type', () => {
    expectTypeOf(client.send('task.update', { id: '1', done: true })).toEqualTypeOf<Receipt>()
    expectTypeOf(
      client.room('r').send('task.update', { id: '1', done: true }, { echo: false }),
    ).toEqualTypeOf<Receipt>()
  })

  it('refuses a misspelt type', () => {
    // @ts-expect-error
    client.send('task.updat', { id: '1', done: true })
    // @ts-expect-error
    client.room('r').send('task.updat', { id: '1', done: true })
    // @ts-expect-error it is a type to receive
    client.send('task.updated', { id: '1' })
  })

  it('refuses data of another shape', () => {
    // @ts-expect-error
    client.send('task.update', { id: 1, done: true })
    // @ts-expect-error
    client.send('task.update', { id: '1' })
    // @ts-expect-error
    client.send('task.update')
  })

  it('refuses options that there are not', () => {
    // @ts-expect-error
    client.send('task.update', { id: '1', done: true }, { priority: 'urgent' })
    // @ts-expect-error echo is for rooms
    client.send('task.update', { id: '1', done: true }, { echo: false })
  })

  it('gives a receipt that can be awaited', async () => {
    expectTypeOf(await client.send('task.update', { id: '1', done: true })).toEqualTypeOf<Delivered>()
  })
})

describe('on', () => {
  it('gives the handler what the receiver gets out', () => {
    client.on('task.due', (data, message) => {
      expectTypeOf(data).toEqualTypeOf<Date>()
      expectTypeOf(message).toEqualTypeOf<Message<'task.due', Date>>()
    })
    client.room('r').on('task.updated', (data) => {
      expectTypeOf(data).toEqualTypeOf<{ id: string }>()
    })
    client.once('task.updated', async (data) => {
      expectTypeOf(data).toEqualTypeOf<{ id: string }>()
    })
  })

  it('returns how to stop', () => {
    expectTypeOf(client.on('task.due', () => undefined)).toEqualTypeOf<() => void>()
  })

  it('refuses a misspelt type and a handler for other data', () => {
    // @ts-expect-error
    client.on('task.du', () => undefined)
    // @ts-expect-error
    client.on('task.due', (data: string) => data)
    // @ts-expect-error
    client.messages('task.du')
  })

  it('iterates over the same messages', async () => {
    for await (const message of client.messages('task.due')) {
      expectTypeOf(message).toEqualTypeOf<Message<'task.due', Date>>()
    }
  })
})

describe('request', () => {
  it('answers with the type of the reply', () => {
    expectTypeOf(client.request('task.list', null)).toEqualTypeOf<Promise<string[]>>()
  })

  it('refuses a misspelt type and other data', () => {
    // @ts-expect-error
    void client.request('task.lst', null)
    // @ts-expect-error
    void client.request('task.list', 5)
  })
})

describe('without a contract', () => {
  it('every type is allowed, and what arrives is unknown', () => {
    anyClient.send('anything', { at: 'all' })
    anyClient.on('anything', (data, message) => {
      expectTypeOf(data).toEqualTypeOf<unknown>()
      expectTypeOf(message.data).toEqualTypeOf<unknown>()
    })
    expectTypeOf(anyClient.request('anything', 5)).toEqualTypeOf<Promise<unknown>>()
  })

  it('data must be looked at before it is used', () => {
    anyClient.on('anything', (data) => {
      // @ts-expect-error it is unknown, not any
      void data.id
    })
  })
})

describe('options', () => {
  it('need an address, and nothing else', () => {
    expectTypeOf<{ url: string }>().toExtend<ClientOptions>()
    expectTypeOf<{ url: () => Promise<URL> }>().toExtend<ClientOptions>()
    // @ts-expect-error
    const none: ClientOptions = {}
    // @ts-expect-error
    const misspelt: ClientOptions = { url: 'ws://a', hartbeat: false }
    // @ts-expect-error there is no such policy
    const policy: ClientOptions = { url: 'ws://a', queue: { overflow: 'block' } }
    void [none, misspelt, policy]
  })

  it('take the contract and keep its type', () => {
    expectTypeOf<ClientOptions<typeof contract>['contract']>().toEqualTypeOf<typeof contract | undefined>()
    expectTypeOf(manager.add('a', { url: 'ws://a', contract })).toEqualTypeOf<Client<typeof contract>>()
    expectTypeOf(manager.add('a', { url: 'ws://a' })).toEqualTypeOf<Client>()
  })

  it('update takes a part of them', () => {
    client.update({ auth: 'token' })
    // @ts-expect-error the serializer cannot change
    client.update({ serializer: undefined })
  })
})

describe('what can be read', () => {
  it('is immutable', () => {
    // @ts-expect-error
    client.snapshot.status = 'closed'
    // @ts-expect-error
    client.snapshot = anyClient.snapshot
    expectTypeOf<Snapshot['error']>().toEqualTypeOf<SurewireError | null>()
    expectTypeOf(client.room('r').join()).toEqualTypeOf<Promise<JoinResult>>()
  })

  it('has lifecycle events with their arguments', () => {
    client.lifecycle.on('status', (next, previous, cause) => {
      expectTypeOf(next).toEqualTypeOf<Snapshot['status']>()
      expectTypeOf(previous).toEqualTypeOf<Snapshot['status']>()
      expectTypeOf(cause.code).toEqualTypeOf<string>()
    })
    client.lifecycle.on('gap', (gap) => {
      expectTypeOf(gap.to).toEqualTypeOf<number | null>()
    })
    // @ts-expect-error
    client.lifecycle.on('opened', () => undefined)
  })

  it('holds no any', () => {
    type Arguments = LifecycleEvents[keyof LifecycleEvents][number]
    expectTypeOf<Arguments>().not.toBeAny()
    expectTypeOf<Message['data']>().toEqualTypeOf<unknown>()
    expectTypeOf<ReturnType<Client['stats']>>().not.toBeAny()
    expectTypeOf<ReturnType<Client['send']>>().not.toBeAny()
    expectTypeOf<ReturnType<Client['room']>>().not.toBeAny()
    expectTypeOf<Parameters<Client['on']>[1]>().not.toBeAny()
  })
})

describe('the WebSocket transport', () => {
  it("takes the platform's class and that of ws", () => {
    webSocket({ WebSocket: globalThis.WebSocket })
    webSocket({ WebSocket: NodeWebSocket })
  })

  it('refuses what is none', () => {
    // @ts-expect-error
    webSocket({ WebSocket: Date })
    // @ts-expect-error
    const headers: WebSocketOptions = { headers: { authorization: 5 } }
    void headers
  })
})
