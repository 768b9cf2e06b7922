// oxlint-disable vitest/expect-expect -- a `@ts-expect-error` that is not needed fails the compiler: it is the assertion
import { describe, expectTypeOf, it } from 'vitest'
import type { Client, Room, Snapshot, Status } from '../../src/client/types.js'
import type { AnyContract, ContractIn, RegisteredContract } from '../../src/protocol/contract.js'
import type { Member } from '../../src/protocol/frames.js'
import type { Message } from '../../src/protocol/messages.js'
import {
  SurewireProvider,
  useClient,
  useConnect,
  useConnection,
  useMessage,
  usePresence,
  useRequest,
  useRoom,
} from '../../src/react/index.js'
// It registers this contract.
import type { reactContract } from '../support/react-contract.js'

type C = typeof reactContract
declare const client: Client<C>
declare const anyClient: Client

describe('the registered contract', () => {
  it('is that of the application, or any', () => {
    expectTypeOf<RegisteredContract>().toEqualTypeOf<C>()
    expectTypeOf<ContractIn<{ contract: C }>>().toEqualTypeOf<C>()
    expectTypeOf<ContractIn<object>>().toEqualTypeOf<AnyContract>()
  })

  it('types the client', () => {
    expectTypeOf(useClient()).toEqualTypeOf<Client<C>>()
    // @ts-expect-error
    useClient().send('note', 'no number')
  })
})

describe('useMessage', () => {
  it('knows the data of a type', () => {
    useMessage('news', (data, message) => {
      expectTypeOf(data).toEqualTypeOf<number>()
      expectTypeOf(message).toEqualTypeOf<Message<'news', number>>()
    })
    useMessage('line', async (data) => void expectTypeOf(data).toEqualTypeOf<string>(), { room: 'a' })
  })

  it('refuses a misspelt type', () => {
    // @ts-expect-error
    useMessage('new', () => undefined)
    // @ts-expect-error it is a type to send
    useMessage('note', () => undefined)
  })
})

describe('useRequest', () => {
  it('knows what it takes and answers', () => {
    const double = useRequest('double', { timeoutMs: 100 })
    expectTypeOf(double.data).toEqualTypeOf<number | undefined>()
    expectTypeOf(double.run).toEqualTypeOf<(data: number) => Promise<number>>()
    expectTypeOf(double.error).toEqualTypeOf<Error | null>()
    // @ts-expect-error
    useRequest('treble')
  })
})

describe('useConnection', () => {
  it('gives what is selected, or all', () => {
    expectTypeOf(useConnection()).toEqualTypeOf<Snapshot>()
    expectTypeOf(useConnection(({ status }) => status)).toEqualTypeOf<Status>()
  })
})

describe('useRoom and usePresence', () => {
  it('give the room and its members', () => {
    expectTypeOf(useRoom('a', { from: 'start', presence: { name: 'Ada' } }).room).toEqualTypeOf<Room<C>>()
    expectTypeOf(usePresence('a').members).toEqualTypeOf<ReadonlyMap<string, Member>>()
    // @ts-expect-error
    useRoom('a', { from: 'yesterday' })
  })
})

describe('useConnect', () => {
  it('takes whether, and for how long', () => {
    useConnect()
    useConnect(false, { lingerMs: 0 })
    // @ts-expect-error
    useConnect(true, { linger: 0 })
  })
})

describe('SurewireProvider', () => {
  it('takes a client or options, not both', () => {
    SurewireProvider({ client, children: 'text' })
    SurewireProvider({ options: { url: 'ws://x' } })
    // @ts-expect-error
    SurewireProvider({ client, options: { url: 'ws://x' } })
    // @ts-expect-error
    SurewireProvider({})
    // @ts-expect-error
    SurewireProvider({ options: { uri: 'ws://x' } })
  })

  it('takes any client where no contract was registered', () => {
    expectTypeOf(client).toExtend<typeof anyClient>()
  })
})
