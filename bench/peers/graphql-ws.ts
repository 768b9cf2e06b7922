/** graphql-ws: a mutation for each message, its result is the acknowledgement; a subscription for what is pushed. */
import { WebSocket, WebSocketServer } from 'ws'
import { listen } from './listen.js'
import { load } from './packages.js'
import type { OpenOptions, Payload, Peer, PeerClient, PeerServer, ServeOptions } from './peer.js'

interface GraphqlServer {
  readonly useServer: (
    options: { onSubscribe: Prepare; execute: unknown },
    server: WebSocketServer,
  ) => unknown
}
/** Documents are parsed and validated once and kept, as its recipe for persisted queries has it. */
type Prepare = (context: unknown, id: string, operation: { query: string; variables?: object }) => object
interface Graphql {
  readonly buildSchema: (text: string) => unknown
  readonly parse: (text: string) => unknown
  execute: unknown
}
interface Sink {
  next(value: { data?: { push?: Payload } | null }): void
  error(error: unknown): void
  complete(): void
}
interface Client {
  on(event: 'connected', listener: () => void): void
  subscribe(operation: { query: string; variables?: object }, sink: Sink): () => void
  dispose(): void | Promise<void>
}
interface GraphqlClient {
  readonly createClient: (options: object) => Client
}

const SCHEMA = `
  type Query { nothing: Int }
  type Mutation { send(index: Int!, text: String!): Int }
  type Subscription { push: Payload }
  type Payload { index: Int!, text: String! }
`
const SEND = 'mutation S($index: Int!, $text: String!) { send(index: $index, text: $text) }'
const PUSH = 'subscription { push { index text } }'

/** What is pushed, for one subscriber. */
class Feed {
  #items: Payload[] = []
  #wake: (() => void) | null = null

  add(payload: Payload): void {
    this.#items.push(payload)
    this.#wake?.()
    this.#wake = null
  }

  async *read(ended: () => void): AsyncGenerator<{ push: Payload }> {
    try {
      for (;;) {
        const items = this.#items
        this.#items = []
        for (const push of items) yield { push }
        if (this.#items.length > 0) continue
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      ended()
    }
  }
}

async function serve({ port, handled }: ServeOptions): Promise<PeerServer> {
  const { buildSchema, parse, execute } = await load<Graphql>('graphql')
  const { useServer } = await load<GraphqlServer>('graphql-ws/use/ws')
  const { http, url, cut, lastConnectionAt } = await listen(port)
  const feeds = new Set<Feed>()
  const mutation = {
    send(payload: Payload) {
      handled(payload)
      return payload.index
    },
  }
  const subscription = {
    push() {
      const feed = new Feed()
      feeds.add(feed)
      return feed.read(() => feeds.delete(feed))
    },
  }
  const schema = buildSchema(SCHEMA)
  const prepared = new Map([
    [SEND, { schema, document: parse(SEND), rootValue: mutation }],
    [PUSH, { schema, document: parse(PUSH), rootValue: subscription }],
  ])
  const onSubscribe: Prepare = (_, __, { query, variables }) => ({
    ...prepared.get(query),
    variableValues: variables,
  })
  const server = new WebSocketServer({ server: http, perMessageDeflate: false })
  useServer({ onSubscribe, execute }, server)
  const push = (payload: Payload): void => feeds.forEach((feed) => feed.add(payload))
  return { url, push, cut, lastConnectionAt }
}

const { createClient } = await load<GraphqlClient>('graphql-ws')

/** Nothing tells a client that its subscription has begun. */
const SUBSCRIBED_MS = 100

const fail = (error: unknown): void => {
  throw error instanceof Error ? error : new Error(JSON.stringify(error))
}

function open(url: string, { receive }: OpenOptions): PeerClient {
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    lazy: false,
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    shouldRetry: () => true,
    onNonLazyError: () => undefined,
  })
  const connected = new Promise<void>((resolve) => client.on('connected', () => resolve()))
  let handler: (payload: Payload) => void = () => undefined
  return {
    async ready() {
      await connected
      if (!receive) return
      const next: Sink['next'] = ({ data }) => {
        if (data?.push != null) handler(data.push)
      }
      client.subscribe({ query: PUSH }, { next, error: fail, complete: () => undefined })
      await new Promise((resolve) => setTimeout(resolve, SUBSCRIBED_MS))
    },
    send(payload, acknowledged) {
      const operation = { query: SEND, variables: { ...payload } }
      client.subscribe(operation, { next: () => undefined, error: fail, complete: acknowledged })
    },
    onPush(next) {
      handler = next
    },
    close: () => client.dispose(),
  }
}

export const graphqlWs: Peer = {
  title: 'graphql-ws',
  promise: 'at least once up; nothing down',
  packages: ['graphql-ws', 'graphql', 'ws'],
  queues: true,
  pace: 0.2,
  serve,
  open,
}
