/** The demo as a stranger runs it, and proof that its bookkeeping can find fault. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BookReader, BookWriter } from '../../demo/book.js'
import { isPerfect, Ledger, quantile } from '../../demo/ledger.js'
import { parseOptions } from '../../demo/options.js'
import { exitStatus, type Result, table } from '../../demo/report.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Ended {
  readonly status: number | null
  readonly out: string
  readonly errors: string
}

/** Runs the demo, with Ctrl-C once it has said `until`. Resolves when it and the server that it started have ended. */
function runDemo(args: readonly string[], until: RegExp | null = null): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'demo/start.ts', ...args], { cwd: root })
  let out = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
    if (until?.test(out) === true) child.kill('SIGINT')
  })
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    // The server's process writes to the same pipes: they close when both are gone.
    child.on('close', (status) => resolve({ status, out, errors }))
  })
}

/** Directories of the demo that lie around. */
const booksLeft = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('surewire-demo-'))

/** The cells of the table's row that begins with `name`. */
function row(out: string, name: string): string[] {
  const line = out.split('\n').find((text) => text.trimStart().startsWith(name))
  return (line ?? '').trim().split(/ {2,}/)
}

describe('npm start', () => {
  it('breaks the connection, loses nothing, shows it in a table, and ends with status 0', async () => {
    const { status, out, errors } = await runDemo(['--once', '--seconds', '4', '--seed', '7'])
    expect(errors).toBe('')
    expect(out).toMatch(/connected/)
    // name, lane or room, sent, handled once, lost, duplicated, out of order
    expect(row(out, '↑ earthquakes').slice(0, 7)).toEqual([
      '↑ earthquakes',
      'lane high',
      '341',
      '341',
      '0',
      '0',
      '0',
    ])
    expect(row(out, '↑ flights').slice(2, 7)).toEqual(['4,000', '4,000', '0', '0', '0'])
    expect(row(out, '↓ flights').slice(2, 7)).toEqual(['4,000', '4,000', '0', '0', '0'])
    expect(row(out, '↑ requests').slice(1, 5)).toEqual(['80', '80', '0', '0'])
    expect(row(out, '↓ replies').slice(1, 5)).toEqual(['80', '80', '0', '0'])
    expect(Number(/broken (\d+) times/.exec(out)?.[1])).toBeGreaterThanOrEqual(4)
    expect(Number(/(\d+) reconnects\./.exec(out)?.[1])).toBeGreaterThanOrEqual(4)
    expect(out).toContain('Nothing lost, nothing duplicated, nothing out of order.')
    expect(status).toBe(0)
  })

  it('says what is wrong with an option, and ends with status 2', async () => {
    const { status, errors } = await runDemo(['--seconds', 'ten'])
    expect(errors).toContain("--seconds must be a whole number from 1 to 3600, not 'ten'")
    expect(status).toBe(2)
  })

  it.each([
    ['in the middle of the run', ['--once', '--seconds', '60'], / s {3}↑/, 130],
    ['while it serves the page', ['--page', '--port', '0'], /http:\/\//, 0],
  ] as const)('leaves nothing behind on Ctrl-C %s', async (_, args, until, wanted) => {
    const before = booksLeft()
    const { status, out, errors } = await runDemo(args, until)
    expect(booksLeft()).toEqual(before)
    expect(errors).toBe('')
    expect(out).not.toContain('handled once')
    expect(status).toBe(wanted)
  })
})

describe('a ledger', () => {
  const ledgerOf = (sent: number, handled: readonly number[]): Ledger => {
    const ledger = new Ledger()
    ledger.sentUpTo(sent)
    for (const index of handled) ledger.handle(index)
    return ledger
  }
  const perfect = { lost: 0, told: 0, waiting: 0, redelivered: 0, duplicated: 0, outOfOrder: 0 }

  it('finds no fault with records handled once and in order', () => {
    const tally = ledgerOf(3, [1, 2, 3]).tally(true)
    expect(tally).toEqual({ ...perfect, sent: 3, once: 3 })
    expect(isPerfect(tally)).toBe(true)
  })

  it('finds a record that was passed over', () => {
    expect(ledgerOf(3, [1, 3]).tally()).toMatchObject({ once: 2, lost: 1, outOfOrder: 0 })
  })

  it('takes what is missing at the end as waiting, until everything has ended', () => {
    const ledger = ledgerOf(3, [1])
    expect(ledger.tally()).toMatchObject({ waiting: 2, lost: 0 })
    expect(ledger.tally(true)).toMatchObject({ waiting: 0, lost: 2 })
  })

  it('finds a record handled twice, however late', () => {
    const tally = ledgerOf(3, [1, 2, 3, 1]).tally(true)
    expect(tally).toMatchObject({ once: 2, duplicated: 1, outOfOrder: 0 })
    expect(isPerfect(tally)).toBe(false)
  })

  it('finds records that changed places', () => {
    const tally = ledgerOf(3, [1, 3, 2]).tally(true)
    expect(tally).toMatchObject({ once: 3, lost: 0, outOfOrder: 1 })
    expect(isPerfect(tally)).toBe(false)
  })

  it('finds a record that nobody sent', () => {
    expect(ledgerOf(2, [1, 2, 3]).tally(true)).toMatchObject({ once: 2, duplicated: 1 })
  })

  it('tells a second run that was flagged from one that was not', () => {
    const ledger = ledgerOf(2, [1, 2])
    ledger.handle(2, true)
    expect(ledger.tally(true)).toEqual({ ...perfect, sent: 2, once: 1, redelivered: 1 })
    ledger.handle(2)
    expect(ledger.tally(true)).toMatchObject({ redelivered: 0, duplicated: 1 })
  })

  it('tells what was announced as missing from what is lost', () => {
    const ledger = ledgerOf(6, [1])
    ledger.tell(2)
    ledger.handle(5)
    expect(ledger.tally(true)).toMatchObject({ once: 2, told: 2, lost: 2 })
    ledger.tell()
    expect(ledger.tally(true)).toMatchObject({ told: 3, lost: 1 })
  })

  it('does not let an announcement without a loss excuse a later loss', () => {
    const ledger = ledgerOf(4, [1])
    ledger.tell()
    for (const index of [2, 4]) ledger.handle(index)
    expect(ledger.tally(true)).toMatchObject({ told: 0, lost: 1 })
  })

  it('keeps count over many records', () => {
    const ledger = new Ledger()
    for (let sent = 1; sent <= 100_000; sent++) ledger.handle(ledger.send())
    expect(ledger.tally(true)).toEqual({ ...perfect, sent: 100_000, once: 100_000 })
  })
})

describe('the report', () => {
  const resultOf = (handled: readonly number[], failures: readonly string[] = []): Result => {
    const ledger = new Ledger()
    ledger.sentUpTo(3)
    for (const index of handled) ledger.handle(index)
    return {
      seconds: 20,
      up: [{ name: 'flights', order: 'lane low', tally: ledger.tally(true), latencies: [1, 2, 3, 400] }],
      down: [],
      reconnects: 5,
      faults: { resets: 4, cuts: 1, halfCloses: 0, stalls: 1 },
      failures,
    }
  }

  it.each([
    ['in order', [1, 2, 3], 0],
    ['a loss', [1, 3], 1],
    ['a duplicate', [1, 2, 2, 3], 1],
    ['a wrong order', [2, 1, 3], 1],
  ] as const)('ends with the right status for %s', (_, handled, status) => {
    expect(exitStatus(resultOf(handled))).toBe(status)
  })

  it('ends with status 1 when a message ended otherwise than accepted, and says how', () => {
    const result = resultOf([1, 2, 3], ['a message of flights ended as dropped: the queue is full'])
    expect(exitStatus(result)).toBe(1)
    expect(table(result)).toContain('ended as dropped: the queue is full')
  })

  it('shows each fault in its own column', () => {
    expect(row(table(resultOf([3, 1, 1])), '↑ flights')).toEqual([
      '↑ flights',
      'lane low',
      '3',
      '1',
      '1',
      '1',
      '1',
      '3 ms',
      '400 ms',
    ])
  })

  it('takes quantiles of the samples', () => {
    expect(quantile([], 0.5)).toBeNull()
    expect(quantile([30, 10, 20], 0.5)).toBe(20)
    expect(quantile([30, 10, 20], 0.99)).toBe(30)
  })
})

describe('the book', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'book-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it('gives back what was written, once, also by a second writer', () => {
    const path = join(directory, 'book')
    const reader = new BookReader(path)
    new BookWriter(path).handled('flights', 1, false)
    expect(reader.read()).toEqual([{ what: 'handled', stream: 'flights', index: 1, again: false }])
    const second = new BookWriter(path)
    second.handled('flights', 1, true)
    second.published('stocks', 7)
    expect(reader.read()).toEqual([
      { what: 'handled', stream: 'flights', index: 1, again: true },
      { what: 'published', stream: 'stocks', index: 7 },
    ])
    expect(reader.read()).toEqual([])
    reader.close()
  })
})

describe('the options', () => {
  it('have a run of 20 s and the page after it by default', () => {
    expect(parseOptions([])).toMatchObject({ once: false, pageOnly: false, seconds: 20, port: null })
  })

  it('cannot ask for the page only and for none', () => {
    expect(() => parseOptions(['--once', '--page'])).toThrow('exclude each other')
  })
})
