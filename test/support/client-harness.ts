/**
 * A client on an in-memory network with a server driven by hand.
 *
 * Owns: the network, the clock, and the far ends of its connections.
 * Does not own: what a server says (fake-server-frames.ts).
 */
import { createClientIn } from '../../src/client/create-client.js'
import type { Client, ClientOptions } from '../../src/client/types.js'
import { MAX_DEPTH } from '../../src/protocol/codec.js'
import { type ClientFrame, FrameType, type Hello, type Welcome } from '../../src/protocol/frames.js'
import { parseClientFrame } from '../../src/protocol/parse.js'
import type { Signal } from '../../src/runtime/ports.js'
import { json } from '../../src/serializers/json.js'
import { manualClock } from '../../src/testing/manual-clock.js'
import { createTestNetwork } from '../../src/testing/network.js'
import type { TestPeer } from '../../src/testing/network-types.js'
import { seededRandom } from '../../src/testing/seeded-random.js'
import { state, welcomeOf } from './fake-server-frames.js'

export const URL_OF_SERVER = 'ws://server.test/ws'

const serializer = json()
let clients = 0

/** The server's end of one connection. */
export class FarEnd {
  readonly peer: TestPeer
  readonly frames: ClientFrame[] = []
  ended: { code: number; reason: string } | null = null
  /** What answers HELLO; `null`: nothing does. */
  welcome: ((hello: Hello) => Partial<Welcome>) | null = () => ({})

  constructor(peer: TestPeer) {
    this.peer = peer
  }

  send(...frames: readonly (readonly unknown[])[]): void {
    this.peer.send(serializer.batch(frames.map((frame) => serializer.encode(frame))))
  }

  received(data: string): void {
    for (const raw of serializer.decode(data, MAX_DEPTH) as unknown[]) {
      const frame = parseClientFrame(raw)
      if (frame === null) continue
      this.frames.push(frame)
      if (frame[0] === FrameType.HELLO && this.welcome !== null) {
        this.send([FrameType.WELCOME, { ...welcomeOf(frame[1]), ...this.welcome(frame[1]) }])
      }
    }
  }

  get hello(): Hello {
    const frame = this.frames.find((candidate) => candidate[0] === FrameType.HELLO)
    if (frame?.[0] !== FrameType.HELLO) throw new Error('HELLO did not come')
    return frame[1]
  }

  /** Frames of a type that came. */
  all(type: FrameType): ClientFrame[] {
    return this.frames.filter((frame) => frame[0] === type)
  }

  /** Answers every ATTACH: nothing is known of the producer. Returns their indices. */
  attachAll(): number[] {
    return this.frames.flatMap((frame) => {
      if (frame[0] !== FrameType.ATTACH) return []
      this.send([FrameType.ATTACHED, frame[1], state(frame[2].floor)])
      return [frame[1]]
    })
  }
}

export class ClientHarness {
  readonly network = createTestNetwork({ seed: 1, clock: manualClock() })
  readonly ends: FarEnd[] = []
  readonly signals = new Set<(signal: Signal) => void>()
  readonly client: Client
  /** Everything lifecycle told, as `[event, …arguments]`. */
  readonly events: unknown[][] = []
  /** How the next connections answer HELLO. */
  welcome: FarEnd['welcome'] = () => ({})

  constructor(options: Partial<ClientOptions> = {}) {
    this.network.listen(URL_OF_SERVER, (peer) => {
      const end = new FarEnd(peer)
      end.welcome = this.welcome
      this.ends.push(end)
      return {
        received: (data) => end.received(data as string),
        closed: (code, reason) => {
          end.ended = { code, reason }
        },
      }
    })
    this.client = createClientIn(
      { url: URL_OF_SERVER, transports: [this.network.transport()], ...options },
      {
        clock: this.network.clock,
        // Another for every client: ids must differ.
        random: seededRandom(++clients),
        signals: {
          listen: (callback) => {
            this.signals.add(callback)
            return () => this.signals.delete(callback)
          },
        },
      },
    )
    for (const event of ['status', 'open', 'close', 'settled', 'gap', 'error', 'warning'] as const) {
      this.client.lifecycle.on(event, (...told: unknown[]) => this.events.push([event, ...told]))
    }
  }

  /** Lets time pass, promises included. */
  pass(ms = 0): Promise<void> {
    return this.network.clock.advanceAsync(ms)
  }

  /** Connects and is welcomed. */
  async connect(): Promise<FarEnd> {
    void this.client.connect()
    await this.pass()
    return this.end
  }

  /** The newest connection, seen from the server. */
  get end(): FarEnd {
    const end = this.ends.at(-1)
    if (end === undefined) throw new Error('there was no connection')
    return end
  }

  /** First arguments of an event's occurrences. */
  told(event: string): unknown[] {
    return this.events.filter(([name]) => name === event).map(([, first]) => first)
  }

  signal(signal: Signal): void {
    for (const callback of [...this.signals]) callback(signal)
  }
}
