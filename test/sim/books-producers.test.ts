import { describe, expect, it } from 'vitest'
import { broken, commit, offer, producers, record, request } from './books-support.js'

describe('the book of producers', () => {
  it('notices a commit by an old owner, and one that leaves numbers out', () => {
    expect(broken(() => producers().commit({ ...commit, owner: 'o0' }, { ok: true, offsets: [] }))).toBe('I9')
    expect(broken(() => producers().commit({ ...commit, from: 1, to: 2 }, { ok: true, offsets: [] }))).toBe(
      'I2',
    )
  })

  it('notices effects that are committed twice, and effects of what was refused', () => {
    const append = {
      log: 'all',
      type: 'note',
      data: null,
      meta: { id: 'p.1:1', from: null, at: 0 },
      audience: null,
    }
    const book = producers()
    book.commit({ ...commit, appends: [append] }, { ok: true, offsets: [1] })
    expect(
      broken(() => book.commit({ ...commit, from: 1, to: 2, appends: [append] }, { ok: true, offsets: [2] })),
    ).toBe('I1')
    const refused = { ...commit, refused: [[1, 'no', 'no']] as const, appends: [append] }
    expect(broken(() => producers().commit(refused, { ok: true, offsets: [1] }))).toBe('I3')
  })

  it('notices an attach that is not newer, of another user, or to a record that was there', () => {
    const later = { ...request, offer: { ...offer, attach: 2 } }
    expect(broken(() => producers().attached(request, { ok: true, record, how: 'taken' }))).toBe('I9')
    const other = { ...later, user: 'ben' }
    expect(broken(() => producers().attached(other, { ok: true, record, how: 'taken' }))).toBe('I9')
    expect(broken(() => producers().attached(later, { ok: true, record, how: 'created' }))).toBe('I1')
    expect(broken(() => producers().attached(later, { ok: false, why: 'stale' }))).toBe('I9')
    const moved = { ...record, last: 3 }
    expect(broken(() => producers().attached(later, { ok: true, record: moved, how: 'taken' }))).toBe('I8')
  })

  it('knows whose a producer was in an epoch that the store has forgotten, and whose it is', () => {
    const book = producers()
    book.lost()
    book.rebuilt()
    expect([book.userIn('p', 'e1'), book.userOf('p')]).toEqual(['ada', null])
    const anew = { ...record, epoch: 'e2', user: 'ben' }
    book.attached({ ...request, user: 'ben' }, { ok: true, record: anew, how: 'created' })
    expect([book.userIn('p', 'e1'), book.userIn('p', 'e2'), book.userOf('p')]).toEqual(['ada', 'ben', 'ben'])
    expect(book.userIn('p', 'e3')).toBeNull()
  })

  it('knows which requests of an epoch are open, whatever a store that lost its tail holds as begun again', () => {
    const book = producers()
    const begun = { ...commit, to: 2, begin: [1, 2].map((seq) => ({ seq, log: 'replies/s' })) }
    book.commit(begun, { ok: true, offsets: [] })
    expect([...book.begun('p', 'e1')]).toEqual([1, 2])
    const meta = { id: 'p.1:reply', from: null, at: 0, re: 'p.1', error: true }
    const reply = { log: 'replies/s', type: 'ask', data: { code: 'timeout' }, meta, audience: null }
    book.commit({ ...commit, from: 2, to: 2, end: [1], appends: [reply] }, { ok: true, offsets: [1] })
    expect([...book.begun('p', 'e1')]).toEqual([2])
    book.lost()
    const again = { ...record, epoch: 'e2' }
    book.attached({ ...request, newEpoch: 'e2' }, { ok: true, record: again, how: 'created' })
    book.commit({ ...begun, epoch: 'e2' }, { ok: true, offsets: [] })
    book.rebuilt()
    expect([[...book.begun('p', 'e1')], [...book.begun('p', 'e2')]]).toEqual([[2], [1, 2]])
  })
})
