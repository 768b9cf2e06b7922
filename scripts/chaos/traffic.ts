/**
 * What the clients and the server of a chaos run say to each other: names shared by both.
 */

/** Entries kept of a log: so few that a stop of some seconds overflows it. */
export const HISTORY_MESSAGES = 200

export const ROOMS = ['red', 'blue'] as const

/** Types that reach readers. `end` is the last entry of a log: nothing follows it. */
export const DELIVERED_TYPES = ['chat', 'fanned', 'news', 'end'] as const

/** Types of messages that the server handles. */
export type HandledType = 'plain' | 'fan' | 'slow' | 'fail'

/** What a message or request carries besides. */
export interface Keyed {
  readonly key: string
}

export const keyOf = (data: unknown): string => (data as Keyed).key

/** What a client's process says of itself. */
export interface ClientStatus {
  readonly waiting: number
  /** Messages in its file that are not settled. */
  readonly kept: number
  /** Logs whose `end` it has seen. */
  readonly ended: number
  readonly status: string
}

/** Arguments of a client's process, as JSON. */
export interface ClientArguments {
  readonly url: string
  readonly user: string
  readonly page: number
  readonly seed: string
  readonly journal: string
  /** File of its outbox; `null`: it keeps what it has not sent in memory. */
  readonly outbox: string | null
  readonly codec: 'json' | 'msgpack'
  readonly policy: 'resend' | 'reject'
  readonly maxMessages: number
}

/** Arguments of a server's process, as JSON. */
export interface ServerArguments {
  readonly port: number
  readonly seed: string
  readonly journal: string
  readonly users: readonly string[]
}
