/**
 * What the test network looks like from outside.
 *
 * Owns: the types of network, link, peer, faults and trace. Behaviour: network.ts, link.ts, pipe.ts.
 */
import type { Encoded } from '../protocol/codec.js'
import type { Clock, Transport } from '../runtime/ports.js'
import type { SeededRandom } from './seeded-random.js'

/** `up`: client to server; `down`: server to client. */
export type Direction = 'up' | 'down'

/** A range to draw from, both ends included. */
export type Range = readonly [min: number, max: number]

/** What links suffer. Durations in ms; chances from 0 to 1, drawn for every message sent. */
export interface LinkFaults {
  /** One way. @default 0 */
  latencyMs: number
  /** Up to so much more, drawn for every message; order is kept. @default 0 */
  jitterMs: number
  /** Each direction. @default Infinity */
  bytesPerSecond: number
  /** The link is cut; some of what is under way still arrives; both ends learn, each at its own time. @default 0 */
  cutChance: number
  /** After a cut by chance an end learns of it within this range. @default [0, 0] */
  cutNoticeMs: Range
  /** One or both directions stall for a while. @default 0 */
  stallChance: number
  /** How long a stall by chance lasts. @default [1_000, 60_000] */
  stallMs: Range
  /** The message arrives twice, as no network but many a proxy's retry does. @default 0 */
  duplicateChance: number
  /** Dials end with an error. Drawn for every dial. @default 0 */
  refuseChance: number
  /** Dials are never answered. Drawn for every dial. @default 0 */
  hangChance: number
  /** The client's end goes on reporting after it was closed, as a socket that nobody detached. @default false */
  lateEvents: boolean
}

/** How a link is cut. */
export interface CutOptions {
  /** What under way still arrives: nothing, a prefix drawn from the seed, or so many messages each way. @default 'none' */
  deliver?: 'none' | 'some' | number
  /** When the client learns, in ms; `null`: never. @default 0 */
  clientAfterMs?: number | null
  /** When the server learns, in ms; `null`: never. @default 0 */
  serverAfterMs?: number | null
}

/** Messages and bytes that went one way. */
export interface Traffic {
  messages: number
  bytes: number
}

/** One connection, or attempt at one. */
export interface TestLink {
  /** 1, 2, 3… in the order of the dials. */
  readonly id: number
  readonly url: string
  /** `lost`: cut, though an end may not know it yet. */
  readonly state: 'dialing' | 'open' | 'closing' | 'lost' | 'closed'
  /** What was handed to the link, delivered or not. */
  readonly sent: Readonly<Record<Direction, Readonly<Traffic>>>
  /** Breaks the connection without a closing handshake; both ends end with 1006 once they learn. */
  cut(options?: CutOptions): void
  /** Nothing flows, nobody learns. What is sent waits, and flows after {@link heal}. */
  stall(direction?: Direction | 'both'): void
  /** Ends stalls of this link. What is lost stays lost. */
  heal(direction?: Direction | 'both'): void
  /** Gives this link faults of its own; those not named are the network's. */
  set(faults: Partial<LinkFaults>): void
  /** Puts a message on the link that the sender never sent. */
  inject(direction: Direction, data: Encoded): void
}

/** The server's end of a link, as a listener gets it: what a server engine accepts. */
export interface TestPeer {
  /** Negotiated subprotocol, `''` if there is none. */
  readonly protocol: string
  readonly request: TestRequest
  readonly link: TestLink
  readonly bufferedAmount: number
  send(data: Encoded): void
  close(code: number, reason: string): void
  /** The process behind this end dies: the connection breaks, and this end is told nothing more. */
  abandon(): void
}

/** What stands for the HTTP request of an upgrade. */
export interface TestRequest {
  readonly method: 'GET'
  /** Path and query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** What a listener does with its peer. */
export interface PeerHandlers {
  received(data: Encoded, bytes: number): void
  /** The last call: the link ended, whoever ended it. */
  closed(code: number, reason: string): void
}

export interface ListenOptions {
  /** Subprotocols it speaks; an offer of none of them is refused with 400. @default whatever is offered first */
  protocols?: readonly string[]
}

/** How dials of an address are refused. */
export interface RefuseOptions {
  /** Answer the upgrade with this HTTP status; without it the dial fails like a refused TCP connection. */
  status?: number
  /** What `Retry-After` says. */
  retryAfterMs?: number
}

/** Counters since the network was made. */
export interface NetworkStats {
  dials: number
  opened: number
  /** Dials that ended with an error. */
  failed: number
  cuts: number
  stalls: number
  duplicated: number
  /** Messages that were sent and will never arrive. */
  lost: number
  up: Traffic
  down: Traffic
}

/** Something that happened; the same seed and the same calls give the same trace. */
export interface TraceEvent {
  readonly at: number
  readonly link: number
  readonly what: 'dial' | 'open' | 'fail' | 'send' | 'arrive' | 'close' | 'cut' | 'learn' | 'stall' | 'heal'
  readonly direction?: Direction
  readonly data?: Encoded
  readonly detail?: string
}

/** An in-memory network with faults. Nothing in it takes time but by its clock. */
export interface TestNetwork<C extends Clock = Clock> {
  readonly clock: C
  readonly random: SeededRandom
  readonly stats: Readonly<NetworkStats>
  /** Serves dials of `url` (query ignored). Returns how to stop: later dials fail, open links stay. */
  listen(url: string, accept: (peer: TestPeer) => PeerHandlers, options?: ListenOptions): () => void
  /** A transport for `createClient({ transports: [network.transport()] })`. */
  transport(name?: string): Transport
  /** Links that are not closed, oldest first. */
  links(): readonly TestLink[]
  /** Changes the faults of all links that have none of their own, also of later ones. */
  set(faults: Partial<LinkFaults>): void
  /** Stalls every link, also later ones, so that dials hang too. */
  stall(direction?: Direction | 'both'): void
  /** Refuses dials of `url`, or of every address. */
  refuse(options?: RefuseOptions & { url?: string }): void
  /** Never answers dials of `url`, or of any address. */
  hang(url?: string): void
  /** Ends stalls, refusals, hangs and all chance; latency, jitter and bandwidth stay. */
  heal(): void
  /** Tells of everything that happens. Returns how to stop. */
  trace(listener: (event: TraceEvent) => void): () => void
}
