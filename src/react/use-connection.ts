/**
 * `useConnection`: how the connection is.
 */
import type { Snapshot } from '../client/types.js'
import { UNTOUCHED_CLIENT } from './outside.js'
import { useClient } from './context.js'
import { useSelected } from './use-selected.js'

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
export function useConnection(select?: (snapshot: Snapshot) => unknown): unknown {
  const client = useClient()
  return useSelected(client, () => client.snapshot, UNTOUCHED_CLIENT, select)
}
