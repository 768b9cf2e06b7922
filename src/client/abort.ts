/**
 * AbortSignals.
 *
 * Owns: listening to one, and the error of what was aborted.
 */
import { SurewireError } from '../protocol/errors.js'

/** Calls back when `signal` is aborted; returns how to stop listening. One that was aborted before never calls. */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  signal?.addEventListener('abort', callback, { once: true })
  return () => signal?.removeEventListener('abort', callback)
}

export function abortError(signal: AbortSignal | undefined): SurewireError {
  return new SurewireError('the operation was aborted', { code: 'aborted', cause: signal?.reason })
}
