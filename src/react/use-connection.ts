/**
 * `useConnection`: how the connection is.
 *
 * Owns: what a connection looks like where there is none: on servers.
 */
import type { Snapshot } from '../client/types.js'
import { useClient } from './context.js'
import { useSelected } from './use-selected.js'

const ON_SERVER: Snapshot = {
  status: 'idle',
  attempt: 0,
  retryAt: null,
  queued: 0,
  inFlight: 0,
  session: null,
  error: null,
}

const whole = (snapshot: Snapshot): unknown => snapshot

/**
 * The client's snapshot, or the part of it that `select` picks. The component renders again only when that part
 * differs: `queued` and `inFlight` change with every message, so select what you show.
 *
 * @example
 * const status = useConnection((connection) => connection.status)
 * const { queued, error } = useConnection(({ queued, error }) => ({ queued, error }))
 */
export function useConnection(): Snapshot
export function useConnection<Part>(select: (snapshot: Snapshot) => Part): Part
export function useConnection(select: (snapshot: Snapshot) => unknown = whole): unknown {
  const client = useClient()
  return useSelected(client, () => client.snapshot, ON_SERVER, select)
}
