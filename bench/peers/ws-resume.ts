/**
 * What a careful team writes by hand over `ws`: numbers, one cumulative acknowledgement a turn, resume both ways.
 *
 * Owns: both halves; it is the reference for what exactly-once bookkeeping as such costs. One log down, no rooms.
 */
import { WebSocket, WebSocketServer } from 'ws'
import { listen } from './listen.js'
import type { Payload, Peer, PeerClient, PeerServer, ServeOptions } from './peer.js'

type Up =
  | { readonly hello: string; readonly got: number }
  | { readonly seq: number; readonly data: Payload }
  | { readonly got: number }
type Down =
  | { readonly welcome: number }
  | { readonly ack: number }
  | { readonly n: number; readonly push: Payload }

const RETRY_MS = 50

/** What the server remembers of a client, across its connections. */
interface Session {
  last: number
  ackDue: boolean
}

async function serve({ port, handled }: ServeOptions): Promise<PeerServer> {
  const { http, url, cut, lastConnectionAt } = await listen(port)
  const server = new WebSocketServer({ server: http, perMessageDeflate: false })
  const sessions = new Map<string, Session>()
  const live = new Set<WebSocket>()
  const log: Payload[] = []

  const hello = (socket: WebSocket, id: string, got: number): Session => {
    const session = sessions.get(id) ?? { last: -1, ackDue: false }
    sessions.set(id, session)
    socket.send(JSON.stringify({ welcome: session.last }))
    for (let n = got; n < log.length; n++) socket.send(JSON.stringify({ n, push: log[n] }))
    live.add(socket)
    return session
  }
  const take = (socket: WebSocket, session: Session, seq: number, data: Payload): void => {
    if (seq > session.last) {
      session.last = seq
      handled(data)
    }
    if (session.ackDue) return
    session.ackDue = true
    queueMicrotask(() => {
      session.ackDue = false
      socket.send(JSON.stringify({ ack: session.last }))
    })
  }
  server.on('connection', (socket) => {
    let session: Session | null = null
    socket.on('error', () => undefined)
    socket.on('close', () => live.delete(socket))
    socket.on('message', (text: Buffer) => {
      const message = JSON.parse(text.toString()) as Up
      if ('hello' in message) session = hello(socket, message.hello, message.got)
      else if ('seq' in message && session !== null) take(socket, session, message.seq, message.data)
    })
  })
  const push = (payload: Payload): void => {
    const n = log.push(payload) - 1
    const prepared = Buffer.from(JSON.stringify({ n, push: payload }))
    for (const socket of live) socket.send(prepared, { binary: false })
  }
  // It has no rooms: what rooms get comes down its one log.
  return { url, push, pushToRoom: (_, payload) => push(payload), cut, lastConnectionAt }
}

interface Waiting {
  readonly seq: number
  readonly data: Payload
  readonly acknowledged: () => void
}

class ResumingClient implements PeerClient {
  readonly #url: string
  readonly #id = crypto.randomUUID()
  #socket: WebSocket | null = null
  #live = false
  #closed = false
  #outbox: Waiting[] = []
  #head = 0
  #nextSeq = 0
  #got = 0
  #gotDue = false
  #handler: (payload: Payload) => void = () => undefined
  #onLive: (() => void)[] = []

  constructor(url: string) {
    this.#url = url
    this.#dial()
  }

  ready(): Promise<void> {
    return this.#live ? Promise.resolve() : new Promise((resolve) => this.#onLive.push(resolve))
  }

  send(data: Payload, acknowledged: () => void): void {
    const waiting = { seq: this.#nextSeq++, data, acknowledged }
    this.#outbox.push(waiting)
    if (this.#live) this.#write(waiting)
  }

  async joinRooms(): Promise<void> {
    // There is one log, and this client reads it.
  }

  onPush(handler: (payload: Payload) => void): void {
    this.#handler = handler
  }

  close(): void {
    this.#closed = true
    this.#socket?.terminate()
  }

  #dial(): void {
    const socket = new WebSocket(this.#url, { perMessageDeflate: false })
    this.#socket = socket
    socket.on('open', () => socket.send(JSON.stringify({ hello: this.#id, got: this.#got })))
    socket.on('message', (text: Buffer) => this.#received(JSON.parse(text.toString()) as Down))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#live = false
      if (!this.#closed) setTimeout(() => this.#dial(), RETRY_MS)
    })
  }

  #received(message: Down): void {
    if ('ack' in message) this.#acknowledge(message.ack)
    else if ('welcome' in message) this.#welcome(message.welcome)
    else if (message.n === this.#got) this.#pushed(message.push)
  }

  #welcome(last: number): void {
    this.#acknowledge(last)
    this.#live = true
    for (let at = this.#head; at < this.#outbox.length; at++) {
      const waiting = this.#outbox[at]
      if (waiting !== undefined) this.#write(waiting)
    }
    for (const resolve of this.#onLive.splice(0)) resolve()
  }

  #acknowledge(seq: number): void {
    for (
      let next = this.#outbox[this.#head];
      next !== undefined && next.seq <= seq;
      next = this.#outbox[this.#head]
    ) {
      this.#head++
      next.acknowledged()
    }
    if (this.#head < 1_024 || this.#head < this.#outbox.length / 2) return
    this.#outbox = this.#outbox.slice(this.#head)
    this.#head = 0
  }

  #pushed(payload: Payload): void {
    this.#got++
    this.#handler(payload)
    if (this.#gotDue) return
    this.#gotDue = true
    queueMicrotask(() => {
      this.#gotDue = false
      this.#socket?.send(JSON.stringify({ got: this.#got }))
    })
  }

  #write({ seq, data }: Waiting): void {
    this.#socket?.send(JSON.stringify({ seq, data }))
  }
}

export const wsResume: Peer = {
  title: 'ws, resume by hand',
  promise: 'exactly once, in order, while the server lives',
  packages: ['ws'],
  queues: true,
  pace: 1,
  serve,
  open: (url) => new ResumingClient(url),
}
