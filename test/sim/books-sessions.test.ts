import { describe, expect, it } from 'vitest'
import { SessionBook } from './books-sessions.js'
import { broken } from './books-support.js'

const SESSION_MS = 1_000

describe('the book of sessions', () => {
  const asked = { offer: null, user: 'ada', device: {}, owner: 'o1', newId: 's', newKey: 'k' }
  const session = { id: 's', key: 'k', user: 'ada', attach: 0, owner: 'o1' }
  const book = (): SessionBook => {
    const sessions = new SessionBook(SESSION_MS)
    sessions.attached(asked, { record: session, resumed: false, why: null }, 0)
    return sessions
  }
  const again = { ...asked, offer: { id: 's', key: 'k', attach: 1 } }
  const denied = { record: { ...session, id: 't' }, resumed: false, why: 'unknown' }

  it('notices a session that another user resumes, with an old attach, or that is denied to its owner', () => {
    const resumed = { record: { ...session, attach: 1 }, resumed: true, why: null }
    expect(broken(() => book().attached({ ...again, user: 'ben' }, resumed, 1))).toBe('I9')
    const stale = { ...again, offer: { id: 's', key: 'k', attach: 0 } }
    expect(broken(() => book().attached(stale, resumed, 1))).toBe('I9')
    expect(broken(() => book().attached(again, denied, 1))).toBe('I5')
  })

  /** Detached at those times, and then attached, as it is answered. */
  const attachedAfter = (
    detached: readonly number[],
    now: number,
    answer: Parameters<SessionBook['attached']>[1],
  ): string => {
    const sessions = book()
    for (const time of detached) sessions.detached('s', 'o1', false, time)
    return broken(() => sessions.attached(again, answer, now))
  }
  const forgotten = (detached: readonly number[], now: number): string => attachedAfter(detached, now, denied)
  const resumed = (detached: readonly number[], now: number): string =>
    attachedAfter(detached, now, { record: { ...session, attach: 1 }, resumed: true, why: null })

  it('notices a session that is forgotten too early after it was detached', () => {
    expect(forgotten([10], 10 + SESSION_MS - 1)).toBe('I5')
    expect(forgotten([10], 10 + SESSION_MS)).toBe('none')
  })

  it('notices a session that is resumed when its time is over', () => {
    expect(resumed([10], 10 + SESSION_MS - 1)).toBe('none')
    expect(resumed([10], 10 + SESSION_MS)).toBe('I9')
  })

  it('counts from the last detach that found it, if it is told again because its answer was lost', () => {
    expect(forgotten([10, 500], 500 + SESSION_MS - 1)).toBe('I5')
    expect(forgotten([10, 500], 500 + SESSION_MS)).toBe('none')
    expect(resumed([10, 500], 500 + SESSION_MS - 1)).toBe('none')
    expect(resumed([10, 500], 500 + SESSION_MS)).toBe('I9')
  })

  it('lets no detach bring back a session that is over', () => {
    expect(forgotten([10, 80_000], 80_001)).toBe('none')
    expect(resumed([10, 80_000], 80_001)).toBe('I9')
    expect(resumed([10, 10 + SESSION_MS], 10 + SESSION_MS)).toBe('I9')
  })
})
