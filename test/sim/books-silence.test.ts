import { describe, expect, it } from 'vitest'
import { SilenceBook } from './books-silence.js'
import { broken } from './books-support.js'

describe('the book of silence', () => {
  const live = (): SilenceBook => {
    const book = new SilenceBook('ada1')
    book.opened(2_000, 0)
    return book
  }

  it('notices a connection that is taken for live though nothing has arrived for long', () => {
    const book = live()
    expect(broken(() => book.check(true, 12_000))).toBe('none')
    expect(broken(() => book.check(true, 12_001))).toBe('I4')
    expect(broken(() => book.check(false, 12_001))).toBe('none')
  })

  it('counts from what arrived last, and from the end of a sleep', () => {
    const book = live()
    book.broken(90_000)
    expect(broken(() => book.check(true, 102_000))).toBe('none')
    expect(broken(() => book.check(true, 102_001))).toBe('I4')
  })

  it('waits for a timer that was set while they were coarse, whatever arrives meanwhile', () => {
    const book = live()
    book.coarse(1_000)
    book.broken(5_000)
    expect(broken(() => book.check(true, 73_000))).toBe('none')
    expect(broken(() => book.check(true, 73_001))).toBe('I4')
  })

  it('expects nothing of a server that does not ping', () => {
    const book = new SilenceBook('ada1')
    book.opened(0, 0)
    expect(broken(() => book.check(true, 900_000))).toBe('none')
  })
})
