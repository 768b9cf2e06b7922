/**
 * Looking at promises without awaiting them.
 *
 * Owns: how one ended, once it has.
 */

/** How a promise ended, once it has. */
export function watch<T>(promise: PromiseLike<T>): { outcome: unknown } {
  const watched: { outcome: unknown } = { outcome: 'pending' }
  promise.then(
    (value) => {
      watched.outcome = value === undefined ? 'resolved' : value
    },
    (error: unknown) => {
      watched.outcome = error
    },
  )
  return watched
}
