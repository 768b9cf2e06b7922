/**
 * What several components want at the same time: it is begun by the first and ended some time after the last.
 *
 * Owns: counting them. Each share lasts until its own linger has passed, so that the longest decides. The wait is what
 * makes React's StrictMode, hot reload and moving from page to page cost nothing: they unmount, and mount again in the
 * same breath.
 * Does not own: what is begun (the hooks).
 */

interface Lease {
  readonly end: (() => void) | undefined
  shares: number
}

/** By what is wanted: a client (its connection), a room (being in it), a provider's options (their client). */
const leases = new WeakMap<object, Lease>()

const AT_ONCE = { current: 0 }

/**
 * Takes a share in `wanted`, which `begin` begins; it returns how to end, or nothing if there is nothing to. Returns how to give the share back, once:
 * `linger`, in ms, is looked at then; `null`: for ever.
 */
export function hold(
  wanted: object,
  begin: () => (() => void) | undefined,
  linger: { readonly current: number | null } = AT_ONCE,
): () => void {
  const lease = leases.get(wanted) ?? { end: begin(), shares: 0 }
  leases.set(wanted, lease)
  lease.shares++
  return () => {
    if (linger.current === null) return
    setTimeout(() => {
      if (--lease.shares > 0) return
      leases.delete(wanted)
      lease.end?.()
    }, linger.current)
  }
}
