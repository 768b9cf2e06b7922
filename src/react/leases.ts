/**
 * What several components want at the same time: it is begun by the first and ended some time after the last.
 *
 * Owns: counting them, and the wait before the end. The wait is what makes React's StrictMode, hot reload and moving
 * from page to page cost nothing: they unmount, and mount again in the same breath.
 * Does not own: what is begun (the hooks).
 */

/** Begins; returns how to end. */
export type Begin = () => () => void

/** Takes a share in `key`; returns how to give it back, once. */
export type Hold<Key extends object> = (key: Key, lingerMs: number, begin: Begin) => () => void

interface Lease {
  readonly end: () => void
  users: number
  timer?: ReturnType<typeof setTimeout>
}

/** Longer timers fire at once (HTML: timers are 32-bit integers). */
const LONGEST_TIMER_MS = 2_147_483_647

export function leases<Key extends object>(): Hold<Key> {
  const held = new WeakMap<Key, Lease>()
  return (key, lingerMs, begin) => {
    const lease = held.get(key) ?? { end: begin(), users: 0 }
    held.set(key, lease)
    clearTimeout(lease.timer)
    lease.users++
    return () => {
      if (--lease.users > 0 || lingerMs > LONGEST_TIMER_MS) return
      lease.timer = setTimeout(() => {
        held.delete(key)
        lease.end()
      }, lingerMs)
    }
  }
}
