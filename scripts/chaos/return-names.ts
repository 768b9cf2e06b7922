/**
 * What the supervisor and the processes of a mass return agree upon.
 */

/** Members of a room. */
const MEMBERS = 100

export const roomOf = (client: number): string => `room-${Math.floor(client / MEMBERS)}`

export const roomsOf = (clients: number): string[] =>
  Array.from({ length: Math.ceil(clients / MEMBERS) }, (_, room) => roomOf(room * MEMBERS))

/** Arguments of a process of clients, as JSON. */
export interface ReturnClientsArguments {
  readonly url: string
  /** Number of its first client. */
  readonly first: number
  readonly count: number
  readonly journal: string
}

export interface ReturnStatus {
  /** Welcomed since the time asked for, and in their rooms. */
  readonly back: number
  readonly unsettled: number
  readonly news: number
  readonly lastOpenedAt: number
}

export interface Usage {
  readonly rss: number
  readonly cpuMs: number
}
