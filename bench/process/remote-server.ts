/** The server's process as the client's process sees it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Answer, Ask, CommandName, ServerCommands } from './commands.js'

type Ask1<Name extends CommandName> = Parameters<ServerCommands[Name]>[0]
type Answer1<Name extends CommandName> = Awaited<ReturnType<ServerCommands[Name]>>

export interface RemoteServer {
  ask<Name extends CommandName>(command: Name, options: Ask1<Name>): Promise<Answer1<Name>>
  /** Ends with the process, so that none of a run is left when the next begins. */
  stop(): Promise<void>
}

interface Waiter {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** Starts the process, not yet the server in it: that is the command `start`. */
export async function spawnServer(peer: string, flags: readonly string[]): Promise<RemoteServer> {
  const file = fileURLToPath(new URL('serve.js', import.meta.url))
  const child = spawn(process.execPath, [...flags, file, peer], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const waiters = new Map<number, Waiter>()
  let nextId = 1
  const ready = new Promise<unknown>((resolve, reject) => waiters.set(0, { resolve, reject }))
  child.on('message', (answer: Answer) => {
    const waiter = waiters.get(answer.id)
    waiters.delete(answer.id)
    if ('error' in answer) waiter?.reject(new Error(`the server of '${peer}': ${answer.error}`))
    else waiter?.resolve(answer.value)
  })
  child.on('exit', (code) => {
    for (const { reject } of waiters.values()) reject(new Error(`the server of '${peer}' ended with ${code}`))
  })
  await ready
  return {
    ask: (command, options) =>
      new Promise<never>((resolve, reject) => {
        const id = nextId++
        waiters.set(id, { resolve: (value) => resolve(value as never), reject })
        child.send({ id, command, options: options as never } satisfies Ask)
      }),
    stop: () => stop(child),
  }
}

/** Disconnecting lets it end by itself, so that a profile is written; it is killed if it does not. */
function stop(child: ChildProcess): Promise<void> {
  child.removeAllListeners('exit')
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    if (child.connected) child.disconnect()
    setTimeout(() => child.kill('SIGKILL'), 3_000).unref()
  })
}
