import { describe, expect, it } from 'vitest'
import { MessageBook } from './books-messages.js'
import { broken, message, run } from './books-support.js'

describe('the book of messages', () => {
  it('notices a second run under one owner, in one epoch', () => {
    const sent = message('p.1')
    sent.ran(run())
    expect(broken(() => sent.ran(run({ redelivered: true })))).toBe('I1')
  })

  it('notices a second run that is not marked redelivered', () => {
    const sent = message('p.1')
    sent.ran(run())
    expect(broken(() => sent.ran(run({ owner: 'o2', redelivered: true })))).toBe('none')
    expect(broken(() => sent.ran(run({ owner: 'o3' })))).toBe('I1')
  })

  it("notices a run in a second epoch under onUnknown: 'reject', and of a request at all", () => {
    const rejecting = message('p.1', 'reject')
    rejecting.ran(run())
    expect(broken(() => rejecting.ran(run({ epoch: 'e2', owner: 'o2', redelivered: true })))).toBe('I1')
    const request = message('p.2', 'resend', 'request')
    request.ran(run())
    expect(broken(() => request.ran(run({ owner: 'o2', redelivered: true })))).toBe('I1')
    request.written('e1')
    expect(broken(() => request.written('e2'))).toBe('I1')
  })

  it('notices two ends, an end without a run, and a run of what was cancelled', () => {
    const sent = message('p.1')
    sent.settled('cancelled', null)
    expect(broken(() => sent.settled('accepted', null))).toBe('I4')
    expect(broken(() => sent.ran(run()))).toBe('I3')
    expect(broken(() => message('p.2').settled('accepted', null))).toBe('I3')
  })

  it('notices numbers that run out of turn, or side by side', () => {
    const book = new MessageBook()
    for (const id of ['p.1', 'p.2', 'p.3']) book.sent(message(id))
    const first = run()
    book.ran('p.2', first)
    expect(broken(() => book.ran('p.3', run()))).toBe('I2')
    first.ended = 'done'
    expect(broken(() => book.ran('p.1', run()))).toBe('I2')
  })

  it('notices numbers that are declared void while their message lives', () => {
    const book = new MessageBook()
    const sent = message('p.1')
    book.sent(sent)
    book.voided(sent, 'ada1', () => true)
    expect(broken(() => book.check())).toBe('I4')
    expect(broken(() => book.sent(message('p.1')))).toBe('I4')
  })
})
