/** What the client's process can ask of the server's, and the messages that carry it. */
import type { BookTotals } from './books.js'
import type { Usage } from './usage.js'

/** Durations in ms; each answer comes when the thing is done. */
export interface ServerCommands {
  /** Starts listening; `port` 0 for any. */
  start(options: { port: number }): Promise<{ url: string }>
  usage(options: { collect: boolean }): Promise<Usage>
  /** Totals once `distinct` different messages were handled, or `timeoutMs` have passed. */
  books(options: { distinct: number; timeoutMs: number }): Promise<BookTotals>
  /** Pushes `count` messages numbered from `from`, so many a turn; answers the wall-clock time of the first. */
  push(options: { from: number; count: number; perTurn: number }): Promise<{ at: number }>
  /** One to each of `rooms` rooms, `each` times. */
  pushToRooms(options: { rooms: number; each: number }): Promise<{ at: number }>
  /** Cuts every connection; with `rooms`, pushes to rooms in the same turn, so that clients miss it. */
  cut(options: { rooms: number; each: number }): Promise<{ at: number }>
  connectedAt(options: Record<string, never>): Promise<{ at: number }>
}

export type CommandName = keyof ServerCommands

export interface Ask {
  readonly id: number
  readonly command: CommandName
  readonly options: never
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string }
