/**
 * What the processes of a chaos run write down: one file each, one line for each thing that happened.
 *
 * Owns: the kinds of lines, writing them so that SIGKILL takes none back, reading them. A line is in the file before what it
 * tells of can have had any consequence.
 * Does not own: what the lines prove (books.ts).
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { OutcomeState } from '../../src/index.js'

export type Policy = 'resend' | 'reject'

/** What a page of a client tells. `key` is the run's own name of a message or request. */
export type ClientLine =
  | { readonly what: 'opened'; readonly resumed: boolean }
  | {
      readonly what: 'sent'
      readonly id: string
      readonly key: string
      readonly type: string
      /** It may end without being handled: cancelled, replaced, expired. */
      readonly fragile: boolean
    }
  | { readonly what: 'stored'; readonly id: string }
  | { readonly what: 'settled'; readonly id: string; readonly outcome: OutcomeState }
  | { readonly what: 'asked'; readonly key: string }
  /** `right`, `wrong`, or the code of the error. */
  | { readonly what: 'answered'; readonly key: string; readonly how: string }
  | { readonly what: 'joined'; readonly log: string; readonly epoch: string; readonly offset: number }
  | { readonly what: 'left'; readonly log: string }
  | { readonly what: 'got'; readonly log: string; readonly offset: number | null; readonly id: string }
  | {
      readonly what: 'gap'
      readonly log: string
      readonly epoch: string
      readonly from: number
      readonly to: number | null
      readonly why: string
    }
  | { readonly what: 'error'; readonly message: string }

/** What a server process tells. */
export type ServerLine =
  | {
      readonly what: 'ran'
      readonly id: string
      readonly key: string
      readonly kind: 'message' | 'request'
      readonly redelivered: boolean
    }
  | {
      readonly what: 'appended'
      readonly log: string
      readonly epoch: string
      readonly offset: number
      readonly id: string
      readonly redelivered: boolean
    }

/** `at`: the machine's monotonic time in ms, the same clock for every process. */
export type Timed<Line> = Line & { readonly at: number }

export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6

export class Journal<Line extends object> {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  write(line: Line): void {
    writeSync(this.#file, `${JSON.stringify({ ...line, at: monotonicMs() })}\n`)
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** The lines of a file; one that was being written when its process was killed is no line. */
export function readJournal<Line extends object>(path: string): Timed<Line>[] {
  const text = readFileSync(path, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Timed<Line>)
}
