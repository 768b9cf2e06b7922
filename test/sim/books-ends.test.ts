import { describe, expect, it } from 'vitest'
import { checkEndsKnown, EndBook } from './books-ends.js'
import { broken, page } from './books-support.js'

describe('the book of ends that storage has to hear of', () => {
  const stored = new Set(['p.1', 'p.2', 'q.1'])
  const isStored = (id: string): boolean => stored.has(id)

  it('finds what ended otherwise than as accepted and is still stored, before a number of the same producer', () => {
    const book = new EndBook()
    book.ended('p.1', 'accepted')
    book.ended('p.2', 'rejected')
    expect(book.stillStored('p', 3, isStored)).toBe('p.2')
    expect(book.stillStored('p', 2, isStored)).toBe(null)
    expect(book.stillStored('q', 2, isStored)).toBe(null)
  })

  it('finds it no more once it has gone off the disk', () => {
    const book = new EndBook()
    book.ended('p.2', 'cancelled')
    expect(book.stillStored('p', 3, () => false)).toBe(null)
    expect(book.stillStored('p', 3, isStored)).toBe(null)
  })

  it('finds it later where nothing behind it was asked for meanwhile', () => {
    const book = new EndBook()
    book.ended('p.2', 'dropped')
    expect(book.stillStored('p', 2, () => false)).toBe(null)
    expect(book.stillStored('p', 3, isStored)).toBe('p.2')
  })

  it('notices what is written behind one, of a page whose messages must be stored', () => {
    const endedAndStored = (_producer: string, seq: number): string | null => (seq > 2 ? 'p.2' : null)
    const durable = page({ mustBeStored: () => true, endedAndStored })
    expect(broken(() => checkEndsKnown(durable, 'p', 3))).toBe('I3')
    expect(broken(() => checkEndsKnown(durable, 'p', 2))).toBe('none')
    expect(broken(() => checkEndsKnown(page({ endedAndStored }), 'p', 3))).toBe('none')
  })
})
