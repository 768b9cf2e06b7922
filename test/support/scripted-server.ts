/**
 * A server on a real socket that misbehaves as it is told to, for tests of the client.
 *
 * Owns: answering HELLO as a server would, and handing the socket to the test then.
 * Does not own: what a server says (fake-server-frames.ts).
 */
import type { AddressInfo } from 'node:net'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { MAX_DEPTH } from '../../src/protocol/codec.js'
import { type ClientFrame, FrameType, type Hello } from '../../src/protocol/frames.js'
import { parseClientFrame } from '../../src/protocol/parse.js'
import { json } from '../../src/serializers/json.js'
import { welcomeOf } from './fake-server-frames.js'

const serializer = json()

/** One connection. */
export class ScriptedPeer {
  readonly frames: ClientFrame[] = []
  /** Code of the close frame that the client sent. */
  closed: number | null = null
  hello: Hello | null = null

  constructor(
    readonly socket: WebSocket,
    /** 1, 2, 3… */
    readonly dial: number,
  ) {}

  send(...frames: readonly (readonly unknown[])[]): void {
    this.socket.send(serializer.batch(frames.map((frame) => serializer.encode(frame))))
  }

  /** Accepts everything that came in producer 0. */
  acceptAll(): void {
    const last = Math.max(0, ...this.frames.map((frame) => (frame[0] === FrameType.SEND ? frame[1] : 0)))
    if (last > 0) this.send([FrameType.ACCEPTED, 0, last])
  }
}

export interface ScriptedServer {
  readonly url: string
  readonly peers: readonly ScriptedPeer[]
  close(): Promise<void>
}

export interface Script {
  /** What WELCOME says; by default what agrees to HELLO. */
  welcome?(hello: Hello): unknown
  /** WELCOME was said. */
  welcomed?(peer: ScriptedPeer): void
  /** A message of the client came, HELLO apart. */
  received?(peer: ScriptedPeer, frames: readonly ClientFrame[], bytes: number): void
  /** Options of `ws`. */
  options?: ServerOptions
}

/** Listens on a free port. */
export async function scriptedServer(script: Script): Promise<ScriptedServer> {
  const peers: ScriptedPeer[] = []
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...script.options })
  server.on('connection', (socket) => {
    const peer = new ScriptedPeer(socket, peers.length + 1)
    peers.push(peer)
    socket.on('message', (data: Buffer) => take(peer, script, data))
    socket.on('close', (code) => {
      peer.closed = code
    })
    // 'close' follows and says what there is to say.
    socket.on('error', () => undefined)
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `ws://127.0.0.1:${port}/ws`, peers, close: () => stop(server) }
}

function take(peer: ScriptedPeer, script: Script, data: Buffer): void {
  const frames: ClientFrame[] = []
  for (const raw of serializer.decode(data.toString(), MAX_DEPTH) as unknown[]) {
    const frame = parseClientFrame(raw)
    if (frame !== null) frames.push(frame)
  }
  peer.frames.push(...frames)
  const [first] = frames
  if (first?.[0] !== FrameType.HELLO) return script.received?.(peer, frames, data.byteLength)
  peer.hello = first[1]
  const hello = first[1]
  peer.send([FrameType.WELCOME, script.welcome === undefined ? welcomeOf(hello) : script.welcome(hello)])
  script.welcomed?.(peer)
}

function stop(server: WebSocketServer): Promise<void> {
  for (const socket of server.clients) socket.terminate()
  return new Promise((resolve) => server.close(() => resolve()))
}
