/**
 * A client that attacks a server: on a real socket, with anything that it likes.
 *
 * Owns: one connection, what comes back, and how it ended. Answers nothing, checks nothing.
 */
import { WebSocket } from 'ws'
import { type Encoded, MAX_DEPTH } from '../../src/protocol/codec.js'
import { FrameType, type Hello } from '../../src/protocol/frames.js'
import { json } from '../../src/serializers/json.js'
import { msgpack } from '../../src/serializers/msgpack.js'
import { until } from './ledger.js'
import { helloOf, producer, requests } from './raw-client.js'

export interface AttackEnd {
  readonly code: number
  /** Code of FAIL; `null`: none came. */
  readonly fail: unknown
}

export class Attacker {
  readonly socket: WebSocket
  readonly frames: unknown[][] = []
  /** Ids of its producers of messages and of requests. */
  readonly names: readonly [string, string]
  readonly #serializer
  #code: number | null = null

  constructor(url: string, name: string, codec: 'json' | 'msgpack' = 'json') {
    this.names = [`${name}, messages`, `${name}, requests`]
    this.#serializer = codec === 'json' ? json() : msgpack()
    this.socket = new WebSocket(url, [`surewire.1.${codec}`])
    this.socket.on('message', (data: Buffer, isBinary) => {
      const encoded = isBinary ? new Uint8Array(data) : data.toString()
      this.frames.push(...(this.#serializer.decode(encoded, MAX_DEPTH) as unknown[][]))
    })
    this.socket.on('close', (code) => (this.#code = code))
    // 'close' follows and says what there is to say.
    this.socket.on('error', () => undefined)
  }

  async open(): Promise<void> {
    await until('the socket is open', () => this.socket.readyState === WebSocket.OPEN, 5_000)
  }

  /** Opens, says HELLO with two producers, and waits for WELCOME. */
  async hello(hello: Partial<Hello> = {}): Promise<void> {
    await this.open()
    const producers = [producer(this.names[0]), requests(this.names[1])]
    this.send([FrameType.HELLO, helloOf({ producers, pingMs: 0, ...hello })])
    await this.find(FrameType.WELCOME)
  }

  send(...frames: readonly (readonly unknown[])[]): void {
    this.raw(this.#serializer.encode(frames))
  }

  raw(data: Encoded): void {
    this.socket.send(data)
  }

  /** The first frame of a type. */
  async find(type: FrameType): Promise<unknown[]> {
    const found = (): unknown[] | undefined => this.frames.find((frame) => frame[0] === type)
    await until(`frame ${type}`, () => found() !== undefined || this.#code !== null, 5_000)
    const frame = found()
    if (frame === undefined) throw new Error(`frame ${type} should come, but the end with ${this.#code} did`)
    return frame
  }

  async ended(): Promise<AttackEnd> {
    await until('the server ends the connection', () => this.#code !== null, 5_000)
    const fail = this.frames.find((frame) => frame[0] === FrameType.FAIL)
    return { code: this.#code ?? 0, fail: fail?.[1] ?? null }
  }
}
