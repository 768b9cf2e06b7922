/**
 * What a benchmark needs of a library. A new peer is one file beside this one and one line in index.ts.
 *
 * Owns: the interface of adapters. Measures (../measures) know peers by it alone.
 */

/** What travels: about 100 B as JSON. */
export interface Payload {
  readonly index: number
  readonly text: string
}

export interface ServeOptions {
  /** 0: any free port. */
  readonly port: number
  /** Called once per message that the application's handler gets. */
  readonly handled: (payload: Payload) => void
}

/** The server half, in the server's process. */
export interface PeerServer {
  /** Where clients connect. */
  readonly url: string
  /** Pushes to every client that was opened with `receive`. */
  push(payload: Payload): void
  /** Pushes to room number `room` of those that clients joined with `joinRooms`. */
  readonly pushToRoom?: (room: number, payload: Payload) => void
  /** Cuts every connection without a word. */
  cut(): void
  /** Wall-clock time of the last connection in ms, 0 before the first. */
  lastConnectionAt(): number
}

export interface OpenOptions {
  /** Take part in what the server pushes. */
  readonly receive: boolean
  /** Have each message acknowledged. Peers for whom that is written by hand can also do without. */
  readonly acknowledge: boolean
  /** Most messages that will wait at once; for peers that bound their queue. */
  readonly queue: number
}

/** The client half, in the client's process. It may be used before it is connected if the peer `queues`. */
export interface PeerClient {
  /** Connected, and receiving if asked for. */
  ready(): Promise<void>
  /** `acknowledged` is called once the peer says that this message is with the server. */
  send(payload: Payload, acknowledged: () => void): void
  onPush(handler: (payload: Payload) => void): void
  /** Joins rooms 0 to `count - 1`, so that what they missed comes after a break. */
  joinRooms?(count: number): Promise<void>
  close(): Promise<void> | void
}

export interface Peer {
  readonly title: string
  /** What it promises, in a few words. */
  readonly promise: string
  /** Packages whose versions stand in the results. */
  readonly packages: readonly string[]
  /** Keeps messages while there is no connection. */
  readonly queues: boolean
  /** Share of the usual number of messages, for peers that would take minutes. */
  readonly pace: number
  serve(options: ServeOptions): Promise<PeerServer>
  open(url: string, options: OpenOptions): PeerClient
}
