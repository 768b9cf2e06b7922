/**
 * Our server with the fixtures of docs/PROTOCOL.md, section 13: what the conformance kit asks of a server under test.
 */
import { json } from '../src/serializers/json.js'
import { msgpack } from '../src/serializers/msgpack.js'
import {
  AuthError,
  type Context,
  createServer,
  type Server,
  type ServerOptions,
} from '../src/server/index.js'

interface Told {
  readonly room: string
  readonly type: string
  readonly data: unknown
  readonly except?: string
}

/**
 * Starts on a free port.
 *
 * @param limits others than those that the document names
 */
export async function startConformanceServer(
  limits: ServerOptions['limits'] = {},
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer({
    host: '127.0.0.1',
    serializers: [json(), msgpack()],
    authenticate: ({ auth }) => authenticate(auth),
    authorize: ({ room }) => room?.startsWith('forbidden') !== true,
    heartbeat: { timeoutMs: 1_000 },
    limits: {
      helloMs: 1_000,
      handlerMs: 1_000,
      sessionMs: 2_000,
      presenceGraceMs: 500,
      maxRequests: 16,
      maxRooms: 64,
      historyMessages: 64,
      ...limits,
    },
  })
  const fixtures = new Fixtures(server)
  fixtures.addMessages()
  fixtures.addRequests()
  const { url } = await server.listen()
  return { url, close: () => server.close({ drainMs: 0 }) }
}

function authenticate(auth: unknown): { id: string } {
  if (auth === 'refuse') throw new AuthError('these credentials are refused')
  if (auth === 'unavailable' || typeof auth !== 'string') throw new Error('credentials cannot be checked')
  return { id: auth }
}

class Fixtures {
  readonly #server: Server
  readonly #notes = new Map<string, (readonly [id: string, redelivered: boolean])[]>()
  readonly #released = new Set<string>()
  readonly #held = new Map<string, Set<() => void>>()

  constructor(server: Server) {
    this.#server = server
  }

  addMessages(): void {
    this.#on<{ key: string }>('kit.note', ({ key }, ctx) => this.#note(key, ctx))
    this.#on<{ key: string }>('kit.refuse', ({ key }, ctx) => {
      this.#note(key, ctx)
      throw new Error('a secret of the server')
    })
    this.#on<Told>('kit.tell', (told, ctx) => tell(told, ctx))
    this.#on<Told>('kit.tell-and-refuse', (told, ctx) => {
      tell(told, ctx)
      throw new Error('a secret of the server')
    })
    this.#on<{ room: string; count: number; size?: number }>('kit.fill', ({ room, count, size = 0 }, ctx) => {
      for (let n = 1; n <= count; n++) ctx.toRoom(room).send('filled', [n, 'x'.repeat(size)])
    })
    this.#on<Told & { user: string }>('kit.tell-user', ({ user, type, data }, ctx) =>
      ctx.toUser(user).send(type, data),
    )
    this.#on<Told & { session: string }>('kit.tell-session', ({ session, type, data }, ctx) =>
      ctx.toSession(session).send(type, data),
    )
    this.#on<Told>('kit.tell-all', ({ type, data }) => void this.#server.toAll().send(type, data))
    this.#on<{ key: string }>('kit.hold', ({ key }, ctx) => this.#hold(key, ctx))
    this.#on<{ key: string }>('kit.release', ({ key }) => this.#release(key))
    this.#on<{ session: string }>('kit.kick', ({ session }) => this.#server.kick(session, 'asked for'))
  }

  addRequests(): void {
    const onRequest: Server['onRequest'] = (type, handler) => this.#server.onRequest(type, handler)
    onRequest('kit.echo', (data) => data)
    onRequest('kit.fail', () => {
      throw new Error('a secret of the server')
    })
    onRequest('kit.hold', async (data, ctx) => {
      const { key } = data as { key: string }
      await this.#hold(key, ctx)
      return key
    })
    onRequest('kit.noted', (data) => [...(this.#notes.get((data as { key: string }).key) ?? [])])
    onRequest('kit.post', (data, ctx) => {
      const { fail, ...told } = data as Told & { fail: boolean }
      tell(told, ctx)
      if (fail) throw new Error('a secret of the server')
      return 'posted'
    })
  }

  #on<Data>(type: string, handler: (data: Data, ctx: Context) => void | Promise<void>): void {
    this.#server.on(type, (data, ctx) => handler(data as Data, ctx))
  }

  #note(key: string, { id, redelivered }: Context): void {
    this.#notes.set(key, [...(this.#notes.get(key) ?? []), [id, redelivered]])
  }

  #hold(key: string, ctx: Context): Promise<void> {
    this.#note(key, ctx)
    return new Promise((resolve) => {
      if (this.#released.has(key)) return resolve()
      const waiting = this.#held.get(key) ?? new Set()
      this.#held.set(key, waiting.add(resolve))
      ctx.signal.addEventListener('abort', () => {
        waiting.delete(resolve)
        resolve()
      })
    })
  }

  #release(key: string): void {
    this.#released.add(key)
    for (const end of this.#held.get(key) ?? []) end()
    this.#held.delete(key)
  }
}

function tell({ room, type, data, except }: Told, ctx: Context): void {
  ctx.toRoom(room).send(type, data, except === undefined ? {} : { except })
}
