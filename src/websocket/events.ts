/**
 * Events of a SurewireSocket.
 *
 * Owns: their types, and making them where the platform lacks a class (Node 20 has no CloseEvent).
 */
import type { Failure, Retry } from './machine.js'

/** A message that was given to `send()` and will never be sent. */
export interface DropEvent extends Event {
  /** What was given to `send()`; of what had waited, the bytes as they were then. */
  readonly data: unknown
  /**
   * `full`: beyond `maxBufferedMessages` or `maxBufferedBytes`. `closed`: the socket is closed, or was closed before.
   * `failed`: the platform's socket refused it; the `error` event before this one tells why.
   */
  readonly why: 'full' | 'closed' | 'failed'
}

/** The connection, or a dial, was lost, and another dial follows by itself. */
export interface RetryEvent extends Event, Retry {}

/**
 * The error event also says what is known; the standard's tells nothing. `error` is what was thrown, where something was:
 * by the platform's socket, or by a function of the application's.
 */
export interface SocketErrorEvent extends Event, Failure {}

export interface SurewireSocketEventMap extends WebSocketEventMap {
  drop: DropEvent
  retry: RetryEvent
}

/** An EventTarget whose listeners get the event of their type. */
export interface SocketEventTarget extends EventTarget {
  addEventListener<Type extends keyof SurewireSocketEventMap>(
    type: Type,
    listener: (this: this, event: SurewireSocketEventMap[Type]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void
  removeEventListener<Type extends keyof SurewireSocketEventMap>(
    type: Type,
    listener: (this: this, event: SurewireSocketEventMap[Type]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void
}

type EventClass = new (type: string, fields: object) => Event

/** An event with these fields: of the platform's own class, or a plain one where there is none. */
export function makeEvent(type: string, fields: object = {}): Event {
  const own = { message: 'MessageEvent', close: 'CloseEvent' }[type]
  const EventClass = (globalThis as { readonly [name: string]: unknown })[own as string] as
    | EventClass
    | undefined
  return EventClass === undefined ? Object.assign(new Event(type), fields) : new EventClass(type, fields)
}
