/**
 * SurewireSocket under clients of others, each with a server of its own kind, through ten cuts.
 *
 * What is judged: that they work on, that nothing is left behind (one connection per client, never a second), and that
 * the libraries needed no word about the socket they were given.
 */
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { setupWSConnection } from '@y/websocket-server/utils'
import { Aedes } from 'aedes'
import type * as graphql from 'graphql'
import { createClient } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { type IClientOptions, MqttClient } from 'mqtt'
import { browserStreamBuilder } from 'mqtt/lib/connect/ws'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createWebSocketStream, type WebSocket as NodeSocket, WebSocketServer } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import { Doc } from 'yjs'
import { SurewireSocket } from '../../src/websocket/index.js'
import { createFaultProxy, type FaultProxy } from '../../tools/fault-proxy.js'

// The same copy as graphql-ws has: graphql refuses schemas of another.
const { buildSchema } = createRequire(import.meta.url)('graphql') as typeof graphql

const CUTS = 10
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 5 })

/** A server of `ws` that chooses the first subprotocol offered, behind a proxy that cuts. */
async function serve(
  onSocket: (socket: NodeSocket, request: Parameters<typeof setupWSConnection>[1]) => void,
): Promise<{ server: WebSocketServer; proxy: FaultProxy }> {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: ([first = ''], _request) => first,
  })
  server.on('connection', onSocket)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const proxy = await createFaultProxy({ target: { port }, seed: 6 })
  onTestFinished(async () => {
    await proxy.close()
    for (const client of server.clients) client.terminate()
    server.close()
  })
  return { server, proxy }
}

/** Does `work` before each cut and once after the last. At every third cut nobody listens for a moment. */
async function throughCuts(proxy: FaultProxy, work: (round: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < CUTS; round++) {
    await work(round)
    if (round % 3 === 2) await proxy.refuse(true)
    expect(proxy.reset()).toBeGreaterThan(0)
    if (round % 3 === 2) await new Promise((resolve) => setTimeout(resolve, 60))
    await proxy.refuse(false)
  }
  await work(CUTS)
}

const rounds = Array.from({ length: CUTS + 1 }, (_, round) => round)

describe('SurewireSocket', () => {
  it('carries graphql-ws through ten cuts: queries, and one subscription that lives on', async () => {
    let heard = -1
    let wake: () => void = () => undefined
    async function* changes(): AsyncGenerator<{ heard: number }> {
      for (let told = -2; ; ) {
        if (told === heard) await new Promise<void>((resolve) => (wake = resolve))
        told = heard
        yield { heard }
      }
    }
    const schema = buildSchema(
      'type Query { double(n: Int!): Int! } type Mutation { say(n: Int!): Int! } type Subscription { heard: Int! }',
    )
    const roots = {
      query: { double: ({ n }: { n: number }) => 2 * n },
      mutation: {
        say: ({ n }: { n: number }) => {
          heard = n
          wake()
          return n
        },
      },
      subscription: { heard: changes },
    }
    const { server, proxy } = await serve(() => undefined)
    useServer({ schema, roots }, server)
    let sockets = 0
    const client = createClient({
      url: proxy.url,
      webSocketImpl: SurewireSocket.with({ minReconnectionDelay: 10, maxReconnectionDelay: 20 }),
      retryAttempts: Infinity,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 5)),
      on: { connected: () => sockets++ },
    })
    onTestFinished(() => client.dispose())
    const told: unknown[] = []
    client.subscribe(
      { query: 'subscription { heard }' },
      {
        next: ({ data }) => told.push(data?.['heard']),
        error: (error) => told.push(error),
        complete: () => undefined,
      },
    )

    await throughCuts(proxy, async (round) => {
      const answers: unknown[] = []
      const query = `query { double(n: ${round}) }`
      for await (const { data } of client.iterate({ query })) answers.push(data?.['double'])
      expect(answers).toEqual([2 * round])
      for await (const { data } of client.iterate({ query: `mutation { say(n: ${round}) }` }))
        expect(data).toEqual({ say: round })
      await eventually(() => expect(told.at(-1)).toBe(round))
      await eventually(() => expect(server.clients.size).toBe(1))
    })
    expect(sockets).toBe(CUTS + 1)
    expect(new Set(told.filter((value) => value !== -1))).toEqual(new Set(rounds))
  })

  it('carries y-websocket through ten cuts: two documents stay one', async () => {
    const { server, proxy } = await serve((socket, request) => setupWSConnection(socket, request))
    const url = proxy.url.replace(/\/ws$/, '')
    const open = (): Doc => {
      const doc = new Doc()
      const provider = new WebsocketProvider(url, 'room', doc, {
        WebSocketPolyfill: SurewireSocket,
        disableBc: true,
        maxBackoffTime: 20,
      })
      onTestFinished(() => provider.destroy())
      return doc
    }
    const [one, other] = [open(), open()]

    await throughCuts(proxy, async (round) => {
      one.getArray('numbers').push([round])
      await eventually(() => expect(other.getArray('numbers').length).toBe(2 * round + 1))
      other.getArray('numbers').push([round])
      await eventually(() => expect(one.getArray('numbers').length).toBe(2 * round + 2))
      await eventually(() => expect(server.clients.size).toBe(2))
    })
    expect(one.getArray('numbers').toArray()).toEqual(rounds.flatMap((round) => [round, round]))
    expect(other.getArray('numbers').toArray()).toEqual(one.getArray('numbers').toArray())
  })

  it('carries mqtt in its browser form through ten cuts: what is published is heard', async () => {
    const broker = await Aedes.createBroker()
    onTestFinished(() => new Promise<void>((resolve) => broker.close(resolve)))
    const { server, proxy } = await serve((socket) => broker.handle(createWebSocketStream(socket)))
    const options: IClientOptions = {
      protocol: 'ws',
      hostname: '127.0.0.1',
      port: proxy.port,
      path: '/ws',
      clientId: 'one',
      // The broker keeps the subscription, so that nothing published between two connections is missed.
      clean: false,
      reconnectPeriod: 10,
      createWebsocket: (url, protocols) => new SurewireSocket(url, protocols),
    }
    const client = new MqttClient((self) => browserStreamBuilder(self, options), options)
    onTestFinished(() => client.endAsync(true))
    const heard: string[] = []
    client.on('message', (_topic, payload) => heard.push(payload.toString()))
    await client.subscribeAsync('numbers', { qos: 1 })

    await throughCuts(proxy, async (round) => {
      await client.publishAsync('numbers', String(round), { qos: 1 })
      await eventually(() => expect(heard).toContain(String(round)))
      await eventually(() => expect(server.clients.size).toBe(1))
    })
    expect(new Set(heard)).toEqual(new Set(rounds.map(String)))
  })
})
