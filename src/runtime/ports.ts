/**
 * Ports of the runtime: everything a machine needs from the world, as interfaces.
 *
 * Owns: Clock, Random, Transport, Signals, Logger. The testing kit and every platform implement them.
 */
import type { Encoded } from '../protocol/codec.js'
import type { StorageChange, StoredOutbox } from '../protocol/storage.js'

/** Time and turns. */
export interface Clock {
  /** Monotonic time in ms. */
  now(): number
  /** Wall-clock time in whole ms since 1970; travels as data only. */
  wall(): number
  /** Calls back once, at the earliest after `delayMs`; the returned function cancels. A waiting one keeps Node alive. */
  setTimer(callback: () => void, delayMs: number): () => void
  /** Calls back at the end of the current turn (a microtask). */
  endOfTurn(callback: () => void): void
}

/** Chance, injected so that a seed can replay it. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** A fresh unguessable id of at least 126 bits in characters safe in URLs. */
  id(): string
}

/** What a transport is asked to open. */
export interface DialTarget {
  url: string
  /** Subprotocols to offer, preferred first. */
  protocols: readonly string[]
}

/** How a transport reports. After `closed` or `failed` nothing follows. */
export interface LinkEvents {
  opened(protocol: string): void
  received(data: Encoded): void
  /** An opened link ended. */
  closed(code: number, reason: string): void
  /** The link never opened. */
  failed(error: Error): void
}

/** One open, or opening, connection. */
export interface Link {
  send(data: Encoded): void
  /** Starts closing. The caller has detached already and waits for nothing. */
  close(code: number, reason: string): void
  /** Bytes handed to `send` that the platform has not yet put on the wire. */
  readonly bufferedAmount: number
}

/** A way to reach a server. Must not throw from `open`: report through `failed`. */
export interface Transport {
  readonly name: string
  open(target: DialTarget, events: LinkEvents): Link
}

/** What the platform tells about the machine and the page. */
export type Signal =
  | 'online'
  | 'offline'
  | 'visible'
  | 'hidden'
  | 'resumed' /* page shown again from the back/forward cache or unfrozen */
  | 'clock-jump'

/** Source of signals; returns how to stop listening. */
export interface Signals {
  listen(callback: (signal: Signal) => void): () => void
}

/** Structured log. `fields` are plain data. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/**
 * Keeps outboxes beyond the page. `queue.storage` takes one; without it the outbox lives in memory.
 *
 * An outbox belongs to one page at a time: whoever opened it holds a lock on its producers until `close`.
 */
export interface StorageAdapter {
  readonly name: string
  /** Opens storage for one client. */
  open(): Promise<OutboxHandle>
}

/** One client's hold on a storage. */
export interface OutboxHandle {
  /** Outboxes of closed pages that nobody else holds; now locked by this handle. */
  readonly leftovers: readonly StoredOutbox[]
  /** Applies all changes or none. */
  apply(changes: readonly StorageChange[]): Promise<void>
  /** Lets go of an outbox without changing it, for whoever it belongs to. */
  release(producer: string): void
  /**
   * Outboxes that nobody holds by now; locked by this handle from now on. Asked after each WELCOME but the first that follows
   * the opening, and at that one if something was released before. @default what was released waits for the next page
   */
  claim?(): Promise<readonly StoredOutbox[]>
  /** Lets go of everything. */
  close(): Promise<void>
}
