import { describe, expect, it } from 'vitest'
import { CallbackBook } from './books-callbacks.js'

/** A listener that leaves inside the first call, of `depth` calls one within the other; then as many more calls as `after`. */
function leaving(depth: number, callsOfVisitor: number, after: number): CallbackBook {
  const book = new CallbackBook('ada1', () => undefined)
  const row = book.row('error')
  const visitor = row.visitor()
  for (let call = 0; call < depth; call++) row.first()
  row.visitorLeft()
  for (let call = 0; call < depth; call++) row.behind()
  for (let call = 0; call < callsOfVisitor; call++) visitor()
  for (let call = 0; call < after; call++) {
    row.first()
    row.behind()
    visitor()
  }
  return book
}

describe('the book of callbacks', () => {
  it('lets the calls under way reach a listener that leaves, also when one is within the other', () => {
    expect(() => leaving(1, 1, 0).check()).not.toThrow()
    expect(() => leaving(2, 2, 0).check()).not.toThrow()
  })

  it('notices a call that began after a listener had left', () => {
    expect(() => leaving(1, 2, 0).check()).toThrow(
      "a listener of 'error' was called after it had been taken out",
    )
    expect(() => leaving(1, 0, 1).check()).toThrow('after it had been taken out')
    expect(() => leaving(0, 0, 1).check()).toThrow('after it had been taken out')
  })

  it('notices an error that was thrown and nobody was told of, and one that is told otherwise than it was thrown', () => {
    const book = new CallbackBook('ada1', () => undefined)
    const error = book.thrown('handler')
    expect(() => book.check()).toThrow("'handler' threw, and nobody was told")
    expect(() => book.told('listener_failed', error, false)).toThrow(
      'handler threw, and listener_failed is told',
    )
    expect(() => book.told('handler_failed', error, true)).toThrow('of what nobody threw')
    book.told('handler_failed', error, false)
    expect(() => book.check()).not.toThrow()
    expect(() => book.told('handler_failed', error, false)).toThrow('of what nobody threw')
  })

  it('notices a listener behind another that missed a call', () => {
    const book = new CallbackBook('ada1', () => undefined)
    const row = book.row('open')
    row.first()
    expect(() => book.check()).toThrow("the listener behind one of 'open' missed 1 calls")
    row.behind()
    expect(() => book.check()).not.toThrow()
  })
})
