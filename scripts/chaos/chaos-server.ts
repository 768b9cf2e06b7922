/**
 * The server of a chaos run as its supervisor sees it: one process after another on the same port.
 */
import path from 'node:path'
import { readJournal, type ServerLine } from './journal.js'
import type { ProcessStep } from './plan.js'
import { ProcessHandle } from './process-handle.js'
import type { ServerArguments } from './traffic.js'
import type { LifeJournal } from './verdict.js'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export class ChaosServer {
  readonly name = 'server'
  readonly handle: ProcessHandle
  #lives = 0

  constructor(
    program: string,
    readonly port: number,
    readonly users: readonly string[],
    readonly folder: string,
    readonly seed: bigint,
    crashed: (what: string) => void,
  ) {
    this.handle = new ProcessHandle(program, crashed)
  }

  async start(): Promise<void> {
    const life = this.#lives++
    const { port, users, seed } = this
    const options: ServerArguments = { port, users, seed: `${seed}${life}`, journal: this.#journal(life) }
    await this.handle.start([JSON.stringify(options)])
  }

  async restart(step: Exclude<ProcessStep, { what: 'stop' }>): Promise<void> {
    if (step.what === 'kill') await this.handle.kill()
    else {
      const { drainMs, retryAfterMs, spreadMs } = step
      await this.handle.end({ drainMs, retryAfterMs, spreadMs })
    }
    await sleep(step.awayMs)
    await this.start()
  }

  journals(): LifeJournal[] {
    return Array.from({ length: this.#lives }, (_, life) => ({
      lines: readJournal<ServerLine>(this.#journal(life)),
    }))
  }

  #journal(life: number): string {
    return path.join(this.folder, `server-${life}.jsonl`)
  }
}
