import { describe, expect, it } from 'vitest'
import { DialBook } from './books-dials.js'
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

  it('excuses a wait after a jump of the clock until a timer ran, and none runs in a client that rests', () => {
    const found = (before: (jumped: DialBook) => void, lostAt: number): string => {
      const jumped = book()
      before(jumped)
      jumped.failed(lost, true, lostAt)
      return broken(() => jumped.dialed('reconnecting', lostAt + 8))
    }
    const awake = (jumped: DialBook): void => jumped.clockJumped(0)
    const restsAfter = (jumped: DialBook): void => {
      jumped.clockJumped(0)
      jumped.rests(1_000)
      jumped.dialed('connecting', 100_000)
    }
    const restsBefore = (jumped: DialBook): void => {
      jumped.rests(0)
      jumped.clockJumped(1_000)
      jumped.dialed('connecting', 100_000)
    }
    expect(found(awake, 89_000)).toBe('none')
    expect(found(awake, 90_000)).toBe('I11')
    for (const rests of [restsAfter, restsBefore]) {
      expect(found(rests, 102_000)).toBe('none')
      expect(found(rests, 190_000)).toBe('I11')
    }
  })

  it('excuses nothing in a client that came to rest after it had noticed', () => {
    const noticed = book()
    noticed.clockJumped(0)
    noticed.rests(90_000)
    noticed.dialed('connecting', 100_000)
    noticed.failed(lost, true, 102_000)
    expect(broken(() => noticed.dialed('reconnecting', 102_008))).toBe('I11')
  })
})
