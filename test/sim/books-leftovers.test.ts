import { describe, expect, it } from 'vitest'
import { checkLeftoversFirst } from './books-leftovers.js'
import { type Lane, LinkBook } from './books-link.js'
import { MessageBook } from './books-messages.js'
import { broken, message, page } from './books-support.js'

describe('the book of what another page left', () => {
  const state = { last: 1, held: 1, epoch: 'e1', refused: [] }
  const leftover = (over: Partial<Lane> = {}): Lane => ({
    offer: { id: 'p', key: 'k', kind: 'messages', attach: 2, floor: 0, written: 2, epoch: 'e1' },
    index: 0,
    state,
    ackSent: 0,
    ackArrived: 0,
    written: 0,
    told: new Set(),
    ackBefore: 0,
    ...over,
  })
  const owner = page({ name: 'ada2', mustBeStored: () => true })
  const written = (
    lane: Lane,
    policy: 'resend' | 'reject' = 'resend',
    of = owner,
    before: readonly string[] = [],
  ): string => {
    const messages = new MessageBook()
    const own = message('q.1')
    for (const epoch of before) own.written(epoch)
    messages.sent(own)
    messages.sent(message('p.2', policy))
    const link = new LinkBook(1, of)
    link.lanes.push(lane)
    return broken(() => checkLeftoversFirst(link, messages, 'q.1'))
  }

  it('notices something of the page’s own that is written before it was settled', () => {
    expect(written(leftover())).toBe('I2')
    expect(written(leftover({ state: undefined }))).toBe('I2')
    expect(written(leftover({ state: { ...state, epoch: 'e2' } }))).toBe('I2')
  })

  it('lets pass what had been written before it was taken over', () => {
    expect(written(leftover(), 'resend', owner, ['e1'])).toBe('none')
  })

  it('takes it for settled when it was acknowledged, refused, forgotten and not to be sent again, or is not stored', () => {
    expect(written(leftover({ ackArrived: 2 }))).toBe('none')
    expect(written(leftover({ told: new Set([2]) }))).toBe('none')
    expect(written(leftover({ state: null }))).toBe('none')
    expect(written(leftover({ state: { ...state, epoch: 'e2' } }), 'reject')).toBe('none')
    expect(written(leftover(), 'resend', { ...owner, isStored: () => false })).toBe('none')
    expect(written(leftover(), 'resend', { ...owner, name: 'ada1' })).toBe('none')
  })
})
