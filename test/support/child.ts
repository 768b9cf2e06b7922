/** Processes of our own TypeScript files, for tests that kill, stop or outlive them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Starts a TypeScript file of this repository with a channel for messages. `flags` are Node's own. */
export function startProcess(
  file: string,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): ChildProcess {
  return spawn(process.execPath, [...flags, '--import', 'tsx', file, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
}

/** The next message of a child for which `matches` holds. */
export function nextMessage<T>(child: ChildProcess, matches: (message: T) => boolean): Promise<T> {
  return new Promise((resolve, reject) => {
    const errors: string[] = []
    child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk.toString()))
    child.on('message', function listen(message) {
      if (!matches(message as T)) return
      child.off('message', listen)
      resolve(message as T)
    })
    child.once('exit', (code) => reject(new Error(`the process ended with ${code}: ${errors.join('')}`)))
  })
}

/** Resolves with the exit code once the process has ended, and with how long that took in ms. */
export function ended(child: ChildProcess): Promise<{ code: number | null; afterMs: number }> {
  const start = performance.now()
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve({ code, afterMs: performance.now() - start }))
  })
}
