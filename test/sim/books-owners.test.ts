import { describe, expect, it } from 'vitest'
import type { Welcome } from '../../src/protocol/frames.js'
import { LinkBook } from './books-link.js'
import { checkOwner, checkRefused, ownerNow } from './books-owners.js'
import { broken, message, offer, page, producers, record, request } from './books-support.js'

/** A connection on which a WELCOME has arrived. */
function welcomed(user: string, doubtful = false): LinkBook {
  const link = new LinkBook(1, page({ doubtful }))
  link.welcome = { user: { id: user } } as Welcome
  link.welcomeArrived = true
  return link
}

describe('the book of owners', () => {
  it('notices what is written as another’s than its page was told to be', () => {
    const sent = message('p.1')
    sent.owner = 'ada'
    expect(broken(() => checkOwner(sent, welcomed('ada')))).toBe('none')
    expect(broken(() => checkOwner(sent, welcomed('ben')))).toBe('I9')
    expect(broken(() => checkOwner(sent, welcomed('ben', true)))).toBe('none')
  })

  it('takes the user of the first connection for what was sent before anybody was told', () => {
    const sent = message('p.1')
    checkOwner(sent, welcomed('anonymous:s1'))
    expect(broken(() => checkOwner(sent, welcomed('anonymous:s2')))).toBe('none')
    expect(broken(() => checkOwner(sent, welcomed('ben')))).toBe('I9')
  })

  it('says of nobody what is sent while the user may have changed', () => {
    expect(ownerNow(null, null)).toBeNull()
    expect(ownerNow('ada', null)).toBe('ada')
    expect(ownerNow('anonymous:s1', welcomed('anonymous:s2'))).toBe('anonymous')
    expect(ownerNow('ada', welcomed('ben'))).toBeNull()
  })

  it('notices a server that refuses what is its own user’s, and was not refused by the store', () => {
    const book = producers('user:ada')
    const refused = (attach: number, user?: string, as = 'ada'): string =>
      broken(() =>
        checkRefused({ ...offer, attach, ...(user === undefined ? {} : { user }) }, welcomed(as), book),
      )
    expect([refused(2), refused(2, 'ada'), refused(2, 'anonymous:s1', 'anonymous:s2')]).toEqual(
      Array.from({ length: 3 }, () => 'I9'),
    )
    expect([refused(2, 'ben'), refused(2, 'ada', 'anonymous:s1')]).toEqual(['none', 'none'])
    // A later attach was quicker.
    expect(refused(0, 'ada')).toBe('none')
    book.attached(
      { ...request, user: 'user:ben', offer: { ...offer, attach: 2 } },
      { ok: false, why: 'user' },
    )
    expect(refused(2, 'ben', 'ben')).toBe('none')
    expect(refused(3, 'ben', 'ben')).toBe('I9')
  })

  it('notices a server that attaches for one user what is offered as another’s', () => {
    const attached = (user: string, offered?: string): string =>
      broken(() => {
        const asked = {
          ...request,
          user,
          offer: { ...offer, attach: 2, ...(offered === undefined ? {} : { user: offered }) },
        }
        producers(user).attached(asked, { ok: true, record: { ...record, user, attach: 2 }, how: 'taken' })
      })
    expect(attached('user:ada')).toBe('none')
    expect(attached('user:ada', 'ada')).toBe('none')
    expect(attached('user:ada', 'ben')).toBe('I9')
    expect(attached('anonymous', 'anonymous:s1')).toBe('none')
    expect(attached('anonymous', 'ada')).toBe('I9')
  })
})
