/**
 * Owns: everything that is said to people, in English, and the shape of a translation. One table for both kinds of
 * element, so that a page translates once. Numbers stand where no plural is needed.
 */
import type { Snapshot, Status } from '../client/types.js'

/** What `bindStatus` and `connectionToasts` say. */
export interface ConnectionTexts extends Readonly<Record<Status, string>> {
  /** Toast: there is no connection, be it lost or not made yet. */
  readonly lost: string
  /** Toast: the connection is back. */
  readonly restored: string
  /** Closed because of `error`: credentials refused, attempts used up, … It does not try again by itself. */
  readonly givenUp: (error: NonNullable<Snapshot['error']>) => string
  /** Whole seconds to the next attempt, from 1. */
  readonly retryIn: (seconds: number) => string
  /** Status: messages that wait to be sent, from 1. */
  readonly queued: (count: number) => string
  /** Toast: messages received just after the connection came back, from 1. */
  readonly caughtUp: (count: number) => string
  /** Toast: name of the button that closes it. */
  readonly dismiss: string
}

const english: ConnectionTexts = {
  idle: 'No connection',
  connecting: 'Connecting',
  connected: 'Connected',
  reconnecting: 'Reconnecting',
  closed: 'Closed',
  lost: 'No connection',
  restored: 'Reconnected',
  givenUp: ({ message }) => `Given up: ${message}`,
  retryIn: (seconds) => `retrying in ${seconds} s`,
  queued: (count) => `messages waiting: ${count}`,
  caughtUp: (count) => `new messages: ${count}`,
  dismiss: 'Close',
}

/** Options of every element. */
export interface ElementOptions {
  /** Those that you translate; the others stay English. */
  texts?: Partial<ConnectionTexts>
}

export const textsOf = ({ texts }: ElementOptions): ConnectionTexts => ({ ...english, ...texts })

/** What `key` says, unless the client has given up. */
export const words = (
  texts: ConnectionTexts,
  key: keyof ConnectionTexts,
  { status, error }: Snapshot,
): string => (status === 'closed' && error ? texts.givenUp(error) : (texts[key] as string))

/** As it follows another text; nothing without a positive number. */
export const also = (text: (count: number) => string, count: number): string =>
  count > 0 ? ` · ${text(count)}` : ''
