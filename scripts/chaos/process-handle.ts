/**
 * The supervisor's hold on one process of a run: start, kill, stop for a while, ask, and notice if it dies by itself.
 *
 * Does not own: what the process does, or when any of this happens (storm.ts, return.ts).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Channel } from './channel.js'

/** The end of what a process said last, for the report of a crash. */
const LAST_WORDS = 2_000

/** A process that was asked to end and is still there after this keeps something it should have let go of. */
const LONGEST_END_MS = 120_000

export class ProcessHandle {
  /** A program of JavaScript. */
  readonly #file: string
  readonly #crashed: (what: string) => void
  #running: { readonly child: ChildProcess; readonly channel: Channel } | null = null
  #said = ''

  /** `crashed` hears of every end that nobody here asked for. */
  constructor(file: string, crashed: (what: string) => void) {
    this.#file = file
    this.#crashed = crashed
    // A stopped process would not notice that its parent is gone, and stay for ever.
    process.once('exit', () => this.#running?.child.kill('SIGKILL'))
  }

  get pid(): number | null {
    return this.#running?.child.pid ?? null
  }

  /** Starts it; the first answer of the process says that it is ready, and is returned. */
  async start(args: readonly string[]): Promise<unknown> {
    const stdio = ['ignore', 'pipe', 'pipe', 'ipc'] as const
    const child = spawn(process.execPath, [this.#file, ...args], { stdio: [...stdio] })
    const channel = new Channel(child)
    this.#running = { child, channel }
    this.#said = ''
    const listen = (chunk: Buffer): void => {
      this.#said = (this.#said + chunk.toString()).slice(-LAST_WORDS)
    }
    child.stderr?.on('data', listen)
    child.stdout?.on('data', listen)
    child.once('exit', (code, signal) => {
      if (this.#running?.child !== child) return
      this.#running = null
      this.#crashed(`${this.#file} ended by itself with ${code ?? signal}: ${this.#said}`)
    })
    return channel.ask('ready')
  }

  /** Asks; `null` if the process is not there, or is gone before it answers. */
  async ask(name: string, ...args: unknown[]): Promise<unknown> {
    try {
      return (await this.#running?.channel.ask(name, ...args)) ?? null
    } catch (error) {
      if (this.#running === null) return null
      throw error
    }
  }

  /** SIGKILL: no farewell. Resolves once it is gone. */
  async kill(): Promise<void> {
    const child = this.#forget()
    if (child === null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  /** Asks it to end in order, and waits until it has. */
  async end(...args: unknown[]): Promise<void> {
    const running = this.#running
    const child = this.#forget()
    if (running === null || child === null) return
    const gone = once(child, 'exit')
    // It ends instead of answering.
    running.channel.ask('end', ...args).catch(() => undefined)
    const late = setTimeout(() => child.kill('SIGKILL'), LONGEST_END_MS)
    const [code] = (await gone) as [number | null]
    clearTimeout(late)
    if (code !== 0) this.#crashed(`${this.#file} ended with ${code} when asked to end: ${this.#said}`)
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#running?.child.kill(name)
  }

  #forget(): ChildProcess | null {
    const child = this.#running?.child ?? null
    this.#running = null
    return child
  }
}
