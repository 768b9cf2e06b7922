/**
 * SurewireSocket under clients of others, each with a server of its own kind, through ten cuts with work under way.
 *
 * What is judged: that they keep what their own protocols promise (every repetition is seen and accounted for), that
 * there is one connection per client and never a second, and that the libraries needed no word about their socket.
 */
import { createRequire } from 'node:module'
import { docs, setupWSConnection } from '@y/websocket-server/utils'
import { Aedes } from 'aedes'
import type * as graphql from 'graphql'
import { createClient } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { connect, type MqttClient } from 'mqtt'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createWebSocketStream } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import { Doc } from 'yjs'
import {
  type Cut,
  CUTS,
  eventually,
  type Served,
  serve,
  throughCuts,
  WatchedSocket,
  wayOf,
} from '../support/foreign-clients.js'

// The same copy as graphql-ws has: graphql refuses schemas of another.
const { buildSchema } = createRequire(import.meta.url)('graphql') as typeof graphql

const rounds = Array.from({ length: CUTS }, (_, round) => round)

describe('SurewireSocket under graphql-ws', () => {
  const schema = buildSchema(`
    type Event { subscription: Int!, said: Int! }
    type Query { answer(n: Int!): Int! }
    type Mutation { say(n: Int!): Int! }
    type Subscription { heard: Event! }
  `)

  /** Queries and mutations are answered once the gate is open; a subscription tells what was said last, then the rest. */
  function world(): {
    readonly roots: object
    readonly asked: number[]
    readonly said: number[]
    gate: (open: boolean) => void
  } {
    const asked: number[] = []
    const said: number[] = []
    const wake: (() => void)[] = []
    let opened: Promise<void> = Promise.resolve()
    let release: () => void = () => undefined
    let subscriptions = 0
    async function* heard(): AsyncGenerator<{ heard: { subscription: number; said: number } }> {
      const subscription = ++subscriptions
      for (let next = Math.max(0, said.length - 1); ; ) {
        if (next === said.length) await new Promise<void>((resolve) => wake.push(resolve))
        else yield { heard: { subscription, said: said[next++] as number } }
      }
    }
    const roots = {
      query: {
        answer: async ({ n }: { n: number }) => {
          asked.push(n)
          await opened
          return 2 * n
        },
      },
      mutation: {
        say: ({ n }: { n: number }) => {
          said.push(n)
          for (const resolve of wake.splice(0)) resolve()
          return n
        },
      },
      subscription: { heard },
    }
    const gate = (open: boolean): void => {
      if (open) release()
      else opened = new Promise((resolve) => (release = resolve))
    }
    return { roots, asked, said, gate }
  }

  it('answers each operation once that was open at a cut, and one subscription lives on', async () => {
    // The library's server tells of every socket that breaks under it.
    vi.spyOn(console, 'error').mockReturnValue()
    onTestFinished(() => void vi.restoreAllMocks())
    const { roots, asked, said, gate } = world()
    const { server, proxy, connections } = await serve(() => undefined)
    useServer({ schema, roots }, server)
    const client = createClient({
      url: proxy.url,
      webSocketImpl: WatchedSocket,
      retryAttempts: Infinity,
      retryWait: () => Promise.resolve(),
    })
    onTestFinished(() => client.dispose())
    const run = (query: string): unknown[] => {
      const answers: unknown[] = []
      client.subscribe(
        { query },
        {
          next: ({ data }) => answers.push(data),
          error: (error) => answers.push(error),
          complete: () => answers.push('end'),
        },
      )
      return answers
    }
    const events = run('subscription { heard { subscription said } }')
    await eventually(() => expect(server.clients.size).toBe(1))

    const arrive = (round: number): Promise<void> =>
      eventually(() => expect([asked.at(-1), said.at(-1)]).toEqual([round, round]))
    let queries: unknown[] = []
    let mutations: unknown[] = []
    await throughCuts(
      proxy,
      async ({ round, way }) => {
        gate(false)
        queries = run(`query { answer(n: ${round}) }`)
        mutations = run(`mutation { say(n: ${round}) }`)
        if (way === 'down') await arrive(round)
      },
      async ({ round }) => {
        expect(queries).toEqual([])
        gate(true)
        await eventually(() => expect(queries).toEqual([{ answer: 2 * round }, 'end']))
        await eventually(() => expect(mutations).toEqual([{ say: round }, 'end']))
        await eventually(() => expect(events.at(-1)).toMatchObject({ heard: { said: round } }))
        expect([server.clients.size, connections()]).toEqual([1, round + 2])
      },
    )

    // The library asks again whatever was not answered: what had arrived is done twice, and nothing else is.
    const asItArrived = rounds.flatMap((round) => (wayOf(round) === 'up' ? [round] : [round, round]))
    expect([asked, said]).toEqual([asItArrived, asItArrived])
    const told = (events as { heard: { subscription: number; said: number } }[]).map(({ heard }) => heard)
    for (let subscription = 1; subscription <= CUTS + 1; subscription++) {
      const values = told.filter((one) => one.subscription === subscription).map((one) => one.said)
      const from = said.indexOf(values[0] as number)
      expect([subscription, values]).toEqual([subscription, said.slice(from, from + values.length)])
    }
    expect(told.map(({ subscription }) => subscription)).toEqual(
      told.map(({ subscription }) => subscription).toSorted((a, b) => a - b),
    )
  })
})

describe('SurewireSocket under y-websocket', () => {
  it('keeps two documents one: every edit of both is there once, in the order of its author', async () => {
    const { server, proxy, connections } = await serve((socket, request) =>
      setupWSConnection(socket, request),
    )
    const url = proxy.url.replace(/\/ws$/, '')
    const open = (): Doc => {
      const doc = new Doc()
      const provider = new WebsocketProvider(url, 'room', doc, {
        WebSocketPolyfill: WatchedSocket,
        disableBc: true,
        maxBackoffTime: 20,
      })
      onTestFinished(() => provider.destroy())
      return doc
    }
    const authors = [open(), open()]
    const linesOf = (doc: Doc | undefined): unknown[] => doc?.getArray('lines').toArray() ?? []
    const write = (what: string): void =>
      authors.forEach((doc, author) => doc.getArray('lines').push([`${author} ${what}`]))
    await eventually(() => expect(server.clients.size).toBe(2))
    write('first')
    const written = ['first']
    const arrives = (line: string): Promise<void> =>
      eventually(() => expect(linesOf(docs.get('room'))).toContain(line))

    await throughCuts(
      proxy,
      async ({ round, way }) => {
        write(`before cut ${round}`)
        if (way === 'down') await arrives(`0 before cut ${round}`)
        written.push(`before cut ${round}`)
      },
      async ({ round }) => {
        write(`after cut ${round}`)
        written.push(`after cut ${round}`)
        await eventually(() => expect(linesOf(authors[0])).toHaveLength(2 * written.length))
        await eventually(() => expect(linesOf(authors[1])).toEqual(linesOf(authors[0])))
        await eventually(() => expect(server.clients.size).toBe(2))
        expect(connections()).toBe(2 * (round + 2))
      },
    )
    expect(linesOf(docs.get('room'))).toEqual(linesOf(authors[0]))
    for (const author of ['0', '1']) {
      const own = linesOf(authors[0]).filter((line) => String(line).startsWith(author))
      expect(own).toEqual(written.map((what) => `${author} ${what}`))
    }
  })
})

describe('SurewireSocket under mqtt, by its option createWebsocket', () => {
  /** A broker, and one client of it behind the proxy. The other end of what it says and hears is the broker itself. */
  async function world(): Promise<Served & { readonly broker: Aedes; readonly client: MqttClient }> {
    const broker = await Aedes.createBroker()
    onTestFinished(() => new Promise<void>((resolve) => broker.close(resolve)))
    const served = await serve((socket) => broker.handle(createWebSocketStream(socket)))
    const client = connect(served.proxy.url, {
      clientId: 'one',
      // The broker keeps the subscriptions of a client, and what it has not acknowledged.
      clean: false,
      reconnectPeriod: 10,
      // In Node the library would wrap its socket with a function of `ws` that takes those of `ws` alone.
      forceNativeWebSocket: true,
      createWebsocket: (url, protocols) => new WatchedSocket(url, protocols),
    })
    onTestFinished(() => client.endAsync(true))
    await eventually(() => expect(client.connected).toBe(true))
    return { ...served, broker, client }
  }

  async function isBack(
    { client, server, connections }: Awaited<ReturnType<typeof world>>,
    cut: Cut,
  ): Promise<void> {
    await eventually(() => expect(client.connected).toBe(true))
    expect([server.clients.size, connections()]).toEqual([1, cut.round + 2])
  }

  /** Publishes two messages into each cut; returns what the broker took, in order. */
  async function publishIntoCuts(qos: 1 | 2): Promise<string[]> {
    const all = await world()
    const { broker, client, proxy } = all
    const taken: string[] = []
    broker.on('publish', ({ topic, payload }) => {
      if (topic === 'numbers') taken.push(payload.toString())
    })
    // With QoS 2 the broker takes nothing before the second of four steps, which no cut lets through.
    const arrives = (bytesBefore: number, last: string): Promise<void> =>
      eventually(() =>
        expect(qos === 1 ? taken.at(-1) === last : proxy.stats.bytes.up > bytesBefore).toBe(true),
      )
    let published: Promise<unknown> = Promise.resolve()
    await throughCuts(
      proxy,
      async ({ round, way }) => {
        const bytesBefore = proxy.stats.bytes.up
        published = Promise.all(
          ['a', 'b'].map((name) => client.publishAsync('numbers', `${round}${name}`, { qos })),
        )
        if (way === 'down') await arrives(bytesBefore, `${round}b`)
      },
      async (cut) => {
        await published
        await isBack(all, cut)
      },
    )
    return taken
  }

  const once = (round: number): string[] => [`${round}a`, `${round}b`]
  const again = (round: number): string[] => [...once(round), ...once(round)]

  it('QoS 1, sent: all is taken in order, and only what had arrived without an answer is taken again', async () => {
    const expected = rounds.flatMap((round) => (wayOf(round) === 'up' ? once(round) : again(round)))
    expect(await publishIntoCuts(1)).toEqual(expected)
  })

  it('QoS 2, sent: all is taken once, in order', async () => {
    expect(await publishIntoCuts(2)).toEqual(rounds.flatMap(once))
  })

  it('QoS 1, received: all is heard in order, and only what was heard without an answer is heard again', async () => {
    const all = await world()
    const { broker, client, proxy } = all
    const heard: string[] = []
    client.on('message', (_topic, payload) => heard.push(payload.toString()))
    await client.subscribeAsync('numbers', { qos: 1 })
    const isHeard = (text: string): Promise<void> => eventually(() => expect(heard.at(-1)).toBe(text))
    let acknowledged = 0
    broker.on('ack', () => (acknowledged += 1))
    const expected: string[] = []
    await throughCuts(
      proxy,
      async ({ round, way }) => {
        for (const text of once(round))
          await new Promise<void>((resolve) =>
            broker.publish(
              { cmd: 'publish', topic: 'numbers', payload: text, qos: 1, retain: false, dup: false },
              () => resolve(),
            ),
          )
        expected.push(...(way === 'up' ? again(round) : once(round)))
        if (way === 'up') await isHeard(`${round}b`)
      },
      async (cut) => {
        await eventually(() => expect(heard).toEqual(expected))
        await eventually(() => expect(acknowledged).toBe(2 * (cut.round + 1)))
        await isBack(all, cut)
      },
    )
  })
})
