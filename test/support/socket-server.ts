/** Our server on a real port, with a look at what it logs, and a `ws` client beside it that says HELLO. */
import { WebSocket } from 'ws'
import { MAX_DEPTH } from '../../src/protocol/codec.js'
import { FrameType, type Hello } from '../../src/protocol/frames.js'
import { json } from '../../src/serializers/json.js'
import { createServer, type Server, type ServerOptions } from '../../src/server/index.js'
import { until } from './ledger.js'
import { helloOf } from './raw-client.js'

export interface SocketServer {
  readonly server: Server
  readonly url: string
  readonly port: number
  /** Messages logged as errors. */
  readonly errors: string[]
}

export async function socketServer(options: ServerOptions = {}): Promise<SocketServer> {
  const errors: string[] = []
  const quiet = (): void => undefined
  const logger = {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: (message: string) => void errors.push(message),
  }
  const server = createServer({ authorize: () => true, logger, ...options })
  return { server, errors, ...(await server.listen(0)) }
}

/** A WebSocket of `ws` to a server of ours. */
export class PlainSocket {
  readonly socket: WebSocket
  readonly frames: unknown[][] = []
  code: number | null = null
  #opened = false

  constructor(
    url: string,
    protocol = 'surewire.1.json',
    options: ConstructorParameters<typeof WebSocket>[2] = {},
  ) {
    this.socket = new WebSocket(url, [protocol], options)
    this.socket.on('open', () => {
      this.#opened = true
    })
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) this.frames.push(...(json().decode(data.toString(), MAX_DEPTH) as unknown[][]))
    })
    this.socket.on('close', (code) => {
      this.code = code
    })
    // 'close' follows and says what there is to say.
    this.socket.on('error', () => undefined)
  }

  async open(): Promise<void> {
    await until('the socket is open', () => this.#opened, 5_000)
  }

  /** Opens and is welcomed. */
  async hello(hello: Partial<Hello> = {}): Promise<void> {
    await this.open()
    this.send([FrameType.HELLO, helloOf(hello)])
    await until('WELCOME', () => this.frames.some(([type]) => type === FrameType.WELCOME), 5_000)
  }

  send(...frames: readonly (readonly unknown[])[]): void {
    this.socket.send(JSON.stringify(frames))
  }

  async ended(): Promise<number> {
    await until('the socket is closed', () => this.code !== null, 5_000)
    return this.code ?? 0
  }
}
