import { describe, expect, it } from 'vitest'
import { WireLedger } from './books-ledger.js'
import { LogTruth, ReaderBook } from './books-logs.js'
import { broken } from './books-support.js'

const entry = (offset: number, re?: string) => ({
  offset,
  type: 'note',
  data: null,
  meta: { id: `m${offset}`, from: null, at: 0, ...(re === undefined ? {} : { re }) },
  audience: offset === 2 ? { exceptSessions: ['mine'] } : null,
})

describe('the book of logs', () => {
  const truth = (): LogTruth => {
    const book = new LogTruth(2)
    for (let offset = 1; offset <= 4; offset++) book.appended('room/red', 'e1', entry(offset))
    return book
  }
  const reader = (book: LogTruth, sessions: string[] = []): ReaderBook =>
    new ReaderBook('room/red', 'e1', 0, book, { sessions, device: 'mobile' })

  it('notices offsets that are left out or given twice, and a request that is answered twice', () => {
    expect(broken(() => truth().appended('room/red', 'e1', entry(6)))).toBe('I6')
    const replies = new LogTruth(2)
    replies.appended('replies/s', 'e1', entry(1, 'p.1'))
    expect(broken(() => replies.appended('replies/s', 'e1', entry(2, 'p.1')))).toBe('I10')
  })

  it('notices a hole, unless the entry is for others', () => {
    const reading = reader(truth())
    reading.message({ offset: 1, id: 'm1' })
    expect(broken(() => reading.message({ offset: 3, id: 'm3' }))).toBe('I5')
    const other = reader(truth(), ['mine'])
    other.message({ offset: 1, id: 'm1' })
    expect(broken(() => other.message({ offset: 3, id: 'm3' }))).toBe('none')
  })

  it('notices another entry, a gap out of place, and one that names what is still held', () => {
    expect(broken(() => reader(truth()).message({ offset: 1, id: 'm2' }))).toBe('I5')
    expect(broken(() => reader(truth()).gap({ from: 2, to: 2, epoch: 'e1', why: 'history' }))).toBe('I5')
    expect(broken(() => reader(truth()).gap({ from: 1, to: 2, epoch: 'e1', why: 'history' }))).toBe('none')
    expect(broken(() => reader(truth()).gap({ from: 1, to: 3, epoch: 'e1', why: 'history' }))).toBe('I5')
  })

  it('begins where the log was followed last, however often it was before anything came', () => {
    const again = (...starts: readonly number[]): ReaderBook => {
      const reading = reader(truth())
      for (const start of starts) reading.startsAgain('e1', start)
      return reading
    }
    expect(broken(() => again(0, 2).message({ offset: 3, id: 'm3' }))).toBe('none')
    expect(broken(() => again(0, 2).gap({ from: 3, to: null, epoch: 'e2', why: 'epoch' }))).toBe('none')
    expect(broken(() => again(0, 1).message({ offset: 3, id: 'm3' }))).toBe('I5')
    expect(broken(() => again(0, 1).gap({ from: 3, to: null, epoch: 'e2', why: 'epoch' }))).toBe('I5')
  })

  it('notices a reader that stops before the end', () => {
    expect(broken(() => reader(truth()).checkComplete())).toBe('I5')
  })
})

describe('the ledger of the wire', () => {
  it('notices an attach that is not raised, and a cursor that goes back', () => {
    const ledger = new WireLedger()
    ledger.raise('producer p', 1)
    expect(broken(() => ledger.raise('producer p', 1))).toBe('I9')
    ledger.cursor('ada1', 'all', { epoch: 'e1', offset: 5 })
    expect(broken(() => ledger.cursor('ada1', 'all', { epoch: 'e1', offset: 4 }))).toBe('I8')
    expect(broken(() => ledger.cursor('ada1', 'all', { epoch: 'e2', offset: 0 }))).toBe('none')
  })
})
