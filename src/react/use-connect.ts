/**
 * `useConnect`: a connection for as long as somebody on the page needs one.
 *
 * Owns: when to connect and when to let go.
 */
import { useEffect } from 'react'
import type { Client } from '../client/types.js'
import { type AppClient, useClient } from './context.js'
import { leases } from './leases.js'

export interface ConnectOptions {
  /** How long the connection is kept after the last component let go of it, in ms; Infinity: for ever. @default 5_000 */
  readonly lingerMs?: number
}

/** Longer than going from one page to the next takes, shorter than a person stays on it. */
const DEFAULT_LINGER_MS = 5_000

const hold = leases<AppClient>()

/**
 * Connects the client while at least one mounted component asks for it, and disconnects some time after the last one
 * stopped asking. A connection that was there before the first asked is not let go of.
 *
 * @example
 * function TradingPage({ isOpen }) {
 *   useConnect(isOpen) // other pages have no connection
 *   …
 * }
 */
export function useConnect(enabled = true, { lingerMs = DEFAULT_LINGER_MS }: ConnectOptions = {}): void {
  const client = useClient()
  useEffect(
    () => (enabled ? hold(client, lingerMs, () => connect(client)) : undefined),
    [client, enabled, lingerMs],
  )
}

function connect(client: Pick<Client, 'snapshot' | 'connect' | 'disconnect'>): () => void {
  const { status } = client.snapshot
  if (status !== 'idle' && status !== 'closed') return () => undefined
  // How it went is in the snapshot and the lifecycle.
  void client.connect()
  return () => void client.disconnect()
}
