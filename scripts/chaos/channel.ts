/**
 * Questions from the supervisor of a chaos run to its processes.
 *
 * Owns: matching answers to questions over a process's message channel; the end of a process that has lost its parent.
 */
import type { ChildProcess } from 'node:child_process'

interface Question {
  readonly question: number
  readonly name: string
  readonly args: readonly unknown[]
}
interface Answer {
  readonly answer: number
  readonly value?: unknown
  readonly error?: string
}

export type Answers = Readonly<Record<string, (...args: never[]) => unknown>>

/** In a process of the run: answers what its parent asks. */
export function answerQuestions(answers: Answers): void {
  const handle = async ({ question, name, args }: Question): Promise<void> => {
    try {
      const value = await answers[name]?.(...(args as never[]))
      if (process.connected) process.send?.({ answer: question, value })
    } catch (error) {
      process.send?.({ answer: question, error: String(error) })
    }
  }
  process.on('message', (question: Question) => void handle(question))
  process.on('disconnect', exit)
  // Ctrl-C reaches the whole group; the parent decides.
  process.on('SIGINT', () => undefined)
}

function exit(): void {
  process.exit()
}

/**
 * In a process of the run: nothing is left to do. It does not exit: a timer or socket that was left behind keeps the process,
 * and its parent notices.
 */
export function leaveChannel(): void {
  process.off('disconnect', exit)
  process.disconnect()
}

/** In the parent: asks a process. A process that ends owes no answers: they reject. */
export class Channel {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  #asked = 0

  constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', ({ answer, value, error }: Answer) => {
      const waiting = this.#waiting.get(answer)
      this.#waiting.delete(answer)
      if (error === undefined) waiting?.resolve(value)
      else waiting?.reject(new Error(error))
    })
    child.once('exit', () => {
      for (const waiting of this.#waiting.values()) waiting.reject(new Error('the process has ended'))
      this.#waiting.clear()
    })
  }

  /** The caller knows what the process answers. */
  ask(name: string, ...args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const question = ++this.#asked
      this.#waiting.set(question, { resolve, reject })
      this.#child.send({ question, name, args }, (error) => {
        if (error === null) return
        this.#waiting.delete(question)
        reject(error)
      })
    })
  }
}
