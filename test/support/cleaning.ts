/** What a test opened is closed after it, the last first. */
import { afterEach } from 'vitest'

/** Call it in a `describe`, or at the top of a file; returns how to say what is to be closed. */
export function cleaning(): (cleanup: () => unknown) => void {
  const cleanups: (() => unknown)[] = []
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
  })
  return (cleanup) => {
    cleanups.push(cleanup)
  }
}
