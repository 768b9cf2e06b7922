/**
 * Answers at once or later.
 *
 * Owns: telling one from the other. What was there at once must not become a promise: the path from frame to commit
 * makes none when neither store nor handler does.
 */
export function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
