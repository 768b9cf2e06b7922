import { describe, expect, it } from 'vitest'
import type { Welcome } from '../../src/protocol/frames.js'
import { checkLeftoverOrder, checkLeftoversFirst } from './books-leftovers.js'
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

  describe('of several pages', () => {
    const held = { id: 'o', key: 'k', kind: 'messages', attach: 2, floor: 0, written: 2 } as const
    const ofTwo = page({
      name: 'ada2',
      mustBeStored: () => true,
      given: () => ['o', 'p'],
      storedOf: (producer) => (producer === 'o' ? ['o.1', 'o.2'] : ['p.2']),
    })
    const younger = (older: Partial<Lane> | null, of = ofTwo): string => {
      const link = new LinkBook(1, of)
      link.welcome = { user: { id: 'ada' } } as Welcome
      if (older !== null) link.lanes.push(leftover({ offer: held, ...older }))
      link.lanes.push(leftover({ index: 1 }))
      return broken(() => checkLeftoverOrder(link, 'p.2'))
    }

    it('notices what is written before something that storage has before it, attached or not', () => {
      expect(younger(null)).toBe('I2')
      expect(younger({ state: undefined })).toBe('I2')
      expect(younger({ written: 1 })).toBe('I2')
      expect(younger(null, { ...ofTwo, hasTold: (id) => id === 'o.1' })).toBe('I2')
    })

    it('lets pass what comes after it, or is without it', () => {
      expect(younger({ written: 2 })).toBe('none')
      expect(younger({ state: { ...state, held: 2 } })).toBe('none')
      expect(younger({ state: null })).toBe('none')
      expect(younger(null, { ...ofTwo, hasTold: () => true })).toBe('none')
      expect(younger(null, { ...ofTwo, storedUser: () => 'ben' })).toBe('none')
      expect(younger(null, { ...ofTwo, given: () => ['p', 'o'] })).toBe('none')
      expect(younger(null, { ...ofTwo, doubtful: true })).toBe('none')
    })
  })
})
