/**
 * `useConnect`: a connection for as long as somebody on the page needs one.
 *
 * Owns: when to connect and when to let go.
 */
import { lingerOf, useEffect, useInsertionEffect, useRef } from './outside.js'
import type { Client } from '../client/types.js'
import { useClient } from './context.js'
import { hold } from './leases.js'

export interface ConnectOptions {
  /**
   * How long this component still wants the connection after it let go of it, in ms; Infinity: for ever. Where several
   * let go, each counts from its own end: the connection lasts until the last of them is over. @default 5_000
   */
  readonly lingerMs?: number
}

/** Longer than going from one page to the next takes, shorter than a person stays on it. */
const DEFAULT_LINGER_MS = 5_000

/**
 * Connects the client while at least one mounted component asks for it, and disconnects some time after the last one
 * stopped asking. A connection that was there before the first asked is not let go of.
 *
 * Throws a ConfigError that names `lingerMs` if that is not a number of at least 0.
 *
 * @example
 * function TradingPage({ isOpen }) {
 *   useConnect(isOpen) // other pages have no connection
 *   …
 * }
 */
export function useConnect(enabled = true, { lingerMs = DEFAULT_LINGER_MS }: ConnectOptions = {}): void {
  const client = useClient()
  const lingers = lingerOf(lingerMs)
  const linger = useRef(lingers)
  // Before cleanups, which go by it: those of all other effects come before any of the new ones.
  useInsertionEffect(() => {
    linger.current = lingers
  })
  useEffect(
    () => (enabled ? hold(client, () => connect(client), linger) : undefined),
    [client, enabled, linger],
  )
}

function connect(client: Pick<Client, 'snapshot' | 'connect' | 'disconnect'>): (() => void) | undefined {
  const { status } = client.snapshot
  if (status !== 'idle' && status !== 'closed') return undefined
  // How it went is in the snapshot and the lifecycle.
  void client.connect()
  return () => void client.disconnect()
}
