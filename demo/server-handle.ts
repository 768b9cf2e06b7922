/**
 * The demo's hold on its server's process.
 *
 * Owns: starting it, killing it, starting it again on the same port, and giving it orders.
 * Does not own: what the server does (server-process.ts).
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Order, Report } from './orders.js'

const PROGRAM = fileURLToPath(new URL('server-process.ts', import.meta.url))

export class ServerHandle {
  readonly #bookPath: string
  readonly #onReport: (report: Report) => void
  #child: ChildProcess | null = null
  #listens = false
  #port = 0

  private constructor(bookPath: string, onReport: (report: Report) => void) {
    this.#bookPath = bookPath
    this.#onReport = onReport
  }

  static async start(bookPath: string, onReport: (report: Report) => void): Promise<ServerHandle> {
    const handle = new ServerHandle(bookPath, onReport)
    await handle.start()
    return handle
  }

  get port(): number {
    return this.#port
  }

  /** Process id of the server, `null` while none listens. */
  get pid(): number | null {
    return this.#listens ? (this.#child?.pid ?? null) : null
  }

  /** Resolves once the server listens. */
  async start(): Promise<void> {
    const child = fork(PROGRAM, [this.#bookPath, String(this.#port)], { execArgv: ['--import', 'tsx'] })
    this.#child = child
    child.on('message', (report: Report) => this.#onReport(report))
    const ended = once(child, 'exit').then(([code, signal]) => {
      if (this.#child === child) this.#forget()
      throw new Error(`the demo's server ended before it listened (${code ?? signal})`)
    })
    const listening = new Promise<void>((resolve) => {
      child.on('message', (report: Report) => {
        if (report.report !== 'listening') return
        this.#port = report.port
        resolve()
      })
    })
    // Once it listens, an end of the process is nothing to throw about: somebody pressed the button.
    ended.catch(() => undefined)
    await Promise.race([listening, ended])
    this.#listens = this.#child === child
  }

  /** `kill -9`: no farewell, no chance to save anything. Resolves once the process is gone. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === null) return
    this.#forget()
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  /** A server that is not there does nothing, and gets its orders again when it is. */
  give(order: Order): void {
    if (this.#listens) this.#child?.send(order)
  }

  #forget(): void {
    this.#child = null
    this.#listens = false
  }
}
