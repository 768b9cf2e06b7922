/**
 * The server's book: a file with one line for each record that it published and each that a handler of its handled.
 *
 * Owns: writing lines and reading them back. A line is written before the handler returns and by the operating system
 * at once, so the book outlives a `kill -9` of its writer; what the server forgets with its memory, the book still knows.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'

export type Line =
  | { readonly what: 'handled'; readonly stream: string; readonly index: number; readonly again: boolean }
  | { readonly what: 'published'; readonly stream: string; readonly index: number }

export class BookWriter {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  handled(stream: string, index: number, again: boolean): void {
    writeSync(this.#file, `${again ? 'again' : 'handled'} ${index} ${stream}\n`)
  }

  published(stream: string, index: number): void {
    writeSync(this.#file, `published ${index} ${stream}\n`)
  }
}

/** Reads what was added since the last time. */
export class BookReader {
  readonly #file: number
  readonly #buffer = Buffer.alloc(64 * 1024)
  #position = 0
  #unfinished = ''

  constructor(path: string) {
    this.#file = openSync(path, 'a+')
  }

  read(): Line[] {
    const lines: Line[] = []
    for (;;) {
      const length = readSync(this.#file, this.#buffer, 0, this.#buffer.length, this.#position)
      if (length === 0) return lines
      this.#position += length
      const texts = (this.#unfinished + this.#buffer.toString('latin1', 0, length)).split('\n')
      this.#unfinished = texts.pop() ?? ''
      for (const text of texts) lines.push(parse(text))
    }
  }

  close(): void {
    closeSync(this.#file)
  }
}

function parse(text: string): Line {
  const [what = '', number = '', stream = ''] = text.split(' ')
  const index = Number(number)
  switch (what) {
    case 'handled':
    case 'again':
      return { what: 'handled', stream, index, again: what === 'again' }
    case 'published':
      return { what: 'published', stream, index }
    default:
      throw new Error(`the book holds a line that nobody writes: ${text}`)
  }
}
