import { describe, expect, it } from 'vitest'
import { DialBook } from './books-dials.js'
import { SessionBook } from './books-sessions.js'
import { broken } from './books-support.js'

describe('the book of dials', () => {
  const book = (): DialBook =>
    new DialBook('ada1', {
      initialDelayMs: 100,
      maxDelayMs: 1_000,
      factor: 2,
      jitter: 'none',
      stableAfterMs: 5_000,
    })
  const lost = { name: 'ConnectError', code: 'close_1006' }

  it('notices a dial of a closed client, after 44xx, after two refusals, and before AWAY is over', () => {
    expect(broken(() => book().dialed('closed', 0))).toBe('I11')
    const superseded = book()
    superseded.closed(4401, 'superseded', 0)
    expect(broken(() => superseded.dialed('reconnecting', 9_000))).toBe('I11')
    const refused = book()
    for (let time = 0; time < 2; time++) refused.failed({ name: 'AuthError', code: 'auth_refused' }, true, 0)
    expect(broken(() => refused.dialed('reconnecting', 9_000))).toBe('I11')
    const away = book()
    away.away(500)
    expect(broken(() => away.dialed('reconnecting', 499))).toBe('I11')
  })

  it('notices a wait that is too short or too long, and a backoff that begins again too early', () => {
    const early = book()
    early.failed(lost, true, 0)
    expect(broken(() => early.dialed('connecting', 90))).toBe('I11')
    const late = book()
    late.failed(lost, true, 0)
    expect(broken(() => late.dialed('connecting', 2_000))).toBe('I11')
    const unstable = book()
    unstable.failed(lost, true, 0)
    unstable.dialed('connecting', 100)
    unstable.opened(110)
    unstable.closed(1006, 'close_1006', 200)
    expect(broken(() => unstable.dialed('reconnecting', 300))).toBe('I11')
  })
})

describe('the book of sessions', () => {
  const asked = { offer: null, user: 'ada', device: {}, owner: 'o1', newId: 's', newKey: 'k' }
  const session = { id: 's', key: 'k', user: 'ada', attach: 0, owner: 'o1' }
  const book = (): SessionBook => {
    const sessions = new SessionBook(1_000)
    sessions.attached(asked, { record: session, resumed: false, why: null }, 0)
    return sessions
  }
  const again = { ...asked, offer: { id: 's', key: 'k', attach: 1 } }

  it('notices a session that another user resumes, with an old attach, or that is denied to its owner', () => {
    const resumed = { record: { ...session, attach: 1 }, resumed: true, why: null }
    expect(broken(() => book().attached({ ...again, user: 'ben' }, resumed, 1))).toBe('I9')
    const stale = { ...again, offer: { id: 's', key: 'k', attach: 0 } }
    expect(broken(() => book().attached(stale, resumed, 1))).toBe('I9')
    const denied = { record: { ...session, id: 't' }, resumed: false, why: 'unknown' }
    expect(broken(() => book().attached(again, denied, 1))).toBe('I5')
  })
})
