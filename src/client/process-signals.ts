/**
 * Closing on the signals that end a process (Node).
 *
 * Owns: listening, and giving the signal its usual effect once the client is closed.
 */
interface ProcessLike {
  readonly pid: number
  on(signal: string, listener: () => void): unknown
  off(signal: string, listener: () => void): unknown
  listenerCount(signal: string): number
  kill(pid: number, signal: string): unknown
}

const DEFAULT_SIGNALS = ['SIGTERM', 'SIGINT']

/** Calls `close` on each of the signals; returns how to stop listening. Does nothing where there is no process. */
export function closeOnSignals(names: true | readonly string[], close: () => Promise<void>): () => void {
  const { process } = globalThis as { process?: ProcessLike }
  if (typeof process?.on !== 'function') return () => undefined
  const stops = (names === true ? DEFAULT_SIGNALS : names).map((name) => {
    const listener = (): void => {
      void close().then(() => {
        // A listener had taken the place of the default action; with the last one gone, that has its turn.
        if (process.listenerCount(name) === 0) process.kill(process.pid, name)
      })
    }
    process.on(name, listener)
    return () => process.off(name, listener)
  })
  return () => {
    for (const stop of stops) stop()
  }
}
