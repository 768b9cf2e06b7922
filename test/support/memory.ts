/**
 * Our server and our clients in memory, on a manual clock; and a client driven by hand beside them.
 *
 * Owns: making them on one network.
 * Does not own: faults (testing/network.ts), nor waiting: the test advances the clock.
 */
import type { Client } from '../../src/client/types.js'
import { type Encoded, MAX_DEPTH, type Serializer } from '../../src/protocol/codec.js'
import { FrameType, type Hello, type ServerFrame, type Welcome } from '../../src/protocol/frames.js'
import { parseServerFrame } from '../../src/protocol/parse.js'
import type { Link } from '../../src/runtime/ports.js'
import { json } from '../../src/serializers/json.js'
import type { MaybePromise, Store } from '../../src/server/types.js'
import { createTestClient, type TestClientOptions } from '../../src/testing/client.js'
import { type ManualClock, manualClock } from '../../src/testing/manual-clock.js'
import { createTestNetwork } from '../../src/testing/network.js'
import type { LinkFaults, TestNetwork } from '../../src/testing/network-types.js'
import { createTestServer, type TestServer, type TestServerOptions } from '../../src/testing/server.js'
import { type FrameOf, helloOf } from './raw-client.js'

export interface Memory {
  readonly clock: ManualClock
  readonly network: TestNetwork<ManualClock>
  readonly server: TestServer
  /** Makes a client of this server; it does not connect by itself. */
  readonly client: (options?: Partial<TestClientOptions>) => Client
  /** Connects a client driven by hand. */
  readonly raw: (serializer?: Serializer) => RawEnd
  /** Lets time pass, promises included. */
  readonly pass: (ms?: number) => Promise<void>
}

export interface MemoryOptions extends Omit<TestServerOptions, 'network' | 'clock' | 'seed' | 'store'> {
  seed?: number
  faults?: Partial<LinkFaults>
  store?: (clock: ManualClock) => Store
}

/** A server in memory, with what belongs to it. */
export function inMemory({ seed = 1, faults = {}, store, ...options }: MemoryOptions = {}): Memory {
  const clock = manualClock()
  const network = createTestNetwork({ seed, clock, faults })
  const server = createTestServer({
    authorize: () => true,
    ...options,
    ...(store === undefined ? {} : { store: () => store(clock) }),
    network,
  })
  return {
    clock,
    network,
    server,
    client: (own = {}) => createTestClient({ network, url: server.url, ...own }),
    raw: (serializer = json()) => new RawEnd(network, server.url, serializer),
    pass: (ms = 0) => clock.advanceAsync(ms),
  }
}

/** The client's end of one connection, by hand. Nothing is checked on the way out. */
export class RawEnd {
  readonly frames: ServerFrame[] = []
  ended: { readonly code: number; readonly reason: string } | null = null
  readonly #network: TestNetwork<ManualClock>
  readonly #serializer: Serializer
  readonly #link: Link

  constructor(network: TestNetwork<ManualClock>, url: string, serializer: Serializer) {
    this.#network = network
    this.#serializer = serializer
    this.#link = network.transport().open(
      { url, protocols: [`surewire.1.${serializer.name}`] },
      {
        opened: () => undefined,
        received: (data) => this.#receive(data),
        closed: (code, reason) => {
          this.ended = { code, reason }
        },
        failed: (error) => {
          throw error
        },
      },
    )
    network.clock.advance(0)
  }

  /** Sends frames as one batch, and lets what they cause happen. */
  send(...frames: readonly (readonly unknown[])[]): void {
    this.sendRaw(this.#serializer.batch(frames.map((frame) => this.#serializer.encode(frame))))
  }

  sendRaw(data: Encoded): void {
    this.#link.send(data)
    this.#network.clock.advance(0)
  }

  /** Sends HELLO; returns WELCOME. */
  hello(hello: Partial<Hello> = {}): Welcome {
    this.send([FrameType.HELLO, helloOf(hello)])
    const [welcome] = this.all(FrameType.WELCOME)
    if (welcome === undefined) throw new Error(`no WELCOME; ended: ${JSON.stringify(this.ended)}`)
    return welcome[1]
  }

  /** Frames of a type that came. */
  all<Type extends FrameType>(type: Type): FrameOf<Type>[] {
    return this.frames.filter((frame): frame is FrameOf<Type> => frame[0] === type)
  }

  #receive(data: Encoded): void {
    for (const raw of this.#serializer.decode(data, MAX_DEPTH) as unknown[]) {
      const frame = parseServerFrame(raw)
      if (frame === null) continue
      if (frame[0] === FrameType.PING) this.send([FrameType.PONG, frame[1]])
      else this.frames.push(frame)
    }
  }
}

/** A store that does what it is asked at once and answers later: what it says may be old by then. */
export function answeringLate(store: Store, clock: ManualClock, delayMs: () => number): Store {
  const late = <T>(result: MaybePromise<T>): Promise<T> =>
    new Promise((resolve) => clock.setTimer(() => resolve(result), delayMs()))
  return {
    name: `${store.name}, answering late`,
    attachProducer: (request) => late(store.attachProducer(request)),
    commit: (commit) => late(store.commit(commit)),
    append: (append) => late(store.append(append)),
    logState: (log) => late(store.logState(log)),
    read: (log, after, limit) => late(store.read(log, after, limit)),
    attachSession: (request) => late(store.attachSession(request)),
    detachSession: (id, owner, ended) => store.detachSession(id, owner, ended),
    detachProducer: (id, owner) => store.detachProducer(id, owner),
    listen: (listener) => store.listen(listener),
    close: () => store.close(),
  }
}
