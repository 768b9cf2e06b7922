import { describe, expect, it } from 'vitest'
import { broken } from './books-support.js'
import { VolatileBook } from './books-volatiles.js'
import { payload } from './payload.js'

describe('the book of volatile messages', () => {
  const got = (tag: number) => ({ data: payload(tag, 0, false) })

  it('notices one that nobody sent, and one that comes to a page twice', () => {
    const book = new VolatileBook(() => undefined)
    expect(broken(() => book.got('ada1', got(1)))).toBe('volatile')
    book.sent(1)
    expect(broken(() => book.got('ada1', got(1)))).toBe('none')
    expect(broken(() => book.got('ben1', got(1)))).toBe('none')
    expect(broken(() => book.got('ada1', got(1)))).toBe('volatile')
  })
})
